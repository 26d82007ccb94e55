"""The joint model of all curves of a setting: an exact Gaussian process with product kernels.

One curve can't be extrapolated from one or two points; its neighbours' ends can be borrowed. What differs
between trials is a level and a gain, smooth in real_ratio but for a share of its own; on its way a curve
takes a random walk that comes to rest at the end. With g the rise still to come (1 at 20 % of the budget, 0
at the end), places x, trials i and k:

    cov = level^2 + common_gain^2 g g'+ drift^2 min(g, g')                                    common to all
        + [(1 - own) matern(x, x') + own (i = k)] (u^2 - rho u v (g + g') + v^2 g g')        of a trial
        + (i = k) walk^2 min(g, g') + (same point) noise^2

Each term is a kernel over real_ratio times one over iterations, as in BoTorch's LatentKroneckerGP (Lin et al.
2024, "Scaling Gaussian processes for learning curve prediction via latent Kronecker structure").
Hyperparameters are not fitted to the few points of a sweep: the model is an average over those found on
recorded families of curves (table.py), weighted by how well each explains this sweep.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sweep.curves.prediction.observed import Floats, Ints, Observed, to_go
from sweep.curves.prediction.table import CommonGain, Kernel

_LEVEL_SD = 50.0  # of the common level, in percent: it is as good as unknown
_MOST_POINTS = 150  # that choose among the kernels; more would cost time and change little
_LIGHT = 0.01  # a kernel with less of the weight is left out


class Moments(NamedTuple):
    """Mean and covariance of some values to be measured."""

    mean: Floats
    covariance: Floats


@dataclass(frozen=True)
class Part:
    """One kernel's view of a setting: its weight, and what it needs to answer."""

    log_weight: float
    kernel: Kernel
    residuals: Floats
    """(points,) Values less the prior mean."""
    precision: Floats
    """(points, points) Inverse of their covariance."""


@dataclass(frozen=True)
class JointModel:
    """All curves of a setting together, for any number of kernels."""

    points: Observed
    common: CommonGain
    parts: tuple[Part, ...]

    def finals(self, trials: Ints) -> Moments:
        """The values that unfinished trials will measure at the end: mean (M,), covariance (M, M)."""
        at_end = Observed(np.zeros(len(trials)), trials, np.ones(len(trials)), self.points.places)
        moments = []
        for part in self.parts:
            cross_MP = covariance(at_end, self.points, part.kernel, self.common)
            own_MM = covariance(at_end, at_end, part.kernel, self.common)
            own_MM += part.kernel.noise**2 * np.eye(len(trials))
            gain_MP = cross_MP @ part.precision
            mean_M = _centre(self.points) + gain_MP @ part.residuals
            moments.append(Moments(mean_M, own_MM - gain_MP @ cross_MP.T))
        return _mixed(moments, np.array([part.log_weight for part in self.parts]))

    def final_without(self, held_out: Ints) -> Moments:
        """The last of some points, foretold without any of them: mean (1,), covariance (1, 1).

        From the inverse of the whole covariance (Rasmussen and Williams 2006, section 5.4.2): no second fit.
        """
        values_H = self.points.values[held_out]
        moments, log_weights = [], []
        for part in self.parts:
            precision_HH = part.precision[np.ix_(held_out, held_out)]
            covariance_HH = _inverse(precision_HH)
            error_H = covariance_HH @ (part.precision[held_out] @ part.residuals)
            log_density = 0.5 * (np.linalg.slogdet(precision_HH)[1] - error_H @ precision_HH @ error_H)
            log_weights.append(part.log_weight - log_density)
            moments.append(Moments((values_H - error_H)[-1:], covariance_HH[-1:, -1:]))
        return _mixed(moments, np.array(log_weights))


def joint_model(points: Observed, kernels: tuple[Kernel, ...], common: CommonGain) -> JointModel:
    """The model given at least one point; values in percent."""
    few = _thinned(points)
    log_weights = [part.log_weight for part in (_part(few, kernel, common) for kernel in kernels)]
    heavy = [k for k, lw in zip(kernels, log_weights, strict=True) if lw >= max(log_weights) + np.log(_LIGHT)]
    return JointModel(points, common, tuple(_part(points, kernel, common) for kernel in heavy))


def covariance(left: Observed, right: Observed, kernel: Kernel, common: CommonGain) -> Floats:
    """Prior covariance of two sets of points, their noise left out; (left, right)."""
    g, h = to_go(left.fractions)[:, None], to_go(right.fractions)[None]
    same = left.trials[:, None] == right.trials[None]
    apart = left.places[left.trials][:, None] - right.places[right.trials][None]
    likeness = (1 - kernel.own) * _matern52(np.abs(apart) / kernel.length) + kernel.own * same
    level, gain = kernel.level, kernel.gain
    of_trial = level**2 - kernel.correlation * level * gain * (g + h) + gain**2 * g * h
    for_all = _LEVEL_SD**2 + kernel.common_gain**2 * g * h + common.drift**2 * np.minimum(g, h)
    return np.asarray(for_all + likeness * of_trial + same * kernel.walk**2 * np.minimum(g, h))


def _part(points: Observed, kernel: Kernel, common: CommonGain) -> Part:
    covariance_PP = covariance(points, points, kernel, common)
    covariance_PP[np.diag_indices_from(covariance_PP)] += kernel.noise**2
    residuals_P = points.values - _centre(points) + common.mean * to_go(points.fractions)
    factor_PP = np.linalg.cholesky(covariance_PP)
    precision_PP = _inverse(covariance_PP)
    log_density = -0.5 * residuals_P @ precision_PP @ residuals_P - np.log(np.diag(factor_PP)).sum()
    return Part(kernel.log_weight + float(log_density), kernel, residuals_P, precision_PP)


def _centre(points: Observed) -> float:
    return float(points.values.mean())


def _thinned(points: Observed) -> Observed:
    """The points of evenly chosen trials, no more than the choice of kernels needs."""
    step = -(-len(points.values) // _MOST_POINTS)
    return points.without(np.flatnonzero(points.trials % step != 0)) if step > 1 else points


def _mixed(moments: list[Moments], log_weights: Floats) -> Moments:
    weights = np.exp(log_weights - log_weights.max())
    weights /= weights.sum()
    means = np.array([one.mean for one in moments])
    mean = weights @ means
    spread = np.einsum("k,ki,kj->ij", weights, means - mean, means - mean)
    return Moments(mean, np.einsum("k,kij->ij", weights, [one.covariance for one in moments]) + spread)


def _inverse(matrix: Floats) -> Floats:
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def _matern52(distance: Floats) -> Floats:
    scaled = np.sqrt(5) * distance
    return np.asarray((1 + scaled + scaled**2 / 3) * np.exp(-scaled))
