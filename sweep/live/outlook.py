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
from sweep.times.pace import Pace, pace_of
from sweep.times.savings import savings

_OPEN = ("planned", "running", "interrupted", "paused")


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """The least: every trial that may be stopped is, at its next rung, and all run at the fastest pace seen,
    as many at once as may or ever did. The most: all are trained to the end, at the slowest pace of those
    that have come far, as many at once as do now. A retry, or a machine that goes, may add to either.
    """

    unit: str
    """`GPU-hours`, or `trial-hours` where trials use none."""
    spent: float
    budget: float | None
    """Of the spent ones; None without one, and where the unit is `trial-hours`, which no budget counts."""
    saved: float | None
    left: tuple[float, float]
    seconds: tuple[float, float]
    """Until the end."""


def outlook(state: SweepState, spec: Spec) -> Outlook | None:
    """None while no trial has told how fast it is, and where nothing is left."""
    trials = list(state.own_trials.values())
    paces = {trial.trial_id: pace for trial in trials if (pace := pace_of(trial)) is not None}
    left = list(_left(trials, rungs_of(state), spec))
    if not paces or not any(most for _, most, _ in left):
        return None
    quick, late = _bounds(list(paces.values()))
    least = [quick.seconds(done, starts=not at_work) for done, _, at_work in left]
    most = [late.seconds(done, starts=at_work not in paces) for _, done, at_work in left]
    gpus = spec.resources.gpus_per_trial
    unit, per_second = ("GPU-hours", gpus / 3600) if gpus else ("trial-hours", 1 / 3600)
    running = sum(trial.status == "running" for trial in trials)
    few = running or spec.resources.concurrent_trials or 1
    many = max(few, spec.resources.concurrent_trials or _ever_at_once(trials))
    saved = savings(state)
    return Outlook(
        unit=unit,
        spent=math.fsum(trial.seconds for trial in trials) * per_second,
        budget=spec.budget.gpu_hours if gpus else None,
        saved=saved.gpu_hours if gpus else saved.trial_hours,
        left=(math.fsum(least) * per_second, math.fsum(most) * per_second),
        seconds=(
            max(math.fsum(least) / many, max(least)),
            math.fsum(most) / few + max(most) * (1 - 1 / few),  # Graham 1966
        ),
    )


@dataclass(frozen=True)
class _Bound:
    """Of what a trial takes."""

    starting: float
    per_iteration: float

    def seconds(self, iterations: int, *, starts: bool) -> float:
        """For so many iterations, before which its process must start or not."""
        return iterations * self.per_iteration + (self.starting if starts and iterations else 0.0)


def _bounds(paces: Sequence[Pace]) -> tuple[_Bound, _Bound]:
    """The late one by trials that have come far: who has just begun counts its start as its pace."""
    furthest = max(pace.iterations for pace in paces)
    far = [pace for pace in paces if 2 * pace.iterations >= furthest]
    starting = [pace.starting for pace in paces]
    return (
        _Bound(min(starting), min(pace.quick for pace in paces)),
        _Bound(max(starting), max(pace.slow for pace in far)),
    )


def _ever_at_once(trials: Sequence[TrialState]) -> int:
    """That ever ran together, each from a start to the last word of that attempt."""
    turns = [turn for trial in trials for begin, end in _attempts(trial) for turn in ((begin, 1), (end, -1))]
    return max(accumulate(change for _, change in sorted(turns)), default=0)


def _attempts(trial: TrialState) -> Iterator[tuple[float, float]]:
    told = [word.time for word in (*trial.progress_history.values(), *trial.reports.values())]
    starts = [start.time for start in trial.starts]
    for begin, following in zip(starts, [*starts[1:], math.inf]):
        yield begin, max((time for time in told if begin <= time < following), default=begin)


def _left(trials: Sequence[TrialState], rungs: Sequence[int], spec: Spec) -> Iterator[tuple[int, int, str]]:
    """Iterations that each trial will still take, at least and at most; and its id if it runs."""
    may_stop = spec.early_stopping.name != "none"
    for trial in trials:
        if trial.status not in _OPEN:
            continue
        most, at_work = rungs[-1] - trial.iteration, trial.trial_id if trial.status == "running" else ""
        if trial.waits:
            yield 0, most, at_work
        elif not may_stop or trial.spared or trial.continued or is_protected(spec, trial.planned.parameters):
            yield most, most, at_work
        else:
            next_rung = next(rung for rung in (*rungs, rungs[-1] + 1) if rung > trial.iteration)
            yield next_rung - trial.iteration, most, at_work
    for _ in range(number_of_trials(spec) - len(trials)):  # that are yet to be proposed
        yield rungs[0] if may_stop else rungs[-1], rungs[-1], ""
