"""The joint model of all curves for many trials at once: no trial is more like one than like another.

It is the model of joint.py with `own` = 1: trials share a common curve, and each differs from it by a level,
a gain, a random walk and noise of its own. Without smoothness in real_ratio it holds for whatever parameters
a sweep searches, and trials are independent given the common curve: with R rungs and n trials the exact
posterior costs n R^2 + R^3 in place of (n R)^3, so that 1000 trials are judged in milliseconds.

Shapes: K kernels, n trials, R rungs.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sweep.curves.prediction.observed import Floats, Ints, to_go
from sweep.curves.prediction.table import Table

_LEVEL_SD = 50.0  # of the common level, in percent: it is as good as unknown
_UNKNOWN_LEVEL_SD = 100.0  # of a trial's own, where kernels are weighed
_LIGHT = 0.01  # a kernel with less of the weight is left out


@dataclass(frozen=True)
class Finals:
    """What every trial will measure at the end, as each kernel sees it."""

    weights: Floats
    """(K,) Of the kernels; they sum to 1."""
    means: Floats
    """(K, n) Expected values, in percent; of a finished trial what it measured."""
    own_variances: Floats
    """(K, n) The part of the variance that is independent from trial to trial; 0 of a finished one."""
    shares: Floats
    """(K, n, R) How the value hangs on the common curve, which is not known exactly either."""
    common: Floats
    """(K, R, R) Covariance of the common curve."""

    def expected(self) -> Floats:
        """(n,) Averaged over kernels."""
        return np.asarray(self.weights @ self.means)

    def averaged(self, groups: Sequence[Sequence[int]]) -> Finals:
        """The means over groups of trials, in place of the trials.

        What is a trial's own is added up as if it were the same for all of its group: a mean over seeds is
        not known better than one of them, since seeds of an arm share what the arm is.
        """
        grouped = self.of([trial for group in groups for trial in group])
        counts = np.array([len(group) for group in groups])
        starts = np.cumsum(counts) - counts

        def mean(values: Floats, counts: Ints) -> Floats:
            return np.asarray(np.add.reduceat(values, starts, axis=1) / counts)

        return replace(
            grouped,
            means=mean(grouped.means, counts),
            own_variances=mean(np.sqrt(grouped.own_variances), counts) ** 2,
            shares=mean(grouped.shares, counts[:, None]),
        )

    def of(self, trials: Sequence[int]) -> Finals:
        """Some of the trials, in the order given."""
        return replace(
            self,
            means=self.means[:, trials],
            own_variances=self.own_variances[:, trials],
            shares=self.shares[:, trials],
        )

    def gaps(self, leader: int) -> tuple[Floats, Floats]:
        """Mean and variance, each (K, n), of every trial's final less the leader's."""
        apart = self.shares - self.shares[:, leader, None]
        shared = np.sum((apart @ self.common) * apart, axis=-1)
        variance = shared + self.own_variances + self.own_variances[:, leader, None]
        return self.means - self.means[:, leader, None], variance


def exchangeable_finals(values_nR: Floats, fractions_R: Floats, table: Table, noise_R: Floats) -> Finals:
    """The finals of trials measured at some rungs.

    Args:
        values_nR: in percent; NaN where not measured. At least one is finite.
        fractions_R: rung / last rung, rising, the last is 1.
        table: kernels from recorded curves.
        noise_R: sd of a measurement at each rung as this sweep's own seeds show it, 0 where they don't; no
            kernel may suppose less.
    """
    prior = _prior(table, tuple(fractions_R.tolist())).with_noise(noise_R)
    seen = _seen(values_nR, table.common.mean * to_go(fractions_R))
    log_weights_K = prior.log_weights + _common_curve(prior.with_unknown_levels(), seen).log_density
    weights_K = np.exp(log_weights_K - log_weights_K.max())
    heavy_K = weights_K > _LIGHT
    kept = prior.of(heavy_K)
    return _finals(kept, seen, weights_K[heavy_K] / weights_K[heavy_K].sum(), _common_curve(kept, seen))


@dataclass(frozen=True)
class _Prior:
    """Of all kernels at the rungs of a sweep."""

    own: Floats
    """(K, R, R) Covariance of a trial's deviation from the common curve, without noise."""
    common: Floats
    """(K, R, R) Covariance of the common curve."""
    noise: Floats
    """(K, R) Variance of a measurement."""
    log_weights: Floats
    """(K,)"""

    def of(self, kept_K: NDArray[np.bool_]) -> _Prior:
        """Some of the kernels."""
        return _Prior(self.own[kept_K], self.common[kept_K], self.noise[kept_K], self.log_weights[kept_K])

    def with_noise(self, least_R: Floats) -> _Prior:
        """No measurement has a smaller sd than this."""
        return replace(self, noise=np.maximum(self.noise, least_R**2))

    def with_unknown_levels(self) -> _Prior:
        """Trials may lie any distance apart.

        By the levels of trials a kernel must not be chosen: one hopeless trial would speak for kernels of
        large differences in everything, and so raise its own chances. What tells is how curves go on.
        """
        return replace(self, own=self.own + _UNKNOWN_LEVEL_SD**2)

    def between(self, at: Ints) -> Floats:
        """(K, P, P) Covariance of measurements of one trial at some rungs about the common curve."""
        return np.asarray(self.own[:, at[:, None], at] + self.noise[:, at, None] * np.eye(len(at)))


@functools.lru_cache(maxsize=32)
def _prior(table: Table, fractions: tuple[float, ...]) -> _Prior:
    g = to_go(np.array(fractions))
    left, right, least = g[:, None], g[None], np.minimum(g[:, None], g[None])

    def column(name: str) -> Floats:
        return np.array([getattr(kernel, name) for kernel in table.kernels])[:, None, None]

    level, gain, walk = column("level"), column("gain"), column("walk")
    own = level**2 - column("correlation") * level * gain * (left + right) + gain**2 * left * right
    common = _LEVEL_SD**2 + column("common_gain") ** 2 * left * right + table.common.drift**2 * least
    noise = np.broadcast_to(column("noise")[:, 0] ** 2, own.shape[:2])
    return _Prior(own + walk**2 * least, common, noise, column("log_weight")[:, 0, 0])


@dataclass(frozen=True)
class _Seen:
    """Measurements, by which rungs a trial was measured at."""

    centre: float
    residuals: Floats
    """(n, R) Values less the centre and the common gain that is still to come."""
    groups: list[tuple[Ints, Ints]]
    """Rungs, and the trials that were measured at just those."""


def _seen(values_nR: Floats, to_come_R: Floats) -> _Seen:
    centre = float(np.nanmean(values_nR))
    measured_nR = np.isfinite(values_nR)
    alike: dict[bytes, list[int]] = {}
    for trial, measured_R in enumerate(measured_nR):
        alike.setdefault(measured_R.tobytes(), []).append(trial)
    groups = [
        (np.flatnonzero(np.frombuffer(measured, dtype=np.bool_)), np.array(trials))
        for measured, trials in sorted(alike.items())  # sums don't hang on the order of trials
    ]
    return _Seen(centre, values_nR - centre + to_come_R, groups)


@dataclass(frozen=True)
class _CommonCurve:
    """What the trials tell of the common curve, for each kernel."""

    log_density: Floats
    """(K,) Of all that was measured, but for a constant."""
    mean: Floats
    """(K, R)"""
    covariance: Floats
    """(K, R, R)"""


def _common_curve(prior: _Prior, seen: _Seen) -> _CommonCurve:
    log_density_K = np.zeros(len(prior.noise))
    precision_KRR, pull_KR = np.zeros_like(prior.own), np.zeros_like(prior.noise)
    for at, trials in seen.groups:
        covariance_KPP = prior.between(at)
        inverse_KPP = np.linalg.inv(covariance_KPP)
        residuals_nP = seen.residuals[np.ix_(trials, at)]
        squares_PP = residuals_nP.T @ residuals_nP
        log_density_K -= 0.5 * np.sum(inverse_KPP * squares_PP, axis=(1, 2))
        log_density_K -= 0.5 * len(trials) * np.linalg.slogdet(covariance_KPP)[1]
        precision_KRR[:, at[:, None], at] += len(trials) * inverse_KPP
        pull_KR[:, at] += inverse_KPP @ residuals_nP.sum(axis=0)
    mixing_KRR = np.eye(prior.noise.shape[1]) + prior.common @ precision_KRR
    covariance_KRR = np.linalg.solve(mixing_KRR, prior.common)
    mean_KR = (covariance_KRR @ pull_KR[..., None])[..., 0]
    log_density_K += 0.5 * np.sum(pull_KR * mean_KR, axis=1) - 0.5 * np.linalg.slogdet(mixing_KRR)[1]
    return _CommonCurve(log_density_K, mean_KR, np.asarray(covariance_KRR, dtype=np.float64))


def _finals(prior: _Prior, seen: _Seen, weights_K: Floats, common: _CommonCurve) -> Finals:
    kernels, rungs = prior.noise.shape
    last = rungs - 1
    means = np.empty((kernels, len(seen.residuals)))
    variances, shares = np.zeros_like(means), np.zeros((*means.shape, rungs))
    for at, trials in seen.groups:
        if last in at:
            means[:, trials] = seen.centre + seen.residuals[trials, last]
            continue
        cross_KP = prior.own[:, at, last]
        weight_KP = np.linalg.solve(prior.between(at), cross_KP[..., None])[..., 0]
        reach_KR = np.zeros((kernels, rungs))
        reach_KR[:, at] = -weight_KP
        reach_KR[:, last] += 1
        own_Kn = weight_KP @ seen.residuals[np.ix_(trials, at)].T
        means[:, trials] = seen.centre + own_Kn + np.sum(reach_KR * common.mean, axis=1)[:, None]
        variance_K = prior.own[:, last, last] + prior.noise[:, last] - np.sum(weight_KP * cross_KP, axis=1)
        variances[:, trials] = variance_K[:, None]
        shares[:, trials] = reach_KR[:, None]
    return Finals(weights_K, means, variances, shares, common.covariance)
