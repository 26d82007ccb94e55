"""What a smoke run tells of the pace of the real one."""

from __future__ import annotations

import math

from sweep.ledger.state import SweepState


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
