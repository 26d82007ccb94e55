"""Which differences of arms from the baseline are more than noise, whichever arm one picks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from sweep.curves.noise import CONFIDENCE, Arms, Noise

_LEAST_PAIRED_FREEDOM = 3
"""Pairing costs a degree of freedom a seed; with fewer left than this, intervals would only grow."""

_DRAWS = 40_000


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The mean of an arm less that of its baseline, in points of percent."""

    value: float
    margin: float
    """Half the width of its 95 % interval, this one comparison taken alone."""
    simultaneous_margin: float
    """Half the width of the interval that holds for all compared arms at once, so for the best, too."""
    p_value: float
    """Of no difference, this comparison taken alone."""
    p_adjusted: float
    """Of no difference, corrected for all comparisons: single-step max-t (Westfall and Young 1993)."""
    rests_on_prior: bool
    """The noise is not measured but supposed."""

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of this one comparison."""
        return self.value - self.margin, self.value + self.margin

    @property
    def simultaneous_interval(self) -> tuple[float, float]:
        """The one that holds for all compared arms at once."""
        return self.value - self.simultaneous_margin, self.value + self.simultaneous_margin

    @property
    def is_shown(self) -> bool:
        """Whether there is a difference, at 5 % for all comparisons together, by noise that was measured."""
        return not self.rests_on_prior and self.p_adjusted < 1 - CONFIDENCE


@dataclass(frozen=True, kw_only=True)
class Differences:
    """All arms of a rung against their baselines."""

    by_arm: Mapping[str, Difference]
    paired: bool
    """Compared within seeds, which takes out what a seed does to all arms alike."""
    sd: float
    """Of the noise that the intervals rest on."""
    degrees_of_freedom: float
    """Of the intervals; infinite where the noise is a prior."""


def differences(arms: Arms, references: Mapping[str, str], noise: Noise) -> Differences:
    """The differences of arms from their references, all values finite.

    `references` names the reference of every arm that is to be compared. An additive model of arm and seed,
    where seeds are shared widely enough, else of the arm alone; least squares, weighted by the arms' noise.
    """
    fit = _paired_fit(arms, noise) if noise.source == "measured" else None
    paired = fit is not None
    fit = fit or _unpaired_fit(arms, noise)
    names = list(references)
    if not names:
        return Differences(by_arm={}, paired=paired, sd=fit.sd, degrees_of_freedom=fit.freedom)
    contrasts = np.stack([fit.contrast(name, references[name]) for name in names])
    values, covariance = contrasts @ fit.coefficients, contrasts @ fit.covariance @ contrasts.T
    errors = np.sqrt(np.diag(covariance))
    alone = stats.t.ppf((1 + CONFIDENCE) / 2, fit.freedom)
    largest = _largest_t(covariance / np.outer(errors, errors), fit.freedom)
    together = max(alone, float(np.quantile(largest, CONFIDENCE)))
    statistics = np.abs(values) / errors
    by_arm = {
        name: Difference(
            value=float(value),
            margin=float(alone * error),
            simultaneous_margin=float(together * error),
            p_value=(p_value := float(2 * stats.t.sf(statistic, fit.freedom))),
            p_adjusted=max(p_value, float(np.mean(largest >= statistic))),
            rests_on_prior=noise.source == "prior",
        )
        for name, value, error, statistic in zip(names, values, errors, statistics, strict=True)
    }
    return Differences(by_arm=by_arm, paired=paired, sd=fit.sd, degrees_of_freedom=fit.freedom)


@dataclass(frozen=True)
class _Fit:
    """A least-squares fit whose first coefficients are the arms'."""

    arms: list[str]
    coefficients: np.ndarray  # (k,)
    covariance: np.ndarray  # (k, k)
    sd: float
    freedom: float

    def contrast(self, arm: str, reference: str) -> np.ndarray:
        weights = np.zeros(len(self.coefficients))
        weights[self.arms.index(arm)] += 1
        weights[self.arms.index(reference)] -= 1
        return weights


def _unpaired_fit(arms: Arms, noise: Noise) -> _Fit:
    means = np.array([float(np.mean(list(values.values()))) for values in arms.values()])
    variances = [noise.of(arm) ** 2 / len(values) for arm, values in arms.items()]
    freedom = math.inf if noise.source == "prior" else noise.degrees_of_freedom
    return _Fit(list(arms), means, np.diag(variances), noise.sd, freedom)


def _paired_fit(arms: Arms, noise: Noise) -> _Fit | None:
    """None where too little is left after the seeds' own effects, or where not all seeds are connected."""
    names, seeds = list(arms), sorted({seed for values in arms.values() for seed in values})
    runs = [(arm, seed, value) for arm, values in arms.items() for seed, value in values.items()]
    design = np.zeros((len(runs), len(names) + len(seeds) - 1))
    for row, (arm, seed, _) in enumerate(runs):
        design[row, names.index(arm)] = 1
        if seed != seeds[0]:
            design[row, len(names) + seeds.index(seed) - 1] = 1
    freedom = len(runs) - design.shape[1]
    if freedom < _LEAST_PAIRED_FREEDOM or np.linalg.matrix_rank(design) < design.shape[1]:
        return None
    relative = np.array([noise.of(arm) / noise.sd for arm, _, _ in runs])
    whitened, target = design / relative[:, None], np.array([value for _, _, value in runs]) / relative
    inverse = np.linalg.inv(whitened.T @ whitened)
    coefficients = inverse @ whitened.T @ target
    residual = target - whitened @ coefficients
    variance = float(residual @ residual) / freedom
    if variance <= 1e-18:
        return None
    return _Fit(names, coefficients, variance * inverse, math.sqrt(variance), freedom)


def _largest_t(correlation: np.ndarray, freedom: float) -> np.ndarray:
    """Draws (40000,) of the largest |t| of so correlated comparisons; the same every time."""
    random = np.random.default_rng(20_260_101)
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.clip(values, 0, None))
    normal = random.standard_normal((_DRAWS, len(correlation))) @ root.T
    scale = 1.0 if math.isinf(freedom) else np.sqrt(random.chisquare(freedom, _DRAWS) / freedom)
    return np.asarray(np.abs(normal).max(axis=1) / scale)
