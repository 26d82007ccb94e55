"""What a rule cost and what it lost in one order of arrival, and over many of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from sweep.simulation.loop import Outcome
from sweep.simulation.recording import Recording

_LEVEL = 0.95


@dataclass(frozen=True)
class Score:
    """Of one order of arrival."""

    cost: float
    """Share of the iterations of all trials to the end, 0..1."""
    regret: float
    """Final value of the best trial less the best one among those that finished, in points; where none did,
    less that of the leader of those that came furthest, whom one would have taken for it."""
    lost: bool
    """The best trial, and any as good, was not trained to the end."""
    seconds: float
    """On the clock; iterations where nothing tells how long one takes."""
    work_seconds: float
    """As `seconds`, added up over all trials."""


@dataclass(frozen=True)
class Mean:
    """A mean over orders of arrival, with its 95 % interval: how far other orders might have moved it."""

    value: float
    low: float
    high: float


def score(outcome: Outcome, recording: Recording, winner: str) -> Score:
    """Of all recorded trials, of which `winner` is the best."""
    curves, rungs, pace = recording.curves, recording.rungs, recording.seconds_per_iteration
    regret = curves[winner][-1] - max(_at_least(curves[one][-1]) for one in _kept(outcome, curves))
    return Score(
        cost=outcome.iterations / (len(curves) * rungs[-1]),
        regret=regret,
        lost=regret > 0 or not outcome.finished,
        seconds=outcome.seconds,
        work_seconds=math.fsum(
            rungs[count - 1] * pace.get(trial_id, 1.0) for trial_id, count in outcome.reached.items()
        ),
    )


def best_trial(curves: Mapping[str, Sequence[float]]) -> str | None:
    """The one with the highest final value; None if none is finite."""
    finals = {trial_id: values[-1] for trial_id, values in curves.items() if math.isfinite(values[-1])}
    return max(finals, key=lambda trial_id: finals[trial_id], default=None)


def mean_of(values: Sequence[float], *, exact: bool) -> Mean:
    """With Student's interval; `exact`: these are all there are, so that the mean has no error."""
    mean = math.fsum(values) / len(values)
    if exact or len(values) < 2:
        return Mean(mean, mean, mean)
    half = float(stats.t.ppf((1 + _LEVEL) / 2, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5)
    return Mean(mean, mean - half, mean + half)


def share_of(flags: Sequence[bool], *, exact: bool) -> Mean:
    """With Wilson's interval (1927), which does not vanish where all flags are equal."""
    count = sum(flags)
    if exact:
        share = count / len(flags)
        return Mean(share, share, share)
    found = stats.binomtest(count, len(flags))
    interval = found.proportion_ci(_LEVEL, method="wilson")
    return Mean(count / len(flags), float(interval.low), float(interval.high))


def _kept(outcome: Outcome, curves: Mapping[str, Sequence[float]]) -> Sequence[str]:
    """Those that finished; where none did, the best of those that came furthest is taken for the winner."""
    if outcome.finished:
        return outcome.finished
    furthest = max(outcome.reached.values())
    last = {one: curves[one][furthest - 1] for one, count in outcome.reached.items() if count == furthest}
    return [max(last, key=lambda one: _at_least(last[one]))]


def _at_least(value: float) -> float:
    """NaN, which counts as worst: no percentage is lower than 0."""
    return 0.0 if math.isnan(value) else value
