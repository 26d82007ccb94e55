"""What a curve over real_ratio is fitted to: means of arms, and predictions of trials that did not end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sweep.curves.noise import Noise
from sweep.curves.prediction import Prediction
from sweep.curves.trials import Setting


@dataclass(frozen=True)
class Observations:
    """n values at one rung, an arm's mean or a predicted trial each."""

    real_ratio: np.ndarray
    """(n,), 0..1."""
    value: np.ndarray
    """(n,), percent."""
    covariance: np.ndarray
    """(n, n), of what the values are off from the curve."""
    measured: np.ndarray
    """(n,), booleans; the others are predicted."""

    @property
    def range(self) -> tuple[float, float]:
        """Smallest and largest real_ratio with a measured value."""
        own = self.real_ratio[self.measured]
        return float(own.min()), float(own.max())

    def span(self, real_ratio: np.ndarray) -> np.ndarray:
        """Booleans, of the same shape: which shares lie between the least and the largest with a value."""
        return np.asarray((real_ratio >= self.real_ratio.min()) & (real_ratio <= self.real_ratio.max()))

    @property
    def only_measured(self) -> Observations:
        """Without the predictions."""
        own = self.measured
        return Observations(
            self.real_ratio[own], self.value[own], self.covariance[np.ix_(own, own)], self.measured[own]
        )


def observations_at(
    setting: Setting,
    noise: Noise,
    predictions: Mapping[str, Prediction] | None = None,
    each_stands_for: float = 1.0,
) -> Observations:
    """The values at the noise's rung; predictions, by trial id, belong to the final one alone.

    What predictions do not share is off the curve by no less than a measured value is. `each_stands_for`:
    trials that one prediction speaks for, where not all were predicted.
    """
    arms = setting.values_at(noise.rung)
    predicted = list(predictions.values()) if predictions else []
    ratios = [*(setting.real_ratio_of(arm) for arm in arms), *(one.real_ratio for one in predicted)]
    means = [float(np.mean(list(values.values()))) for values in arms.values()]
    variances = [
        *(noise.of(arm) ** 2 / len(values) for arm, values in arms.items()),
        *(max(one.sd**2 - one.shared_sd**2, noise.sd**2) / each_stands_for for one in predicted),
    ]
    shared = np.array([0.0] * len(arms) + [one.shared_sd for one in predicted])
    return Observations(
        real_ratio=np.array(ratios),
        value=np.array([*means, *(one.expected for one in predicted)]),
        covariance=np.diag(variances) + np.outer(shared, shared),
        measured=np.array([True] * len(arms) + [False] * len(predicted), dtype=bool),
    )
