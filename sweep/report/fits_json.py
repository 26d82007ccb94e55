"""The fits of a sweep for machines: plain values under names that stay. docs/json.md lists them."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from sweep.analysis import Analysis, Fits
from sweep.curves.crossings import Crossing
from sweep.curves.noise import Noise
from sweep.curves.prediction import Prediction
from sweep.curves.ratio import Effect, RatioCurve, band
from sweep.curves.trials import TrialCurve
from sweep.report.answers import Answers, answers


def fits_json(analysis: Analysis) -> dict[str, Any]:
    """Everything that was fitted, as strict JSON knows it: None stands for what is unknown or not finite."""
    found = {
        "sweep": analysis.sweep,
        "iteration": analysis.rung,
        "judged_by": analysis.metric,
        "provenance": analysis.provenance,
        "noise": [noise_json(noise) for noise in analysis.noises.values()],
        "settings": [_fits(fits) for fits in analysis.fits],
    }
    strict: dict[str, Any] = _strict(found)
    return strict


def noise_json(noise: Noise) -> dict[str, Any]:
    """The noise at one rung."""
    low, high = noise.interval
    return {
        "iteration": noise.rung,
        "sd": noise.sd,
        "sd_low": low,
        "sd_high": high,
        "degrees_of_freedom": noise.degrees_of_freedom,
        "source": noise.source,
        "sd_by_arm": dict(noise.by_arm),
        "p_equal": noise.p_equal,
    }


def _fits(fits: Fits) -> dict[str, Any]:
    curve = fits.curve
    return {
        "setting": fits.setting.words,
        "baseline": fits.setting.baseline,
        "verdict": fits.verdict,
        "effect": fits.effect and _effect(fits.effect),
        "weights": dict(curve.weights) if curve else None,
        **_answers(answers(fits)),
        "curve": curve and _curve(curve),
        "predictions": [
            _prediction(trial, fits.predictions[trial.trial_id])
            for trial in fits.setting.trials
            if trial.trial_id in fits.predictions
        ],
        "crossings": [_crossing(crossing) for crossing in fits.crossings],
        "ranks": [
            {**_at(audit.rung), **_without(asdict(audit), "rung"), "predicts": audit.predicts}
            for audit in fits.ranks
        ],
    }


def _effect(effect: Effect) -> dict[str, Any]:
    return {**asdict(effect), "is_shown": effect.is_shown}


def _answers(found: Answers | None) -> dict[str, Any]:
    if found is None:
        return {"best_real_ratio": None, "smallest_real_ratio": [], "values": []}
    return {
        "best_real_ratio": asdict(found.best),
        "smallest_real_ratio": [
            {"within": loss, **asdict(one)} for loss, one in found.smallest.items() if one is not None
        ],
        "values": [{**asdict(one), "runs": found.runs.get(one.real_ratio, 0)} for one in found.values],
    }


def _curve(curve: RatioCurve) -> dict[str, Any]:
    lower, expected, upper = band(curve)
    return {
        "real_ratio": curve.grid.tolist(),
        "lower": lower.tolist(),
        "expected": expected.tolist(),
        "upper": upper.tolist(),
    }


def _prediction(trial: TrialCurve, prediction: Prediction) -> dict[str, Any]:
    last = max(trial.values)
    return {
        "trial_id": trial.trial_id,
        "arm": trial.arm,
        "seed": trial.seed,
        "last_iteration": last,
        "last_value": trial.values[last],
        **_without(asdict(prediction), "trial_id"),
    }


def _crossing(crossing: Crossing) -> dict[str, Any]:
    found = _without(asdict(crossing), "rung", "iteration")
    return {**found, **_at(crossing.rung), "overtaken_at": crossing.iteration and asdict(crossing.iteration)}


def _at(rung: int) -> dict[str, int]:
    return {"iteration": rung}


def _without(record: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in keys}


def _strict(value: Any) -> Any:
    """The same in plain Python numbers, NaN and infinities as None."""
    match value:
        case dict():
            return {key: _strict(entry) for key, entry in value.items()}
        case list() | tuple():
            return [_strict(entry) for entry in value]
        case float():  # NumPy's float64 is one, too
            return float(value) if math.isfinite(value) else None
        case _:
            return value
