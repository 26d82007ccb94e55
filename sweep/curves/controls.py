"""Whether a sweep passes its controls: arms of which it is known beforehand what must come out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from scipy import stats

from sweep.curves.noise import CONFIDENCE
from trainables.contract import Control

Outcome = Literal["passes", "fails", "pending"]

LEAST_COLLAPSE = 3.0
"""How many sd noise must cost at least: no small loss that only many seeds show, but a collapse."""


@dataclass(frozen=True, kw_only=True)
class ArmValues:
    """An arm at the last iteration."""

    arm: str
    real_ratio: float
    values: Mapping[int, float]
    """The judged metric in percent by seed, finite."""
    awaited: int = 0
    """Trials of the arm that have yet to come to their end."""


@dataclass(frozen=True, kw_only=True)
class ControlDifference:
    """The mean of a control arm less that of all real images, in points of percent."""

    arm: str
    real_ratio: float
    seeds: int
    mean: float
    value: float
    margin: float
    """Half the width of the interval that holds for all arms of the control at once, at 95 % (Bonferroni)."""

    @property
    def interval(self) -> tuple[float, float]:
        """That interval."""
        return self.value - self.margin, self.value + self.margin


@dataclass(frozen=True, kw_only=True)
class ControlVerdict:
    """What became of one control."""

    control: Control
    outcome: Outcome
    reason: str
    """In words, behind the name of the control and its outcome."""
    differences: tuple[ControlDifference, ...]
    """Of its arms; empty while pending."""
    excluded_above: float | None = None
    """The size above which a difference of copies is excluded; None for noise and while pending."""


def judge_controls(
    all_real: ArmValues,
    controls: Mapping[Control, Sequence[ArmValues]],
    sd: float,
    degrees_of_freedom: float,
) -> tuple[ControlVerdict, ...]:
    """The verdict on each control.

    `copy` fails where the interval of a difference excludes 0. That it passes says no more than that what it
    differs by is below `excluded_above`. `noise` passes where the interval lies below 0 and the difference is
    at least `LEAST_COLLAPSE` sd; otherwise it fails.

    Args:
        all_real: the arm that controls are held against.
        controls: at least one arm of each.
        sd: of trials that differ in their seed alone, above 0, in points of percent.
        degrees_of_freedom: of `sd`; infinite where it is not estimated but supposed.
    """
    return tuple(
        _pending(control, missing)
        if (missing := _missing((all_real, *arms)))
        else _judged(control, _differences(all_real, arms, sd, degrees_of_freedom), sd)
        for control, arms in controls.items()
    )


def _missing(arms: Sequence[ArmValues]) -> str | None:
    """What a verdict has to wait for, in words."""
    awaited = [f"{arm.arm} ({arm.awaited} to come)" for arm in arms if arm.awaited]
    if awaited:
        return f"trials are not at their end: {', '.join(awaited)}"
    lost = [arm.arm for arm in arms if not arm.values]
    return f"no trial came to its end of: {', '.join(lost)}" if lost else None


def _pending(control: Control, missing: str) -> ControlVerdict:
    return ControlVerdict(control=control, outcome="pending", reason=missing, differences=())


def _differences(
    all_real: ArmValues, arms: Sequence[ArmValues], sd: float, freedom: float
) -> tuple[ControlDifference, ...]:
    tail = (1 - CONFIDENCE) / 2 / len(arms)
    quantile = float(stats.t.isf(tail, freedom))
    reference = _mean(all_real)
    return tuple(
        ControlDifference(
            arm=arm.arm,
            real_ratio=arm.real_ratio,
            seeds=len(arm.values),
            mean=_mean(arm),
            value=_mean(arm) - reference,
            margin=quantile * sd * math.sqrt(1 / len(arm.values) + 1 / len(all_real.values)),
        )
        for arm in arms
    )


def _mean(arm: ArmValues) -> float:
    return math.fsum(arm.values.values()) / len(arm.values)


def _judged(control: Control, found: tuple[ControlDifference, ...], sd: float) -> ControlVerdict:
    return _judged_copy(found, sd) if control == "copy" else _judged_noise(found, sd)


def _judged_copy(found: tuple[ControlDifference, ...], sd: float) -> ControlVerdict:
    off = [one for one in found if abs(one.value) > one.margin]
    bound = max(abs(one.value) + one.margin for one in found)
    if off:
        reason = (
            f"copies of real images do not train as real images do: {_listed(off)}. Generated images are "
            f"treated otherwise than real ones, or equal trials differ by more than an sd of {sd:.2f}"
        )
    else:
        reason = (
            f"copies of real images train as real images do, within noise: {_listed(found)}. A difference "
            f"above {bound:.2f} is excluded, a smaller one is not"
        )
    outcome: Outcome = "fails" if off else "passes"
    return ControlVerdict(
        control="copy", outcome=outcome, reason=reason, differences=found, excluded_above=bound
    )


def _judged_noise(found: tuple[ControlDifference, ...], sd: float) -> ControlVerdict:
    least = LEAST_COLLAPSE * sd
    lasting = [one for one in found if one.interval[1] >= 0 or one.value > -least]
    if lasting:
        reason = (
            f"noise in place of generated images does not ruin the training: {_listed(lasting)}, where a "
            f"loss of at least {least:.2f} had to be shown. What is asked for is not what is trained on, or "
            "real images teach the network as little as noise does"
        )
    else:
        lowest = ", ".join(f"{one.mean:.2f}" for one in found)
        reason = f"noise in place of generated images ruins the training, down to {lowest}: {_listed(found)}"
    outcome: Outcome = "fails" if lasting else "passes"
    return ControlVerdict(control="noise", outcome=outcome, reason=reason, differences=found)


def _listed(found: Sequence[ControlDifference]) -> str:
    """`-0.31 (-1.20 to +0.58) at real_ratio 0.5`."""
    return ", ".join(
        f"{one.value:+.2f} ({one.interval[0]:+.2f} to {one.interval[1]:+.2f}) at real_ratio {one.real_ratio}"
        for one in found
    )
