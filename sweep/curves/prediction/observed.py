"""A setting's measurements as arrays, and the axes on which the joint model sees them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sweep.curves.trials import Setting

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_OFFSET = 0.05  # of log(real_ratio + c): below 0.05 of real images places lie close together
_EARLIEST = 0.02  # of the budget; what comes before is seen as if it were measured there
_STEEPNESS = 0.8
"""A mean gain to the end goes like s^-0.8 - 1 on the recorded curves (0.5 and 1.0 do about as well)."""


@dataclass(frozen=True)
class Observed:
    """Finite values at rungs, point by point."""

    values: Floats
    """(points,) In percent."""
    trials: Ints
    """(points,) Index of the trial, 0..trials-1."""
    fractions: Floats
    """(points,) Iteration / final iteration, in (0, 1]."""
    places: Floats
    """(trials,) Where the trial's real_ratio lies on the log axis, 0..1."""

    @property
    def finished(self) -> NDArray[np.bool_]:
        """(trials,) Whether the trial was measured at the end."""
        finished = np.zeros(len(self.places), dtype=bool)
        finished[self.trials[self.fractions == 1.0]] = True
        return finished

    def points_of(self, trial: int, up_to: float = 1.0) -> Ints:
        """Indices of a trial's points at or before the fraction `up_to`, in the order of the rungs."""
        return np.flatnonzero((self.trials == trial) & (self.fractions <= up_to))

    def without(self, points: Ints) -> Observed:
        """The same without some points."""
        kept = np.delete(np.arange(len(self.values)), points)
        return Observed(self.values[kept], self.trials[kept], self.fractions[kept], self.places)


def observed(setting: Setting) -> Observed:
    """The finite values of `setting` at its rungs, in the order of trials and rungs."""
    points = [
        (trial.values[rung], index, rung / setting.final)
        for index, trial in enumerate(setting.trials)
        for rung in setting.rungs
        if rung in trial.values and np.isfinite(trial.values[rung])
    ]
    values, trials, fractions = zip(*points, strict=True) if points else ((), (), ())
    return Observed(
        np.array(values, dtype=float),
        np.array(trials, dtype=np.int64),
        np.array(fractions, dtype=float),
        place(np.array([trial.real_ratio for trial in setting.trials], dtype=float)),
    )


def place(real_ratio: Floats) -> Floats:
    """0..1 on the axis log(real_ratio + 0.05), where 0.05 to 0.1 is as far as 0.5 to 0.75."""
    return np.asarray(np.log1p(real_ratio / _OFFSET) / np.log1p(1 / _OFFSET))


def to_go(fraction: Floats) -> Floats:
    """How much of a curve's rise is still to come: 1 at 20 % of the budget, 0 at its end."""
    early = np.maximum(fraction, _EARLIEST) ** -_STEEPNESS
    return np.asarray((early - 1) / (0.2**-_STEEPNESS - 1))
