"""What a sweep will do, before anything runs: its arms and trials, their configuration and cost."""

from sweep.plan.arms import arm_name, arm_parameters, is_baseline, is_protected
from sweep.plan.trials import (
    PlannedTrial,
    make_trials,
    planned_trials,
    rungs,
    starting_order,
    trial_config,
)

__all__ = [
    "PlannedTrial",
    "arm_name",
    "arm_parameters",
    "is_baseline",
    "is_protected",
    "make_trials",
    "planned_trials",
    "rungs",
    "starting_order",
    "trial_config",
]
