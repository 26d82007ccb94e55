"""What was fitted to a sweep, as metrics and tags of its run. Predicted values are no metrics."""

from __future__ import annotations

import math
import re

from sweep.analysis import Analysis, Fits
from sweep.curves.ratio import Estimate
from sweep.ledger.state import SweepState
from sweep.report.answers import answers
from sweep.report.audit import audit
from sweep.report.controls import controls_lines
from sweep.report.fits import verdicts

_LOSS = 1.0
_LONGEST_TAG = 5000


def fit_metrics(analysis: Analysis) -> dict[str, float]:
    """Few of the answers, as `fit/...`, or `fit/SETTING/...` if there are several settings.

    Nothing is named like a metric that is measured. What cannot be told is left out.
    """
    found = {"fit/noise_sd": analysis.noise.sd}
    for fits in analysis.fits:
        own = _metrics(fits)
        prefix = f"fit/{_name(fits.setting.words)}/" if len(analysis.fits) > 1 else "fit/"
        found |= {prefix + name: value for name, value in own.items()}
    return {name: value for name, value in found.items() if math.isfinite(value)}


def fit_tags(state: SweepState, analysis: Analysis) -> dict[str, str]:
    """The verdict in words, behind that on the controls, and what the noise rests on."""
    sentences = [*controls_lines(state)[:1], *verdicts(analysis)]
    return {
        "segsweep.verdict": " ".join(sentences)[:_LONGEST_TAG],
        "segsweep.noise_source": analysis.noise.source,
    }


def audit_metrics(state: SweepState) -> dict[str, float]:
    """What early stopping saved, risked and showed, as `audit/...`; what is not known is left out."""
    found = audit(state)
    if not found.judged:
        return {}
    saved, spared = found.savings, found.spared
    values = {
        "stopped": saved.trials,
        "saved_iterations": saved.iterations,
        "saved_share": saved.share,
        "saved_gpu_hours": saved.gpu_hours,
        "risk": found.risk.expected if found.risk.reckoned or not saved.trials else None,
        "risk_not_reckoned": found.risk.unreckoned,
        "spared_ended": len(spared.ended),
        "spared_above": spared.above,
    }
    return {f"audit/{name}": float(value) for name, value in values.items() if value is not None}


def _metrics(fits: Fits) -> dict[str, float]:
    found = answers(fits)
    if found is None or fits.effect is None or fits.effect.p_value is None:
        return {}
    smallest = found.smallest[_LOSS]
    return {
        "effect_p_value": fits.effect.p_value,
        "largest_effect": fits.effect.largest,
        **_estimate("best_real_ratio", found.best),
        **(_estimate(f"smallest_real_ratio_within_{_LOSS:g}", smallest) if smallest else {}),
    }


def _estimate(name: str, found: Estimate) -> dict[str, float]:
    return {name: found.expected, f"{name}_lower": found.lower, f"{name}_upper": found.upper}


def _name(words: str) -> str:
    """What MLflow allows in the name of a metric."""
    return re.sub(r"[^\w.-]+", "_", words)
