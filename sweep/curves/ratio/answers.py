"""What is asked of a curve over real_ratio, each answer with its 90 % interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sweep.curves.ratio.fit import RatioCurve

LEVEL = 0.9

_QUANTILES = [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2]


@dataclass(frozen=True)
class Estimate:
    """An expected value, which is the median, and its 90 % interval.

    Not the mean: few seeds leave tails so heavy that they have none.
    """

    expected: float
    lower: float
    upper: float


@dataclass(frozen=True, kw_only=True)
class PredictedValue:
    """What one training at a share of real images would end with, in percent."""

    real_ratio: float
    optimistic: float
    expected: float
    pessimistic: float
    """A new training lies between pessimistic and optimistic in 9 of 10 cases, its own noise included."""
    extrapolated: bool
    """Outside the shares of real images that were run."""
    provenance: Literal["predicted"] = "predicted"


def band(curve: RatioCurve) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lower end, median and upper end (m,) of the curve's pointwise 90 % band on its grid."""
    lower, middle, upper = np.clip(np.quantile(curve.draws, _QUANTILES, axis=0), 0, 100)
    return lower, middle, upper


def value_at(curve: RatioCurve, real_ratio: float) -> PredictedValue:
    """A prediction for one training at this share, whether it was run or not. 0 <= real_ratio <= 1."""
    draws = curve.at(real_ratio)
    random = np.random.default_rng(17)
    noise = random.standard_t(curve.noise.degrees_of_freedom, len(draws)) * curve.noise.sd
    values = _estimate(draws + noise)
    return PredictedValue(
        real_ratio=real_ratio,
        optimistic=_percent(values.upper),
        expected=_percent(float(np.median(draws))),
        pessimistic=_percent(values.lower),
        extrapolated=not curve.observations.span(np.array(real_ratio)),
    )


def _percent(value: float) -> float:
    return min(max(value, 0.0), 100.0)


def slope(curve: RatioCurve, low: float, high: float) -> Estimate:
    """Mean slope between two shares, in points of percent for each 0.1 of real_ratio."""
    if not 0 <= low < high <= 1:
        raise ValueError(f"the interval is {low} to {high}; it must lie in 0..1 and rise")
    return _estimate((curve.at(high) - curve.at(low)) / (high - low) / 10)


def change(curve: RatioCurve, low: float, high: float) -> Estimate:
    """The curve at `high` less that at `low`, in points of percent."""
    return _estimate(curve.at(high) - curve.at(low))


def best_real_ratio(curve: RatioCurve) -> Estimate:
    """Where the curve is highest, among the shares between those that were run.

    A curve without slope has its best anywhere.
    """
    grid, draws = _inside(curve)
    best = grid[draws.argmax(axis=1)]
    flat = np.ptp(draws, axis=1) < 1e-9
    best[flat] = np.linspace(grid[0], grid[-1], int(flat.sum())).round(3)
    return _place(best)


def smallest_real_ratio(curve: RatioCurve, loss: float) -> Estimate | None:
    """The smallest share of real images from which on the curve stays within `loss` of all-real.

    `loss` in points of percent, above 0. The lowest share that was run is the least that can be answered;
    None where all-real was not run.
    """
    if loss <= 0:
        raise ValueError(f"loss is {loss}; it must be above 0")
    if curve.observations.real_ratio.max() < 1:
        return None
    grid, draws = _inside(curve)
    return _place(grid[good_from(draws, loss)])


def good_from(draws: np.ndarray, loss: float) -> np.ndarray:
    """(s,) the index from which on curves (s, m) stay within `loss` of their last value."""
    fails = draws < draws[:, -1:] - loss
    return np.where(fails.any(axis=1), fails.shape[1] - fails[:, ::-1].argmax(axis=1), 0)


def _inside(curve: RatioCurve) -> tuple[np.ndarray, np.ndarray]:
    inside = curve.observations.span(curve.grid)
    return curve.grid[inside], curve.draws[:, inside]


def _estimate(draws: np.ndarray) -> Estimate:
    lower, middle, upper = np.quantile(draws, _QUANTILES)
    return Estimate(float(middle), float(lower), float(upper))


def _place(draws: np.ndarray) -> Estimate:
    """An estimate that is one of the draws: places are those of the grid."""
    lower, middle, upper = np.quantile(draws, _QUANTILES, method="nearest")
    return Estimate(float(middle), float(lower), float(upper))
