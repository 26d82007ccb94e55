"""How much trials differ that differ in nothing but their seed, and what such noise hides."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
"""Of the intervals of noise and of differences."""

PRIOR_SD = {0.2: 0.70, 1.0: 0.63}
"""Sd of val_miou between equal trainings, by share of the iterations: PSPNet-R50, BDD10k (PROVE, MIT)."""

_RECORDED = "the val_miou of equal trainings of PSPNet-R50 on BDD10k"

PRIOR_DEGREES_OF_FREEDOM = 41.0
"""Of the 42 equal trainings that the prior comes from. Another data set may have another noise."""

_POOLED_COUNTS_AS = 1.0
"""Values, beside an arm's own, where arms differ in noise. More of them, and intervals of the noisiest arm
against others hold 95 % no longer."""

Arms = Mapping[str, Mapping[int, float]]
"""Values at one rung, in percent, by arm and seed."""


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Seed-to-seed standard deviation at one rung, in points of percent."""

    rung: int
    sd: float
    degrees_of_freedom: float
    source: Literal["measured", "prior"]
    """`prior`: no arm has two differing seeds here; the value is that of other trainings."""
    by_arm: Mapping[str, float]
    """The sd of each arm where arms differ in it by more than chance; else empty."""
    freedom_by_arm: Mapping[str, float] = field(default_factory=dict)
    """Degrees of freedom of the sds in `by_arm`."""
    p_equal: float | None
    """Of equal noise in all arms, by Bartlett's test; None where it cannot be told."""
    prior: str = ""
    """In words: where a prior comes from."""

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the sd, from chi-square."""
        tails = stats.chi2.ppf([(1 + CONFIDENCE) / 2, (1 - CONFIDENCE) / 2], self.degrees_of_freedom)
        lower, upper = self.sd * np.sqrt(self.degrees_of_freedom / tails)
        return float(lower), float(upper)

    def of(self, arm: str) -> float:
        """The sd of an arm's trials."""
        return self.by_arm.get(arm, self.sd)

    def freedom_of(self, arm: str) -> float:
        """Degrees of freedom of the sd of an arm's trials; infinite where a prior is supposed."""
        return self.freedom_by_arm.get(arm, self._freedom_of_test())

    def least_difference(self, seeds: int = 1) -> float:
        """The smallest difference of two arms of so many seeds whose 95 % interval excludes 0."""
        quantile = stats.t.ppf((1 + CONFIDENCE) / 2, self._freedom_of_test())
        return float(quantile * self.sd * math.sqrt(2 / seeds))

    def _freedom_of_test(self) -> float:
        """A prior is supposed, not estimated: what is said of it holds if it does."""
        return math.inf if self.source == "prior" else self.degrees_of_freedom


def noise_at(rung: int, final: int, arms: Arms, supposed: float = 0.0) -> Noise:
    """Pooled noise within arms at a rung: sqrt(sum of squared deviations / sum of (n - 1)).

    The prior where no arm has two differing values. Values finite.

    Args:
        supposed: the sd that the spec supposes. It is the prior where it is more than other trainings had.
    """
    repeated = {arm: np.array(list(values.values())) for arm, values in arms.items() if len(values) > 1}
    squares = {arm: float(((values - values.mean()) ** 2).sum()) for arm, values in repeated.items()}
    freedom = {arm: len(values) - 1 for arm, values in repeated.items()}
    total = sum(squares.values())
    if total <= sum(freedom.values()) * _equal_to_rounding(arms) ** 2:
        return _prior(rung, final, supposed)
    sd = math.sqrt(total / sum(freedom.values()))
    p_equal = _p_equal(list(repeated.values()))
    differ = list(repeated) if p_equal is not None and p_equal < 1 - CONFIDENCE else []
    return Noise(
        rung=rung,
        sd=sd,
        degrees_of_freedom=sum(freedom.values()),
        source="measured",
        by_arm={arm: _moderated(squares[arm], freedom[arm], sd) for arm in differ},
        freedom_by_arm={arm: freedom[arm] + _POOLED_COUNTS_AS for arm in differ},
        p_equal=p_equal,
    )


def prior_sd(share: float) -> float:
    """The prior at a share of the iterations, 0..1; between the two known ones on a logarithmic scale."""
    shares, sds = zip(*sorted(PRIOR_SD.items()), strict=True)
    return float(np.interp(math.log(max(share, 1e-9)), np.log(shares), sds))


def seeds_needed(gap: float, sd: float, power: float = 0.8) -> int:
    """Seeds an arm that show a gap of two arms with this power: Student's two-sided t at 5 %.

    `gap` and `sd` in points of percent, both above 0. At most 1000.
    """
    if gap <= 0 or sd <= 0:
        raise ValueError(f"gap is {gap} and sd is {sd}; both must be above 0")
    return 2 + bisect_left(range(2, 1000), power, key=lambda n: _power(gap / sd, n))


def _power(effect: float, seeds: int) -> float:
    freedom = 2 * seeds - 2
    critical = stats.t.ppf((1 + CONFIDENCE) / 2, freedom)
    return float(stats.nct.sf(critical, freedom, effect * math.sqrt(seeds / 2)))


def _prior(rung: int, final: int, supposed: float) -> Noise:
    by_spec = supposed > max(PRIOR_SD.values())
    return Noise(
        rung=rung,
        sd=supposed if by_spec else prior_sd(rung / final),
        prior="the spec's early_stopping.noise_sd" if by_spec else _RECORDED,
        degrees_of_freedom=PRIOR_DEGREES_OF_FREEDOM,
        source="prior",
        by_arm={},
        p_equal=None,
    )


def _p_equal(groups: list[np.ndarray]) -> float | None:
    """Bartlett 1937, over arms of three seeds and more: with three, a test of medians sees nothing."""
    groups = [values for values in groups if len(values) > 2]
    if len(groups) < 2 or min(np.ptp(values) for values in groups) == 0:
        return None
    return float(stats.bartlett(*groups).pvalue)


def _moderated(squares: float, freedom: int, sd: float) -> float:
    """An arm's own sd, drawn towards the pooled one: few seeds tell a variance badly.

    As Smyth 2004, Linear models and empirical Bayes methods, does for genes.
    """
    return math.sqrt((squares + _POOLED_COUNTS_AS * sd**2) / (freedom + _POOLED_COUNTS_AS))


def _equal_to_rounding(arms: Arms) -> float:
    """What values that should be equal may differ by: a training that repeats exactly tells no noise."""
    return 1e-9 * max((abs(value) for values in arms.values() for value in values.values()), default=0.0)
