"""The shape of a curve over real_ratio in words, as far as the draws bear them out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from sweep.curves.digits import interval_text
from sweep.curves.noise import CONFIDENCE
from sweep.curves.ratio.answers import best_real_ratio, change
from sweep.curves.ratio.effect import Effect
from sweep.curves.ratio.fit import RatioCurve
from sweep.enumeration import enumerated

_SURE = 0.9
"""A feature is named if so many of the draws have it."""

_WIDEST_CLIFF = 0.15
_STEEPER = 2.0
_CLIFF = 5.0
_DECIMALS = 1
"""Of a change in points, at most."""


def verdict(curve: RatioCurve, effect: Effect) -> str:
    """What the curve shows, in a sentence, and in a second one where it shows that by predictions alone."""
    return " ".join(said for said in (_shown(curve, effect), unmeasured(curve)) if said)


def unmeasured(curve: RatioCurve) -> str:
    """A warning where an end of the curve, or most of its shares, have no trial that was trained so far.

    The errors of predictions are likelier to go together than is reckoned (docs/benchmarks.md).
    """
    observations = curve.observations
    ratios, measured = np.unique(observations.real_ratio), set(observations.real_ratio[observations.measured])
    missing = [f"{ratio:g}" for ratio in ratios if ratio not in measured]
    if not missing or (2 * len(missing) < len(ratios) and measured >= {ratios[0], ratios[-1]}):
        return ""
    return (
        f"At {enumerated(missing)} no trial came to its end: the curve there rests on predictions alone, "
        "which may all be too high or too low together, by more than its band tells."
    )


def _shown(curve: RatioCurve, effect: Effect) -> str:
    if effect.p_value is None:
        return "Fewer than two shares of real images have a value here: no effect of real_ratio can be told."
    low, high = curve.observations.range
    supposing = f", if runs differ by the prior sd of {curve.noise.sd:.2f}" if effect.rests_on_prior else ""
    if not effect.is_suggested:
        return (
            f"No effect of real_ratio shown between {low:g} and {high:g} (p = {effect.p_value:.2g}); "
            f"one above {effect.largest:.1f} points is excluded there at 95 %{supposing}."
        )
    begin = (
        "An effect of real_ratio would be shown"
        if effect.rests_on_prior
        else "An effect of real_ratio is shown"
    )
    return f"{begin} (p = {effect.p_value:.2g}{supposing}): {shape(curve)}."


def shape(curve: RatioCurve) -> str:
    """The plainest feature that the draws bear out: an optimum inside, a cliff, a bend, a trend."""
    return next(feature for feature in _features(curve) if feature)


def _features(curve: RatioCurve) -> Iterator[str | None]:
    ratios = np.unique(curve.observations.real_ratio)
    yield _optimum(curve, ratios)
    yield _cliff(curve, ratios)
    yield _bend(curve, ratios)
    yield _trend(curve, ratios)


def _optimum(curve: RatioCurve, ratios: np.ndarray) -> str | None:
    inside = ratios[1:-1]
    if not len(inside):
        return None
    best = max(inside, key=lambda ratio: float(np.median(curve.at(ratio))))
    ends = np.maximum(curve.at(ratios[0]), curve.at(ratios[-1]))
    if np.mean(curve.at(best) > ends) < CONFIDENCE:
        return None
    where = best_real_ratio(curve)
    return f"optimum inside, best near {where.expected:.2g} ({where.lower:.2g} to {where.upper:.2g})"


def _cliff(curve: RatioCurve, ratios: np.ndarray) -> str | None:
    """Most of the whole change within a short stretch, many times as steep as all the rest; the shortest."""
    stretches = [pair for pair in itertools.combinations(ratios, 2) if pair[1] - pair[0] <= _WIDEST_CLIFF]
    sure = [stretch for stretch in stretches if _chance_of_cliff(curve, *stretch) >= _SURE]
    if not sure:
        return None
    low, high = min(sure, key=lambda stretch: stretch[1] - stretch[0])
    return f"cliff between {low:g} and {high:g} ({_points(curve, low, high)})"


def _chance_of_cliff(curve: RatioCurve, low: float, high: float) -> float:
    first, last = curve.observations.real_ratio.min(), curve.observations.real_ratio.max()
    within = np.abs(curve.at(high) - curve.at(low))
    others = np.abs(curve.at(low) - curve.at(first)) + np.abs(curve.at(last) - curve.at(high))
    gentle = others / max(last - first - (high - low), 1e-9)
    return float(np.mean((within > others) & (within / (high - low) > _CLIFF * gentle)))


def _bend(curve: RatioCurve, ratios: np.ndarray) -> str | None:
    """The share at which a line broken once follows the curve best, if most draws are much steeper below."""
    low, high = ratios[0], ratios[-1]
    split = min(ratios[1:-1], key=lambda ratio: _misfit_of_one_break(curve, ratio), default=None)
    if split is None:
        return None
    below = (curve.at(split) - curve.at(low)) / (split - low)
    above = (curve.at(high) - curve.at(split)) / (high - split)
    if np.mean((below > 0) & (below > _STEEPER * np.abs(above))) < _SURE:
        return None
    return (
        f"gentle above {split:g} ({_points(curve, split, high)}), "
        f"steeper below ({_points(curve, low, split)})"
    )


def _misfit_of_one_break(curve: RatioCurve, split: float) -> float:
    """Squared distance of the expected curve, within what was run, from its best line broken at `split`."""
    inside = curve.observations.span(curve.grid)
    place = curve.grid[inside]
    basis = np.stack([np.ones_like(place), place, np.maximum(0, place - split)], axis=1)
    expected = np.median(curve.draws[:, inside], axis=0)
    coefficients = np.linalg.lstsq(basis, expected)[0]
    return float(((expected - basis @ coefficients) ** 2).sum())


def _trend(curve: RatioCurve, ratios: np.ndarray) -> str:
    low, high = ratios[0], ratios[-1]
    rises = float(np.mean(curve.at(high) > curve.at(low)))
    if rises >= _SURE:
        return f"rises with the share of real images, {_points(curve, low, high)}"
    if rises <= 1 - _SURE:
        return f"falls with the share of real images, {_points(curve, low, high)}"
    return "its shape cannot be told yet"


def _points(curve: RatioCurve, low: float, high: float) -> str:
    found = change(curve, low, high)
    expected, lower, upper = interval_text(
        found.expected, found.lower, found.upper, signed=True, most=_DECIMALS
    )
    return f"{expected} points from {low:g} to {high:g}, {lower} to {upper}"
