"""The joint model of all curves for many trials at once: no trial is more like one than like another.

It is the model of joint.py with `own` = 1: trials share a common curve, and each differs from it by a level,
a gain, a random walk and noise of its own. Without smoothness in real_ratio it holds for any parameters that a
sweep searches, and the trials are independent given the common curve: with R rungs and n trials the exact
posterior costs n R^2 + R^3 in place of (n R)^3, so that 1000 trials are judged in milliseconds.

Shapes: K kernels, n trials, R rungs, P patterns (which rungs a trial was measured at).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sweep.curves.prediction.observed import Floats, to_go
from sweep.curves.prediction.table import Table

_LEVEL_SD = 50.0  # of the common level, in percent: it is as good as unknown
_LIGHT = 1e-3  # a kernel with less of the weight is left out


@dataclass(frozen=True)
class Finals:
    """What every trial will measure at the end, as each kernel sees it. `final = shared . common + own`."""

    weights_K: Floats
    """Of the kernels; they sum to 1."""
    mean_Kn: Floats
    """Expected value; for a finished trial what it measured."""
    own_variance_Kn: Floats
    """The part of the variance that is independent from trial to trial; 0 for a finished one."""
    shared_KnR: Floats
    """How the value hangs on the common curve, which is not known exactly either."""
    common_KRR: Floats
    """Covariance of the common curve."""

    def expected(self) -> Floats:
        """(n,) Averaged over kernels."""
        return np.asarray(self.weights_K @ self.mean_Kn)

    def averaged(self, groups: Sequence[Sequence[int]]) -> Finals:
        """The means over groups of trials, in place of the trials.

        What is a trial's own is added up as if it were the same for all of its group: a mean over seeds is
        not known better than one of them, since seeds of an arm share what the arm is.
        """
        average_gn = np.zeros((len(groups), self.mean_Kn.shape[1]))
        for number, group in enumerate(groups):
            average_gn[number, list(group)] = 1 / len(group)
        return replace(
            self,
            mean_Kn=self.mean_Kn @ average_gn.T,
            own_variance_Kn=(np.sqrt(self.own_variance_Kn) @ average_gn.T) ** 2,
            shared_KnR=np.einsum("gn,knr->kgr", average_gn, self.shared_KnR, optimize=True),
        )

    def gaps(self, leader: int) -> tuple[Floats, Floats]:
        """Mean and variance, each (K, n), of every trial's final less the leader's."""
        apart = self.shared_KnR - self.shared_KnR[:, leader, None]
        shared = np.sum((apart @ self.common_KRR) * apart, axis=-1)
        variance = shared + self.own_variance_Kn + self.own_variance_Kn[:, leader, None]
        return self.mean_Kn - self.mean_Kn[:, leader, None], variance


def exchangeable_finals(values_nR: Floats, fractions_R: Floats, table: Table, noise_R: Floats) -> Finals:
    """The finals of trials measured at some rungs.

    Args:
        values_nR: in percent; NaN where not measured. At least one is finite.
        fractions_R: rung / last rung, rising, the last is 1.
        table: kernels from recorded curves.
        noise_R: sd of a measurement at each rung as this sweep's own seeds show it, 0 where they don't; no
            kernel may suppose less.
    """
    prior = _prior(table, tuple(fractions_R.tolist()))
    centre = float(np.nanmean(values_nR))
    residuals_nR = values_nR - centre + table.common.mean * to_go(fractions_R)
    measured_nR = np.isfinite(values_nR)
    noise_KR = np.maximum(prior.noise_K[:, None], noise_R[None]) ** 2
    groups = _by_pattern(measured_nR)
    log_weight_K, precision_KRR, pull_KR = _evidence(prior, groups, residuals_nR, noise_KR)
    identity = np.eye(len(fractions_R))
    mixing_KRR = identity + prior.common_KRR @ precision_KRR
    common_KRR = np.linalg.solve(mixing_KRR, prior.common_KRR)
    common_mean_KR = (common_KRR @ pull_KR[..., None])[..., 0]
    log_weight_K = log_weight_K + 0.5 * np.einsum("kr,kr->k", pull_KR, common_mean_KR)
    log_weight_K -= 0.5 * np.linalg.slogdet(mixing_KRR)[1]
    weights_K = np.exp(log_weight_K - log_weight_K.max())
    heavy = weights_K > _LIGHT
    return _finals(
        prior.of(heavy),
        groups,
        residuals_nR,
        noise_KR[heavy],
        weights_K[heavy] / weights_K[heavy].sum(),
        common_KRR[heavy],
        common_mean_KR[heavy],
        centre,
    )


@dataclass(frozen=True)
class _Prior:
    """Of all kernels at the rungs of a sweep."""

    own_KRR: Floats
    """Covariance of a trial's deviation from the common curve, without noise."""
    common_KRR: Floats
    noise_K: Floats
    log_weight_K: Floats

    def of(self, kept_K: NDArray[np.bool_]) -> _Prior:
        """Some of the kernels."""
        return _Prior(
            self.own_KRR[kept_K], self.common_KRR[kept_K], self.noise_K[kept_K], self.log_weight_K[kept_K]
        )


@functools.lru_cache(maxsize=32)
def _prior(table: Table, fractions: tuple[float, ...]) -> _Prior:
    g = to_go(np.array(fractions))
    left, right, least = g[:, None], g[None], np.minimum(g[:, None], g[None])

    def column(name: str) -> Floats:
        return np.array([getattr(kernel, name) for kernel in table.kernels])[:, None, None]

    level, gain, walk = column("level"), column("gain"), column("walk")
    own = level**2 - column("correlation") * level * gain * (left + right) + gain**2 * left * right
    common = _LEVEL_SD**2 + column("common_gain") ** 2 * left * right + table.common.drift**2 * least
    return _Prior(own + walk**2 * least, common, column("noise")[:, 0, 0], column("log_weight")[:, 0, 0])


def _by_pattern(measured_nR: NDArray[np.bool_]) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Rungs that were measured, and the trials that were measured there; trials without any are left out."""
    patterns, inverse = np.unique(measured_nR, axis=0, return_inverse=True)
    return [
        (np.flatnonzero(pattern), np.flatnonzero(inverse.ravel() == number))
        for number, pattern in enumerate(patterns)
    ]


def _evidence(
    prior: _Prior,
    groups: list[tuple[NDArray[np.int64], NDArray[np.int64]]],
    residuals_nR: Floats,
    noise_KR: Floats,
) -> tuple[Floats, Floats, Floats]:
    """Log density of the trials about a common curve of 0, (K,); and what they say of it: precision, pull."""
    kernels, rungs = noise_KR.shape
    log_density_K = prior.log_weight_K.copy()
    precision_KRR, pull_KR = np.zeros((kernels, rungs, rungs)), np.zeros((kernels, rungs))
    for at, trials in groups:
        if not len(at):
            continue
        covariance = prior.own_KRR[:, at[:, None], at] + noise_KR[:, at, None] * np.eye(len(at))
        inverse = np.linalg.inv(covariance)
        residuals = residuals_nR[np.ix_(trials, at)]
        squares = residuals.T @ residuals
        log_density_K -= 0.5 * np.einsum("kab,ab->k", inverse, squares)
        log_density_K -= 0.5 * len(trials) * np.linalg.slogdet(covariance)[1]
        precision_KRR[:, at[:, None], at] += len(trials) * inverse
        pull_KR[:, at] += inverse @ residuals.sum(axis=0)
    return log_density_K, precision_KRR, pull_KR


def _finals(
    prior: _Prior,
    groups: list[tuple[NDArray[np.int64], NDArray[np.int64]]],
    residuals_nR: Floats,
    noise_KR: Floats,
    weights_K: Floats,
    common_KRR: Floats,
    common_mean_KR: Floats,
    centre: float,
) -> Finals:
    kernels, rungs = noise_KR.shape
    trials = len(residuals_nR)
    mean, variance = np.zeros((kernels, trials)), np.zeros((kernels, trials))
    shared = np.zeros((kernels, trials, rungs))
    last = rungs - 1
    for at, members in groups:
        if last in at:
            mean[:, members] = centre + residuals_nR[members, last]
            continue
        covariance = prior.own_KRR[:, at[:, None], at] + noise_KR[:, at, None] * np.eye(len(at))
        cross = prior.own_KRR[:, at, last]
        weight = np.linalg.solve(covariance, cross[..., None])[..., 0]
        reach = np.zeros((kernels, rungs))
        reach[:, at] = -weight
        reach[:, last] += 1
        own = weight @ residuals_nR[np.ix_(members, at)].T
        mean[:, members] = centre + own + np.einsum("kr,kr->k", reach, common_mean_KR)[:, None]
        spread = prior.own_KRR[:, last, last] + noise_KR[:, last] - np.einsum("ka,ka->k", weight, cross)
        variance[:, members] = spread[:, None]
        shared[:, members] = reach[:, None]
    return Finals(weights_K, mean, variance, shared, common_KRR)
