"""The YAML file of a sweep, and everything that can be wrong with it."""

from sweep.spec.load import LoadedSpec, load_spec, spec_from_dict, spec_of_resume
from sweep.spec.on_disk import check_data
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
    "LoadedSpec",
    "ParameterConfig",
    "Point",
    "ResourcesConfig",
    "SearchConfig",
    "Spec",
    "StorageConfig",
    "TrackingConfig",
    "check_data",
    "load_spec",
    "spec_from_dict",
    "spec_of_resume",
]
