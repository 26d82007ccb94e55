"""What stopping trials early saved."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sweep.ledger.events import STOPPED_BY_HAND, TrialEnded
from sweep.ledger.state import SweepState, TrialState
from sweep.results import comparable, rungs_of


@dataclass(frozen=True, kw_only=True)
class Savings:
    """By trials that a rule stopped, against training all trials to the end."""

    trials: int
    """Stopped by a rule; not those that somebody stopped by hand."""
    iterations: int
    share: float
    """Of the iterations that all trials to the end would take, controls too; 0..1."""
    trial_hours: float | None
    """Of training and validating, at each trial's own pace; None where one is not known."""
    gpu_hours: float | None
    """None where trials use no GPU, too."""
    waiting: int
    """Paused trials: what they save is not counted, since they may go on."""


def savings(state: SweepState) -> Savings:
    """Of what is known now; controls and imported trials that are kept apart were not searched."""
    searched = list(comparable(state).trials.values())
    stopped = [trial for trial in searched if was_stopped_by_rule(trial)]
    length = rungs_of(state)[-1]
    left = {trial.trial_id: length - trial.iteration for trial in stopped}
    paces = [trial.seconds / trial.iteration for trial in stopped if trial.seconds > 0 and trial.iteration]
    hours = None
    if len(paces) == len(stopped):
        hours = math.fsum(p * n for p, n in zip(paces, left.values(), strict=True)) / 3600
    resources = state.created.spec.get("resources", {})  # an imported file does not say
    gpus = float(resources.get("gpus_per_trial", 0.0))
    iterations = sum(left.values())
    return Savings(
        trials=len(stopped),
        iterations=iterations,
        share=iterations / (length * len(state.trials)) if state.trials else 0.0,
        trial_hours=hours,
        gpu_hours=None if hours is None or not gpus else hours * gpus,
        waiting=sum(trial.waits for trial in searched),
    )


def was_stopped_by_rule(trial: TrialState) -> bool:
    """Whether a rule ended it, and nobody by hand."""
    return trial.ended is not None and is_by_rule(trial.ended, trial)


def is_by_rule(ended: TrialEnded, trial: TrialState) -> bool:
    """Whether a rule ended the trial so, as was judged where it ended."""
    if ended.outcome != "stopped" or ended.reason.startswith(STOPPED_BY_HAND):  # maybe while it was paused
        return False
    judged = trial.judged.get(ended.iteration)
    return judged is not None and judged.decision != "continue"
