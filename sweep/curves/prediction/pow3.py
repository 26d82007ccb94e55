"""A power law through a trial's own points, a - c s^-alpha, with weak priors (Domhan et al. 2015, "pow3")."""

from __future__ import annotations

import numpy as np

from sweep.curves.prediction.observed import Floats

FEWEST_POINTS = 3

_ALPHAS = np.geomspace(0.1, 4.0, 16)
_ALPHA_PRIOR = (np.log(0.7), 0.7)  # mean and sd of log(alpha)
_RISE_SD = 10.0  # of c, in percent
_LEVEL_SD = 20.0  # of a about the last value
_NOISE = 0.5  # of a measurement


def pow3_final(fractions: Floats, values: Floats) -> float:
    """The law's value at the end (fraction 1), averaged over alpha; for rising fractions in (0, 1)."""
    finals, log_weights = [], []
    for alpha in _ALPHAS:
        basis = np.stack([np.ones_like(fractions), -(fractions**-alpha)], axis=1)
        spread = basis * [
            _LEVEL_SD,
            _RISE_SD * fractions[0] ** alpha,
        ]  # c's prior: the rise at the first point
        covariance = spread @ spread.T + _NOISE**2 * np.eye(len(values))
        pull = np.linalg.solve(covariance, values - values[-1])
        level, rise = (spread.T @ pull) * [_LEVEL_SD, _RISE_SD * fractions[0] ** alpha]
        finals.append(values[-1] + level - rise)
        prior = -0.5 * ((np.log(alpha) - _ALPHA_PRIOR[0]) / _ALPHA_PRIOR[1]) ** 2
        log_weights.append(
            prior - 0.5 * (values - values[-1]) @ pull - 0.5 * np.linalg.slogdet(covariance)[1]
        )
    weights = np.exp(np.array(log_weights) - max(log_weights))
    return float(weights @ np.array(finals) / weights.sum())
