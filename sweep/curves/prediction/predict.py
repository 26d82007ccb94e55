"""Last value + what finished trials of the setting gained from the same rung on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sweep.curves.trials import Setting, TrialCurve

SD_OF_HALF_WIDTH = 1.645
"""Half the width of a 90 % interval in standard deviations of a normal distribution."""

_FRACTIONS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_PRIOR_GAIN = (6.0, 2.2, 0.9, 0.4, 0.1, 0.0)
_PRIOR_SD = (8.0, 3.0, 1.5, 0.8, 0.5, 0.4)
_TRIAL_SD = (3.0, 1.3, 0.9, 0.6, 0.4, 0.3)


@dataclass(frozen=True)
class Prediction:
    """What a trial is expected to measure at the end of its training; never a measurement."""

    trial_id: str
    real_ratio: float
    expected: float
    """In the metric's unit, percent."""
    lower: float
    upper: float
    """90 % predictive interval of the value that would be measured, the trial's own noise included."""
    sd: float
    """Half the interval's width / 1.645."""
    shared_sd: float
    """The part of sd that is common to all predictions of the setting, 0..sd."""
    calibration: str
    """In words: what the width rests on."""
    methods: Mapping[str, float]
    """Weight of each method in the expected value; they sum to 1."""
    provenance: str = "predicted"


def predict_finals(setting: Setting) -> dict[str, Prediction]:
    """The final value of every trial of `setting` that has a value at a rung but none at the end."""
    finite = {trial.trial_id: _finite_at_rungs(trial, setting) for trial in setting.trials}
    return {
        trial.trial_id: _predicted(trial, finite, setting)
        for trial in setting.trials
        if finite[trial.trial_id] and setting.final not in finite[trial.trial_id]
    }


def _finite_at_rungs(trial: TrialCurve, setting: Setting) -> dict[int, float]:
    return {r: trial.values[r] for r in setting.rungs if r in trial.values and math.isfinite(trial.values[r])}


def _predicted(trial: TrialCurve, finite: Mapping[str, dict[int, float]], setting: Setting) -> Prediction:
    own = finite[trial.trial_id]
    last = max(own)
    fraction = last / setting.final
    gains = [v[setting.final] - v[last] for v in finite.values() if setting.final in v and last in v]
    prior_gain, prior_sd, trial_sd = (
        float(np.interp(fraction, _FRACTIONS, column)) for column in (_PRIOR_GAIN, _PRIOR_SD, _TRIAL_SD)
    )
    weight = len(gains) / (len(gains) + (trial_sd / prior_sd) ** 2)
    gain = weight * float(np.mean(gains)) + (1 - weight) * prior_gain if gains else prior_gain
    shared_sd = prior_sd * math.sqrt(1 - weight)
    sd = math.hypot(shared_sd, trial_sd)
    expected = own[last] + gain
    return Prediction(
        trial_id=trial.trial_id,
        real_ratio=trial.real_ratio,
        expected=expected,
        lower=expected - SD_OF_HALF_WIDTH * sd,
        upper=expected + SD_OF_HALF_WIDTH * sd,
        sd=sd,
        shared_sd=shared_sd,
        calibration="widths of recorded curves, draft",
        methods={"last value + offset": 1.0},
    )
