"""The YAML file of a sweep, and everything that can be wrong with it.

To add a key: `sections.py` (or `trainables.contract` for data, model and training) and docs/spec.md.
To add a check: `section_faults.py` (within a section), `parameter_faults.py` (searched values),
`search_faults.py` (method and points), `stopping_faults.py`, `control_faults.py`, `on_disk.py` and
`pair_faults.py` (files); `check.py` calls them.
`document.py` reads YAML with lines, `overrides.py` is `--set`, `wording.py` finds the words.
"""

from sweep.spec.load import LoadedSpec, load_spec, spec_from_dict, spec_of_resume
from sweep.spec.on_disk import check_data
from sweep.spec.sections import (
    BudgetConfig,
    EarlyStoppingConfig,
    NotifyConfig,
    ParameterConfig,
    Point,
    ReplaySection,
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
    "NotifyConfig",
    "ParameterConfig",
    "Point",
    "ReplaySection",
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
