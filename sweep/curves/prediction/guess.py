"""The joint model's view of a final value and, from three points on, a power law's: one guess."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from sweep.curves.prediction.joint import JointModel
from sweep.curves.prediction.observed import Floats, Ints, Observed
from sweep.curves.prediction.pow3 import FEWEST_POINTS, pow3_final

_POW3_ALONE = 0.2
"""Weight of pow3 where nothing has finished; it falls with each finished trial. Not tuned: on recorded curves
weights up to 0.3 move the error by 1 %, and learned weights did no better on tasks left out."""


class Guess(NamedTuple):
    """A final value before its interval is calibrated."""

    expected: float
    sd: float
    """What the joint model thinks; the interval is this times a factor from past errors."""
    methods: Mapping[str, float]
    """Weights in `expected`."""


def guesses(model: JointModel, trials: Ints) -> tuple[list[Guess], Floats]:
    """The finals of unfinished trials, and the joint model's covariance of them (M, M)."""
    moments = model.finals(trials)
    finished = int(model.points.finished.sum())
    sds = np.sqrt(np.diag(moments.covariance))
    return [
        _blended(float(mean), float(sd), _own_curve(model.points, int(trial)), finished)
        for trial, mean, sd in zip(trials, moments.mean, sds, strict=True)
    ], moments.covariance


def guess_without(model: JointModel, trial: int, fraction: float) -> Guess | None:
    """A finished trial's final as guessed from its points up to `fraction`; None if it has none so early."""
    if not len(model.points.points_of(trial, fraction)):
        return None
    later = np.setdiff1d(model.points.points_of(trial), model.points.points_of(trial, fraction))
    moments = model.final_without(later)
    finished = int(model.points.finished.sum()) - 1
    own_curve = _own_curve(model.points, trial, fraction)
    return _blended(float(moments.mean[0]), float(np.sqrt(moments.covariance[0, 0])), own_curve, finished)


def _own_curve(points: Observed, trial: int, up_to: float = 1.0) -> float | None:
    own = points.points_of(trial, up_to)
    return pow3_final(points.fractions[own], points.values[own]) if len(own) >= FEWEST_POINTS else None


def _blended(joint: float, sd: float, own_curve: float | None, finished: int) -> Guess:
    if own_curve is None:
        return Guess(joint, sd, {"joint model": 1.0})
    weight = _POW3_ALONE / (1 + finished)
    return Guess((1 - weight) * joint + weight * own_curve, sd, {"joint model": 1 - weight, "pow3": weight})
