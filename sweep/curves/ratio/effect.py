"""Whether real_ratio has any effect: a test that holds its level whatever shape is looked for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from sweep.curves.noise import CONFIDENCE, Noise
from sweep.curves.ratio.fit import RatioCurve, akaike, ratio_smoothers
from sweep.curves.ratio.observations import Observations
from sweep.curves.ratio.smoothers import Smoother

_NULL_SWEEPS = 1999
_Z_99 = 2.326


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What is known of an effect of real_ratio at one rung."""

    p_value: float | None
    """Of no effect, from measured values alone; None with fewer than two shares of real images.

    That of `effect_of` is for one curve, that of `corrected` for all curves of a sweep."""
    largest: float
    """An effect above this, between the shares that were run, is excluded: 95 % limit in points. No less than
    that of any two arms, which suppose no shape."""
    rests_on_prior: bool
    """The noise is not measured but supposed."""

    @property
    def is_suggested(self) -> bool:
        """Whether there is an effect, at 5 %, if the noise is what it is taken for."""
        return self.p_value is not None and self.p_value <= 1 - CONFIDENCE

    @property
    def is_shown(self) -> bool:
        """Whether there is an effect, at 5 %, by noise that was measured."""
        return self.is_suggested and not self.rests_on_prior


def effect_of(curve: RatioCurve) -> Effect:
    """Tests the measured values against a flat curve, and bounds the curve between them."""
    low, high = curve.observations.range
    inside = curve.draws[:, (curve.grid >= low) & (curve.grid <= high)]
    measured = curve.observations.only_measured
    return Effect(
        p_value=_p_value(measured, curve.noise),
        largest=max(
            float(np.quantile(np.ptp(inside, axis=1), CONFIDENCE)), _largest_of_pairs(measured, curve.noise)
        ),
        rests_on_prior=curve.noise.source == "prior",
    )


def corrected(effects: Sequence[Effect | None]) -> list[Effect | None]:
    """The same effects, their p-values corrected for how many curves were tested (Holm 1979)."""
    p_values = [effect.p_value if effect else None for effect in effects]
    tested = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    found, largest = list(effects), 0.0
    for rank, (p_value, i) in enumerate(tested):
        largest = max(largest, min(1.0, (len(tested) - rank) * p_value))
        effect = effects[i]
        assert effect is not None
        found[i] = replace(effect, p_value=largest)
    return found


def _largest_of_pairs(observations: Observations, noise: Noise) -> float:
    """The largest one-sided 95 % limit of a difference of two arms, whatever lies between them."""
    values, variances = observations.value, np.diag(observations.covariance)
    gaps = np.abs(values[:, None] - values[None, :])
    errors = np.sqrt(variances[:, None] + variances[None, :])
    freedom = math.inf if noise.source == "prior" else noise.degrees_of_freedom
    limits = gaps + stats.t.ppf(CONFIDENCE, freedom) * errors
    return float(limits[~np.eye(len(values), dtype=bool)].max(initial=0.0))


def _p_value(observations: Observations, noise: Noise) -> float | None:
    """How often flat sweeps of this design favour some shape as much as this one does.

    The best of many shapes fits noise well, so what counts as much is found by simulation: the same fits to
    1999 sweeps without an effect (Davison and Hinkley 1997, 4.2). The upper end of that count's own 99 %
    error is given, so that a rare draw of the 1999 cannot make claims too easy.
    """
    smoothers = (
        ratio_smoothers(observations, noise, observations.real_ratio) if len(observations.value) else []
    )
    if len(smoothers) < 2:  # none but the flat one, where all values share one real_ratio
        return None
    random = np.random.default_rng(11)
    root = np.linalg.cholesky(observations.covariance)
    null = root @ random.standard_normal((len(root), _NULL_SWEEPS))
    freedom = noise.degrees_of_freedom
    spread = np.ones(_NULL_SWEEPS)
    if noise.source == "measured":
        spread = random.chisquare(freedom, _NULL_SWEEPS) / freedom
    values = np.column_stack([observations.value, null])
    variance = noise.sd**2 * np.concatenate([[1.0], spread])
    favoured = _favour_over_flat(smoothers, values, freedom, variance)
    beyond = int((favoured[1:] >= favoured[0]).sum())
    return min(1.0, (1 + beyond + _Z_99 * math.sqrt(beyond)) / len(favoured))


def _favour_over_flat(
    smoothers: list[Smoother], values: np.ndarray, freedom: float, variance: np.ndarray
) -> np.ndarray:
    """(s,) by how much the criterion of the best shape is better than the flat one's, for values (n, s)."""
    n = len(values) + freedom
    scores = [
        akaike(freedom * variance + ((smoother.residual @ values) ** 2).sum(axis=0), n, smoother.parameters)
        for smoother in smoothers
    ]
    return np.asarray(scores[0] - np.min(scores[1:], axis=0))
