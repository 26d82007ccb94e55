"""The curve over real_ratio at one iteration: fitted, asked and put into words."""

from sweep.curves.ratio.answers import (
    Estimate,
    PredictedValue,
    band,
    best_real_ratio,
    change,
    slope,
    smallest_real_ratio,
    value_at,
)
from sweep.curves.ratio.effect import Effect, corrected, effect_of
from sweep.curves.ratio.fit import RatioCurve, fit_ratio_curve
from sweep.curves.ratio.observations import Observations, observations_at
from sweep.curves.ratio.words import verdict

__all__ = [
    "Effect",
    "Estimate",
    "Observations",
    "PredictedValue",
    "RatioCurve",
    "band",
    "best_real_ratio",
    "change",
    "corrected",
    "effect_of",
    "fit_ratio_curve",
    "observations_at",
    "slope",
    "smallest_real_ratio",
    "value_at",
    "verdict",
]
