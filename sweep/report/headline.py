"""The verdict in three sentences: an effect or none, the best real_ratio, what it costs to go lower."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sweep.analysis import Analysis, Fits
from sweep.curves.digits import decimals, fixed, interval_text, p_text
from sweep.curves.ratio import Estimate, RatioCurve, best_real_ratio, change, smallest_real_ratio
from sweep.curves.ratio.effect import Effect
from sweep.curves.ratio.words import shape, unmeasured
from sweep.report.answers import can_answer

LOSS = 1.0
"""Points below all-real that the third sentence calls little."""

MOST_SETTINGS = 6
"""More verdicts than these nobody reads first."""


@dataclass(frozen=True, kw_only=True)
class Headline:
    """What one setting's curve says."""

    setting: str
    """The other parameters; empty if real_ratio alone is searched."""
    effect: str
    best: str
    cost: str
    """And where the curve rests on predictions alone."""
    is_shown: bool
    """Whether an effect is shown, by noise that was measured."""

    @property
    def sentences(self) -> tuple[str, str, str]:
        """All three."""
        return self.effect, self.best, self.cost


def headlines(analysis: Analysis) -> tuple[Headline, ...]:
    """One for each of the first settings that have a curve; none where no two shares have values."""
    return tuple(_headlines(analysis))[:MOST_SETTINGS]


def _headlines(analysis: Analysis) -> Iterator[Headline]:
    for fits in analysis.fits:
        if fits.curve is not None and fits.effect is not None and can_answer(fits):
            yield Headline(
                setting=fits.setting.words,
                effect=_effect(analysis, fits.curve, fits.effect),
                best=_best(fits.curve, fits.effect),
                cost=" ".join(filter(None, (_cost(analysis, fits), unmeasured(fits.curve)))),
                is_shown=fits.effect.is_shown,
            )


def _effect(analysis: Analysis, curve: RatioCurve, effect: Effect) -> str:
    assert effect.p_value is not None
    low, high = curve.observations.range
    where = f"{analysis.metric} at iteration {analysis.rung}"
    if not effect.is_suggested:
        limit = fixed(effect.largest, decimals(effect.largest / 2, most=1))
        supposing = " if runs differ by the prior noise" if effect.rests_on_prior else ""
        return (
            f"No effect of real_ratio on {where} is shown between {low:g} and {high:g} "
            f"({p_text(effect.p_value)}); one above {limit} points is excluded at 95 %{supposing}."
        )
    if effect.rests_on_prior:
        return (
            f"An effect of real_ratio on {where} would be shown ({p_text(effect.p_value)}) if runs differed "
            f"by the prior noise, which was not measured here: {shape(curve)}."
        )
    return f"An effect of real_ratio on {where} is shown ({p_text(effect.p_value)}): {shape(curve)}."


def _best(curve: RatioCurve, effect: Effect) -> str:
    found = best_real_ratio(curve)
    best, lower, upper = _ratios(found)
    if not effect.is_shown:
        return (
            f"Nor is a best real_ratio shown: the curve is highest at {best} (90 % interval {lower} to "
            f"{upper}), but noise alone makes such curves."
        )
    if lower == upper:
        return f"The best real_ratio is {best}, as far as was run: 9 in 10 curves have their best there."
    return f"The best real_ratio is {best} (90 % interval {lower} to {upper})."


def _cost(analysis: Analysis, fits: Fits) -> str:
    curve = fits.curve
    assert curve is not None
    low, high = _run(curve)
    moved = _reversed(change(curve, low, high))
    change_text, worst, best = interval_text(moved.expected, moved.lower, moved.upper, signed=True, most=1)
    said = (
        f"Going down from {_share(high)} to {_share(low)} changes {analysis.metric} by {change_text} points "
        f"(90 % interval {worst} to {best})"
    )
    smallest = smallest_real_ratio(curve, LOSS)
    if smallest is None:
        return f"{said}; all-real was not run."
    expected, lower, upper = _ratios(smallest, least_run=low)
    if expected == upper == lower:
        return f"{said}; it stays within {LOSS:g} point of all-real down to {expected}."
    return (
        f"{said}; it stays within {LOSS:g} point of all-real down to a real_ratio of {expected} "
        f"({lower} to {upper})."
    )


def _run(curve: RatioCurve) -> tuple[float, float]:
    """The smallest and the largest share that the curve rests on."""
    ratios = curve.observations.real_ratio
    return float(ratios.min()), float(ratios.max())


def _reversed(found: Estimate) -> Estimate:
    """The change in the other direction."""
    return Estimate(-found.expected, -found.upper, -found.lower)


def _share(real_ratio: float) -> str:
    return "all-real" if real_ratio == 1 else f"{real_ratio:g}"


def _ratios(found: Estimate, least_run: float | None = None) -> tuple[str, str, str]:
    """With one digit more than the interval's width allows: the places of a curve are not whole tenths.

    What is as small as `least_run` stands for all that are smaller.
    """
    places = min(decimals((found.upper - found.lower) / 2, most=2) + 1, 3)
    texts = []
    for value in (found.expected, found.lower, found.upper):
        text = f"{value:.{places}f}".rstrip("0").rstrip(".") if value else "0"
        is_least = least_run is not None and 0 < value <= least_run
        texts.append(f"{least_run:g} or less" if is_least else text)
    expected, lower, upper = texts
    return expected, lower, upper
