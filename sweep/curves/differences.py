"""Which differences of arms from the baseline are more than noise, whichever arm one picks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

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

    `references` names the reference, another arm, of every arm that is to be compared. Least squares on an
    additive model of arm and seed where seeds are shared widely enough, else on the arm alone. Where arms
    differ in noise they are not paired, and each has its own (Welch 1947).
    """
    paired = _paired_fit(arms) if noise.source == "measured" and not noise.by_arm else None
    fit = paired or _unpaired_fit(arms, noise)
    contrasts = {name: fit.contrast(name, other) for name, other in references.items()}
    freedom = {name: fit.freedom_of(contrast) for name, contrast in contrasts.items()}
    return Differences(
        by_arm=_compared(fit, contrasts, freedom, rests_on_prior=noise.source == "prior"),
        paired=paired is not None,
        sd=fit.sd,
        degrees_of_freedom=min(freedom.values(), default=float(fit.freedom.min())),
    )


def _compared(
    fit: _Fit,
    contrasts: Mapping[str, np.ndarray],
    freedom: Mapping[str, float],
    rests_on_prior: bool,
) -> dict[str, Difference]:
    """Each with its own degrees of freedom, where arms differ in noise (Hasler and Hothorn 2008)."""
    if not contrasts:
        return {}
    matrix = np.stack(list(contrasts.values()))
    values, covariance = matrix @ fit.coefficients, matrix @ fit.covariance @ matrix.T
    errors = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(errors, errors)
    largest = {degrees: _largest_t(correlation, degrees) for degrees in set(freedom.values())}
    return {
        name: _difference(float(value), float(error), freedom[name], largest[freedom[name]], rests_on_prior)
        for name, value, error in zip(contrasts, values, errors, strict=True)
    }


def _difference(
    value: float, error: float, freedom: float, largest: _Largest | None, rests_on_prior: bool
) -> Difference:
    statistic = abs(value) / error
    alone = together = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom))
    p_value = p_adjusted = float(2 * stats.t.sf(statistic, freedom))
    if largest is not None:
        together = max(alone, largest.quantile)
        p_adjusted = max(p_value, largest.share_from(statistic))
    return Difference(
        value=value,
        margin=alone * error,
        simultaneous_margin=together * error,
        p_value=p_value,
        p_adjusted=p_adjusted,
        rests_on_prior=rests_on_prior,
    )


@dataclass(frozen=True)
class _Fit:
    """A least-squares fit whose first coefficients are the arms'."""

    arms: list[str]
    coefficients: np.ndarray  # (k,)
    covariance: np.ndarray  # (k, k)
    sd: float
    freedom: np.ndarray  # (1,) of a variance that all arms share, or (k,) of each arm's own

    def contrast(self, arm: str, reference: str) -> np.ndarray:
        weights = np.zeros(len(self.coefficients))
        weights[self.arms.index(arm)] += 1
        weights[self.arms.index(reference)] -= 1
        return weights

    def freedom_of(self, contrast: np.ndarray) -> float:
        """Satterthwaite's where arms have their own variances."""
        if len(self.freedom) == 1:
            return float(self.freedom[0])
        parts = contrast**2 * np.diag(self.covariance)
        return float(parts.sum() ** 2 / (parts**2 / self.freedom).sum())


def _unpaired_fit(arms: Arms, noise: Noise) -> _Fit:
    means = np.array([float(np.mean(list(values.values()))) for values in arms.values()])
    variances = [noise.of(arm) ** 2 / len(values) for arm, values in arms.items()]
    freedom = [noise.freedom_of(arm) for arm in (arms if noise.by_arm else [""])]
    return _Fit(list(arms), means, np.diag(variances), noise.sd, np.array(freedom))


def _paired_fit(arms: Arms) -> _Fit | None:
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
    target = np.array([value for _, _, value in runs])
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ design.T @ target
    residual = target - design @ coefficients
    sd = math.sqrt(float(residual @ residual) / freedom)
    if sd <= 1e-9 * np.abs(target).max():
        return None
    return _Fit(names, coefficients, sd**2 * inverse, sd, np.array([freedom]))


@dataclass(frozen=True)
class _Largest:
    """Draws of the largest |t| of several comparisons."""

    rising: np.ndarray  # (40000,)
    quantile: float
    """That 95 % of them do not exceed."""

    def share_from(self, statistic: float) -> float:
        """How many of them are as large, 0..1."""
        return 1 - int(np.searchsorted(self.rising, statistic)) / len(self.rising)


def _largest_t(correlation: np.ndarray, freedom: float) -> _Largest | None:
    """Of so correlated comparisons; the same every time. None for an only one, which is exact without."""
    if len(correlation) == 1:
        return None
    return _drawn_largest_t(correlation.tobytes(), len(correlation), freedom)


@lru_cache(maxsize=32)  # a report compares at the same rungs in its tables, figures and words
def _drawn_largest_t(correlations: bytes, size: int, freedom: float) -> _Largest:
    """`correlations`: the matrix, (size, size), as bytes, which can be hashed."""
    random = np.random.default_rng(20_260_101)
    values, vectors = np.linalg.eigh(np.frombuffer(correlations).reshape(size, size))
    root = vectors * np.sqrt(np.clip(values, 0, None))
    normal = random.standard_normal((_DRAWS, size)) @ root.T
    scale = 1.0 if math.isinf(freedom) else np.sqrt(random.chisquare(freedom, _DRAWS) / freedom)
    rising = np.sort(np.abs(normal).max(axis=1) / scale)
    return _Largest(rising, float(np.quantile(rising, CONFIDENCE)))
