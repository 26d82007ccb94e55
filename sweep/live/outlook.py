"""What a running sweep has cost, and between what bounds it will end."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from sweep.ledger.state import SweepState, TrialState
from sweep.plan import is_protected
from sweep.plan.cost import number_of_trials
from sweep.results import rungs_of
from sweep.spec import Spec
from sweep.times.savings import savings

_OPEN = ("planned", "running", "interrupted", "paused")


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """The least: every trial that may be stopped is, at its next rung, and all run at the fastest pace seen,
    as many at once as may or ever did. The most: all are trained to the end, at the slowest, as many at once
    as do now. A retry, or a machine that goes, may add to either.
    """

    unit: str
    """`GPU-hours`, or `trial-hours` where trials use none."""
    spent: float
    saved: float | None
    left: tuple[float, float]
    seconds: tuple[float, float]
    """Until the end."""


def outlook(state: SweepState, spec: Spec) -> Outlook | None:
    """None while no trial has told how fast it is, and where nothing is left."""
    trials = list(state.own_trials.values())
    paces = [pace for trial in trials if (pace := _pace(trial)) is not None]
    left = list(_left(trials, rungs_of(state), spec))
    least, most = [one[0] for one in left], [one[1] for one in left]
    if not paces or not any(most):
        return None
    gpus = spec.resources.gpus_per_trial
    unit, per_second = ("GPU-hours", gpus / 3600) if gpus else ("trial-hours", 1 / 3600)
    running = sum(trial.status == "running" for trial in trials)
    few = running or spec.resources.concurrent_trials or 1
    many = max(few, spec.resources.concurrent_trials or _most_at_once(trials))
    fast, slow = min(paces), max(paces)
    saved = savings(state)
    return Outlook(
        unit=unit,
        spent=math.fsum(trial.seconds for trial in trials) * per_second,
        saved=saved.gpu_hours if gpus else saved.trial_hours,
        left=(math.fsum(least) * fast * per_second, math.fsum(most) * slow * per_second),
        seconds=(
            fast * max(math.fsum(least) / many, max(least)),
            slow * (math.fsum(most) / few + max(most) * (1 - 1 / few)),  # Graham 1966
        ),
    )


def _most_at_once(trials: Sequence[TrialState]) -> int:
    """That ever ran together, each from a start to the last word of that attempt."""
    turns: list[tuple[float, int]] = []
    for trial in trials:
        for start, until in zip(trial.starts, [*(s.time for s in trial.starts[1:]), _last_word(trial)]):
            turns += [(start.time, 1), (max(until, start.time), -1)]
    return max(accumulate(change for _, change in sorted(turns)), default=0)


def _last_word(trial: TrialState) -> float:
    told = [one.time for one in trial.reports.values()]
    return max([*told, *([trial.progress.time] if trial.progress else [])], default=0.0)


def _pace(trial: TrialState) -> float | None:
    """Seconds an iteration, with all that goes on beside: of the newest attempt, from its start."""
    if not trial.starts:
        return None
    start = trial.starts[-1]
    told = [(one.iteration, one.time) for one in trial.reports.values()]
    if trial.progress is not None:
        told.append((trial.progress.iteration, trial.progress.time))
    iteration, time = max((one for one in told if one[1] >= start.time), default=(0, 0.0))
    done = iteration - start.iteration
    return (time - start.time) / done if done > 0 else None


def _left(trials: Sequence[TrialState], rungs: Sequence[int], spec: Spec) -> Iterator[tuple[int, int]]:
    """Iterations that each trial will still take: at least, at most."""
    may_stop = spec.early_stopping.name != "none"
    for trial in trials:
        if trial.status not in _OPEN:
            continue
        most = rungs[-1] - trial.iteration
        if trial.waits:
            yield 0, most
        elif not may_stop or trial.spared or trial.continued or is_protected(spec, trial.planned.parameters):
            yield most, most
        else:
            next_rung = next(rung for rung in (*rungs, rungs[-1] + 1) if rung > trial.iteration)
            yield next_rung - trial.iteration, most
    for _ in range(number_of_trials(spec) - len(trials)):  # that are yet to be proposed
        yield rungs[0] if may_stop else rungs[-1], rungs[-1]
