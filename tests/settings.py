"""Settings and predictions for tests of fits, from plain numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from sweep.curves.noise import Noise, noise_at
from sweep.curves.prediction import Prediction
from sweep.curves.ratio import RatioCurve, fit_ratio_curve, observations_at
from sweep.curves.trials import Setting, TrialCurve

FINAL = 1000

FIVE = (0.0, 0.125, 0.25, 0.5, 1.0)


def setting_of(values: Mapping[float, Sequence[float]], baseline: str | None = "1") -> Setting:
    """One rung: values at the end by real_ratio, seeds 0, 1, ..."""
    return Setting(
        words="",
        rungs=(FINAL,),
        trials=tuple(
            TrialCurve(f"{ratio:g}-{seed}", f"{ratio:g}", ratio, seed, {FINAL: value})
            for ratio, own in values.items()
            for seed, value in enumerate(own)
        ),
        baseline=baseline,
    )


def simulated(
    truth: Callable[[float], float],
    ratios: Sequence[float] = FIVE,
    seeds: int = 3,
    sd: float = 0.63,
    random: np.random.Generator | None = None,
) -> Setting:
    """A sweep of which the truth is known, all of its trials ended."""
    random = random or np.random.default_rng(0)
    return setting_of(
        {ratio: [truth(ratio) + sd * float(error) for error in random.normal(size=seeds)] for ratio in ratios}
    )


def noise_of(setting: Setting, rung: int = FINAL) -> Noise:
    """Of one rung."""
    return noise_at(rung, setting.final, setting.values_at(rung))


def curve_of(setting: Setting, predictions: Mapping[str, Prediction] | None = None) -> RatioCurve:
    """The curve at the end."""
    noise = noise_of(setting)
    return fit_ratio_curve(observations_at(setting, noise, predictions), noise)


def prediction(trial_id: str, real_ratio: float, expected: float, sd: float, shared: float = 0) -> Prediction:
    """Of a final value, as a normal distribution."""
    return Prediction(
        trial_id=trial_id,
        real_ratio=real_ratio,
        expected=expected,
        lower=expected - 1.645 * sd,
        upper=expected + 1.645 * sd,
        sd=sd,
        shared_sd=shared,
        calibration="",
        methods={},
    )
