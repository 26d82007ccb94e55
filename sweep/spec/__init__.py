"""The YAML file of a sweep, and everything that can be wrong with it."""

from sweep.spec.sections import (
    BudgetConfig,
    EarlyStoppingConfig,
    ParameterConfig,
    Point,
    ResourcesConfig,
    SearchConfig,
    Spec,
    StorageConfig,
    TrackingConfig,
)

__all__ = [
    "BudgetConfig",
    "EarlyStoppingConfig",
    "ParameterConfig",
    "Point",
    "ResourcesConfig",
    "SearchConfig",
    "Spec",
    "StorageConfig",
    "TrackingConfig",
]
