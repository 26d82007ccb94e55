"""What a report asks of every fit: the same questions on the page, in files, and for machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sweep.analysis import Fits
from sweep.curves.ratio import (
    Estimate,
    PredictedValue,
    RatioCurve,
    best_real_ratio,
    smallest_real_ratio,
    value_at,
)

LOSSES = (0.5, 1.0, 2.0)
"""Points below all-real that may still be good enough."""

ASKED_RATIOS = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
"""Shares of real images whose values are given besides those that were run."""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What one setting's curve says; only where at least two shares of real images have a value."""

    best: Estimate
    """The real_ratio at which the curve is highest."""
    smallest: Mapping[float, Estimate | None]
    """The smallest real_ratio within so many points of all-real; None where all-real was not run."""
    values: tuple[PredictedValue, ...]
    """Of one more training at each share, from none to all real."""
    runs: Mapping[float, int]
    """How many measured values the curve has at a share."""


def can_answer(fits: Fits) -> bool:
    """Whether there is a curve that can: one share of real images tells nothing of others."""
    return fits.effect is not None and fits.effect.p_value is not None


def answers(fits: Fits) -> Answers | None:
    """None where `can_answer` says no."""
    if fits.curve is None or not can_answer(fits):
        return None
    runs = _runs(fits, fits.curve.noise.rung)
    return Answers(
        best=best_real_ratio(fits.curve),
        smallest={loss: smallest_real_ratio(fits.curve, loss) for loss in LOSSES},
        values=tuple(value_at(fits.curve, real_ratio) for real_ratio in _asked(fits.curve)),
        runs=runs,
    )


def _asked(curve: RatioCurve) -> list[float]:
    return sorted({*ASKED_RATIOS, *map(float, curve.observations.real_ratio)})


def _runs(fits: Fits, rung: int) -> dict[float, int]:
    runs: dict[float, int] = {}
    for trial in fits.setting.trials:
        if rung in trial.values:
            runs[trial.real_ratio] = runs.get(trial.real_ratio, 0) + 1
    return runs
