"""What was fitted, as tidy tables for files: predicted values apart from measured ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from sweep.analysis import Analysis, Fits
from sweep.curves.ratio import band

_PREDICTIONS = (
    *("sweep", "setting", "trial_id", "arm", "real_ratio", "seed", "judged_by"),
    *("last_iteration", "last_value", "iteration", "expected", "lower", "upper", "sd"),
    *("calibration", "provenance"),
)
_CURVE = (
    *("sweep", "setting", "judged_by", "iteration", "real_ratio"),
    *("expected", "lower", "upper", "extrapolated", "provenance"),
)


def prediction_frame(analysis: Analysis) -> pd.DataFrame:
    """A row for every trial that did not come to its end; `iteration` is the end.

    `last_value` is measured, or imported; `expected` and the 90 % interval `lower` to `upper` are predicted.
    """
    rows = (row for fits in analysis.fits for row in _predictions(analysis, fits))
    return pd.DataFrame(list(rows), columns=list(_PREDICTIONS))


def curve_frame(analysis: Analysis) -> pd.DataFrame:
    """The average curve of every setting on a grid, with its 90 % band: of expected values, not of trials."""
    rows = (row for fits in analysis.fits for row in _curve(analysis, fits))
    return pd.DataFrame(list(rows), columns=list(_CURVE))


def _predictions(analysis: Analysis, fits: Fits) -> Iterator[dict[str, Any]]:
    for trial in fits.setting.trials:
        found = fits.predictions.get(trial.trial_id)
        if found is not None:
            last = max(trial.values)
            yield {
                "sweep": analysis.sweep,
                "setting": fits.setting.words,
                "trial_id": trial.trial_id,
                "arm": trial.arm,
                "real_ratio": trial.real_ratio,
                "seed": trial.seed,
                "judged_by": analysis.metric,
                "last_iteration": last,
                "last_value": trial.values[last],
                "iteration": fits.setting.final,
                "expected": found.expected,
                "lower": found.lower,
                "upper": found.upper,
                "sd": found.sd,
                "calibration": found.calibration,
                "provenance": found.provenance,
            }


def _curve(analysis: Analysis, fits: Fits) -> Iterator[dict[str, Any]]:
    if fits.curve is None:
        return
    grid = fits.curve.grid
    columns = zip(grid, fits.curve.observations.span(grid), *band(fits.curve), strict=True)
    for real_ratio, was_spanned, lower, expected, upper in columns:
        yield {
            "sweep": analysis.sweep,
            "setting": fits.setting.words,
            "judged_by": analysis.metric,
            "iteration": analysis.rung,
            "real_ratio": float(real_ratio),
            "expected": float(expected),
            "lower": float(lower),
            "upper": float(upper),
            "extrapolated": not was_spanned,
            "provenance": "predicted",
        }
