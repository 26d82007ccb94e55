"""Which differences between groups of values are more than noise. Pure numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class PooledNoise:
    """Standard deviation within groups, taken to be the same in all of them."""

    sd: float
    degrees_of_freedom: int

    def margin(self, n: int, n_reference: int) -> float:
        """Half the width of the 95 % interval of a difference of two means of so many values."""
        quantile = stats.t.ppf((1 + CONFIDENCE) / 2, self.degrees_of_freedom)
        return float(quantile * self._standard_error(n, n_reference))

    def p_value(self, difference: float, n: int, n_reference: int) -> float:
        """Two-sided, of no difference."""
        statistic = abs(difference) / self._standard_error(n, n_reference)
        return float(2 * stats.t.sf(statistic, self.degrees_of_freedom))

    def _standard_error(self, n: int, n_reference: int) -> float:
        return self.sd * math.sqrt(1 / n + 1 / n_reference)


@dataclass(frozen=True)
class Difference:
    """A mean less that of the reference, in the units of the values."""

    value: float
    margin: float | None
    """Half the width of its 95 % interval; None where the noise is unknown."""
    p_value: float | None
    """Of no difference, this one comparison taken alone."""
    p_holm: float | None
    """The same after Holm's correction for all comparisons."""

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval, not corrected for the number of comparisons."""
        return None if self.margin is None else (self.value - self.margin, self.value + self.margin)

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval does."""
        return self.margin is not None and abs(self.value) > self.margin

    @property
    def is_shown(self) -> bool:
        """Whether there is a difference, by Holm's correction at 5 %."""
        return self.p_holm is not None and self.p_holm < 1 - CONFIDENCE


def pooled_noise(groups: Mapping[str, Sequence[float]]) -> PooledNoise | None:
    """The noise within groups of finite values; None if no group has two, or if equal values tell nothing.

    sd = sqrt(sum of squared deviations from the group means / sum of (n - 1)), as in a one-way analysis of
    variance.
    """
    repeated = [np.asarray(values) for values in groups.values() if len(values) > 1]
    degrees_of_freedom = sum(len(values) - 1 for values in repeated)
    squares = sum(float(((values - values.mean()) ** 2).sum()) for values in repeated)
    if not squares:
        return None
    return PooledNoise(math.sqrt(squares / degrees_of_freedom), degrees_of_freedom)


def differences(
    groups: Mapping[str, Sequence[float]], references: Mapping[str, str]
) -> dict[str, Difference]:
    """The difference of each group from its reference, by name: Student's t with pooled noise.

    `references` names the reference of every group that is to be compared. Groups are non-empty; their
    values are finite.
    """
    noise = pooled_noise(groups)
    values = {name: _mean(groups[name]) - _mean(groups[other]) for name, other in references.items()}
    if noise is None:
        return {name: Difference(value, None, None, None) for name, value in values.items()}
    sizes = {name: (len(groups[name]), len(groups[other])) for name, other in references.items()}
    p_values = {name: noise.p_value(value, *sizes[name]) for name, value in values.items()}
    corrected = holm(p_values)
    return {
        name: Difference(value, noise.margin(*sizes[name]), p_values[name], corrected[name])
        for name, value in values.items()
    }


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """P-values corrected for their number, by name.

    Holm 1979, A simple sequentially rejective multiple test procedure: the chance of even one false find
    stays below the level, whatever the comparisons share.
    """
    corrected: dict[str, float] = {}
    largest = 0.0
    for i, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        largest = max(largest, min(1.0, (len(p_values) - i) * p_values[name]))
        corrected[name] = largest
    return corrected


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
