"""The shape of a curve over real_ratio in words, as far as the draws bear them out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sweep.curves.noise import CONFIDENCE
from sweep.curves.ratio.answers import best_real_ratio, change
from sweep.curves.ratio.effect import Effect
from sweep.curves.ratio.fit import RatioCurve

_SURE = 0.9
"""A feature is named if so many of the draws have it."""

_WIDEST_CLIFF = 0.15
_STEEPER = 2.0
_CLIFF = 5.0


def verdict(curve: RatioCurve, effect: Effect) -> str:
    """What the curve shows, in a sentence."""
    if effect.p_value is None:
        return "Fewer than two shares of real images have a value here: no effect of real_ratio can be told."
    supposing = (
        f", if runs differ by sd {curve.noise.sd:.2f} as those of the prior do"
        if effect.rests_on_prior
        else ""
    )
    if not effect.is_shown:
        return (
            f"No effect of real_ratio shown (p = {effect.p_value:.2g}); an effect above "
            f"{effect.largest:.1f} points is excluded{supposing}."
        )
    return f"An effect of real_ratio is shown (p = {effect.p_value:.2g}{supposing}): {shape(curve)}."


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
    best = max(inside, key=lambda ratio: float(curve.at(ratio).mean()))
    ends = np.maximum(curve.at(ratios[0]), curve.at(ratios[-1]))
    if np.mean(curve.at(best) > ends) < CONFIDENCE:
        return None
    where = best_real_ratio(curve)
    return f"optimum inside, best near {where.expected:.2g} ({where.lower:.2g} to {where.upper:.2g})"


def _cliff(curve: RatioCurve, ratios: np.ndarray) -> str | None:
    """Most of the whole change within a short stretch, many times as steep as all the rest."""
    values = np.stack([curve.at(ratio) for ratio in ratios], axis=1)
    steps, widths = np.abs(np.diff(values, axis=1)), np.diff(ratios)
    for i in np.argsort(-steps.mean(axis=0)):
        others = np.delete(steps, i, axis=1).sum(axis=1)
        rest = others / (widths.sum() - widths[i]) if len(ratios) > 2 else np.inf
        sheer = (steps[:, i] > others) & (steps[:, i] / widths[i] > _CLIFF * rest)
        if widths[i] <= _WIDEST_CLIFF and np.mean(sheer) >= _SURE:
            return f"cliff between {ratios[i]:g} and {ratios[i + 1]:g}, {_points(curve, ratios[i], ratios[i + 1])}"
    return None


def _bend(curve: RatioCurve, ratios: np.ndarray) -> str | None:
    """The split of the range at which most draws are much steeper below."""
    low, high = ratios[0], ratios[-1]
    chances = {split: _chance_steeper_below(curve, low, split, high) for split in ratios[1:-1]}
    split = max(chances, key=lambda ratio: chances[ratio], default=None)
    if split is None or chances[split] < _SURE:
        return None
    return (
        f"gentle above {split:g} ({_points(curve, split, high)}), "
        f"steeper below ({_points(curve, low, split)})"
    )


def _chance_steeper_below(curve: RatioCurve, low: float, split: float, high: float) -> float:
    below = (curve.at(split) - curve.at(low)) / (split - low)
    above = (curve.at(high) - curve.at(split)) / (high - split)
    return float(np.mean((below > 0) & (below > _STEEPER * np.abs(above))))


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
    expected, lower, upper = (f"{value:+.1f}" for value in (found.expected, found.lower, found.upper))
    return f"{expected} points from {low:g} to {high:g}, {lower} to {upper}"
