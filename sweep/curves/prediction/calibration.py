"""How wide an interval has to be: by errors on recorded curves and, as they come, on this sweep's own."""

from __future__ import annotations

import numpy as np

from sweep.curves.prediction.observed import Floats

COVERAGE = 0.9

_RECORDED_COUNTS_AS = 10.0
"""Finished trials of the sweep that weigh as much as all recorded curves."""


def half_width_in_sds(recorded: Floats, own: Floats) -> float:
    """The |error| / sd that 90 % of predictions stay below; `recorded` at even levels, `own` of this sweep.

    Weighted split-conformal quantile (Vovk et al. 2005; Tibshirani et al. 2019): the trial to be predicted
    counts as one more error, of unknown size, as far as the sweep's own errors decide.
    """
    mass_of_recorded = np.full(len(recorded), _RECORDED_COUNTS_AS / len(recorded))
    errors = np.concatenate([recorded, own])
    masses = np.concatenate([mass_of_recorded, np.ones(len(own))])
    order = np.argsort(errors, kind="stable")
    unknown = len(own) / (len(own) + _RECORDED_COUNTS_AS)
    below = np.cumsum(masses[order]) - masses[order] / 2
    return float(np.interp(COVERAGE * (masses.sum() + unknown), below, errors[order]))


def calibration_words(version: str, own: int, fraction: float, earliest: float) -> str:
    """What an interval rests on, for a reader."""
    words = f"widths of recorded curves, table {version}"
    if own:
        share = round(100 * own / (own + _RECORDED_COUNTS_AS))
        words = f"conformal on {own} finished trial{'s' * (own > 1)} ({share} %) and {words}"
    if fraction < earliest - 0.01:
        words += f"; none of them from before {earliest:.0%} of the budget"
    return words
