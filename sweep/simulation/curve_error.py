"""How far the curve over real_ratio that a rule leaves is from what all trials in full have measured."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean

import numpy as np

from sweep.analysis import settings_of
from sweep.curves.noise import Noise, noise_at
from sweep.curves.prediction import predict_finals
from sweep.curves.ratio import fit_ratio_curve, observations_at
from sweep.curves.trials import Setting
from sweep.ledger.state import SweepState
from sweep.results import supposed_noise

FEWEST_RATIOS = 3
"""Values of real_ratio from which on there is a curve to speak of."""


class CurveError:
    """Compares what is fitted to parts of a sweep with the means over all of its trials."""

    def __init__(self, full: SweepState) -> None:
        """`full`: the sweep with every trial trained to the end."""
        truths = [_means(setting) for setting in settings_of(full)]
        self.ratios = max((len(means) for means in truths), default=0)
        """The most values of real_ratio that any setting has."""
        self._truths = truths
        self._known: dict[tuple[int, ...], float | None] = {}

    def of(self, state: SweepState) -> float | None:
        """Mean absolute difference in points, over all ratios of all settings with at least three.

        The curve is that of `sweep fit`, predicted ends of stopped trials included. None where a setting has
        no trial at the end, so that nothing is fitted to it.
        """
        left = tuple(len(trial.reports) for trial in state.trials.values())
        if left not in self._known:
            self._known[left] = self._error(state)
        return self._known[left]

    def _error(self, state: SweepState) -> float | None:
        settings = settings_of(state)
        arms = {arm: values for one in settings for arm, values in one.values_at(one.final).items()}
        errors: list[float] = []
        for setting, truth in zip(settings, self._truths, strict=True):
            if len(truth) < FEWEST_RATIOS:
                continue
            if not setting.values_at(setting.final):
                return None
            noise = noise_at(setting.final, setting.final, arms, supposed_noise(state))
            errors += _errors(setting, noise, truth)
        return fmean(errors) if errors else None


def _means(setting: Setting) -> dict[float, float]:
    """Of the final values at each real_ratio."""
    values: dict[float, list[float]] = {}
    for trial in setting.trials:
        if setting.final in trial.values:
            values.setdefault(trial.real_ratio, []).append(trial.values[setting.final])
    return {real_ratio: fmean(own) for real_ratio, own in values.items()}


def _errors(setting: Setting, noise: Noise, truth: Mapping[float, float]) -> list[float]:
    curve = fit_ratio_curve(observations_at(setting, noise, predict_finals(setting)), noise)
    return [abs(float(np.median(curve.at(ratio))) - mean) for ratio, mean in truth.items()]
