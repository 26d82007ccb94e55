"""A sweep in a line, in rich's markup."""

from __future__ import annotations

import math

from rich.markup import escape

from sweep.ledger.state import SweepState, TrialState
from sweep.overview import latest_value, trial_counts
from sweep.results import comparable

_MOST_NAMED = 4  # paused trials; a line of 80 characters has room for them


def summary(state: SweepState, metric: str) -> str:
    """How many trials are where, and the best so far at the furthest iteration that any has reached."""
    best = best_so_far(state, metric)
    return f"{len(state.trials)} trials: {trial_counts(state)}" + (f"; {best}" if best else "")


def paused_trials(state: SweepState, metric: str) -> str | None:
    """Those that wait, the best of the furthest first, a few of them named; None if none does."""
    waiting = [trial for trial in state.trials.values() if trial.waits]
    waiting.sort(
        key=lambda trial: (trial.iteration, trial.reports[max(trial.reports)].metrics.get(metric, -math.inf))
    )
    named = [f"{trial.trial_id} {latest_value(trial, metric)}" for trial in waiting[::-1][:_MOST_NAMED]]
    more = [f"{len(waiting) - _MOST_NAMED} more"] if len(waiting) > _MOST_NAMED else []
    return f"paused: {', '.join(named + more)}" if named else None


def best_so_far(state: SweepState, metric: str) -> str | None:
    """The best trial among those measured at the same, furthest iteration; None before any report."""
    state = comparable(state)
    iterations = {iteration for trial in state.trials.values() for iteration in trial.reports}
    if not iterations:
        return None
    furthest = max(iterations)
    values = {
        trial_id: value
        for trial_id, value in state.values_at(furthest, metric).items()
        if value == value  # not NaN
    }
    if not values:
        return None
    best = max(values, key=lambda trial_id: values[trial_id])
    return f"best of {len(values)} at {furthest}: {name_of(state.trials[best])} with {values[best]:.2f}"


def name_of(trial: TrialState) -> str:
    """As `t003 real_ratio=0.125 seed=1`."""
    return f"{trial.planned.trial_id} {escape(trial.planned.arm)} seed={trial.planned.seed}"
