"""What a smoke run tells of the pace of the real one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sweep.ledger.state import SweepState

_SETS_THE_PACE = ("trainable", "data", "model", "training")
_OF_RESOURCES = ("gpus_per_trial", "cpus_per_trial")


def trained_otherwise(state: SweepState, spec: Mapping[str, Any]) -> list[str]:
    """Keys that decide how fast a trial is, and were others in the smoke run than in `spec`."""
    then = state.created.spec
    sections = [key for key in _SETS_THE_PACE if then.get(key) != spec[key]]
    old, new = then["resources"], spec["resources"]
    return sections + [f"resources.{key}" for key in _OF_RESOURCES if old.get(key) != new[key]]


def rehearsed_pace(state: SweepState, iterations: int, validations: int) -> float | None:
    """Seconds an iteration, validation included, of a training so long; None if no trial has told.

    Of all trials that a smoke run trained, by what training, waiting for data and validating took. Its few
    iterations are the first ones, which are the slowest: rather too much than too little.

    Args:
        state: of the smoke run.
        iterations: of a trial of the real one.
        validations: of such a trial.
    """
    training = validation = 0.0
    trained = validated = 0
    for trial in state.own_trials.values():
        if not trial.reports:
            continue
        last = max(trial.reports)
        spent = trial.reports[last].spent
        training += math.fsum(spent.get(kind, 0.0) for kind in ("training", "data"))
        validation += spent.get("validation", 0.0)
        trained, validated = trained + last, validated + len(trial.reports)
    if not training or not trained:
        return None
    return training / trained + validation / validated * validations / iterations
