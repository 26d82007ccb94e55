"""What a sweep will do, before anything runs: its arms and trials, their configuration and cost."""

from sweep.plan.arms import arm_name, arm_parameters, is_baseline, is_protected
from sweep.plan.controls import control_arms, is_control
from sweep.plan.cost import Cost, estimate_cost
from sweep.plan.draw import shortened
from sweep.plan.identity import protocol_id, regime_id
from sweep.plan.mixtures import MixtureRow, mixtures
from sweep.plan.smoke import smoke_spec
from sweep.plan.text import plan_text
from sweep.plan.trials import (
    PlannedTrial,
    make_trials,
    planned_trials,
    rungs,
    starting_order,
    trial_config,
)

__all__ = [
    "Cost",
    "MixtureRow",
    "PlannedTrial",
    "arm_name",
    "arm_parameters",
    "control_arms",
    "estimate_cost",
    "is_baseline",
    "is_control",
    "is_protected",
    "make_trials",
    "mixtures",
    "plan_text",
    "planned_trials",
    "protocol_id",
    "regime_id",
    "rungs",
    "shortened",
    "smoke_spec",
    "starting_order",
    "trial_config",
]
