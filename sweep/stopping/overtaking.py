"""How likely a trial is to end above the leader, by the joint model of all curves.

A value that dips is no news of the end (a trial 5 points down at one rung was back at the next): every trial
is seen by its best value so far.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr

from sweep.curves.prediction.exchangeable import Finals, exchangeable_finals
from sweep.curves.prediction.observed import Floats
from sweep.curves.prediction.table import Table, bundled_table
from sweep.stopping.rule import Curve

_FEWEST_FREEDOM = 2  # degrees of it, from which on the noise between the sweep's own seeds counts


def chances_to_overtake(
    curves: Sequence[Curve],
    rungs: tuple[int, ...],
    *,
    seeds_together: bool = True,
    table: Table | None = None,
) -> dict[str, float]:
    """By trial_id, the chance of each open trial, 0..1, that it ends above the leader.

    The leader is whoever else has the highest expected final value: a finished trial with what it measured,
    an open one with what it is expected to measure. With `seeds_together` it is the arm that leads, and the
    arm that overtakes, by the means over their seeds. Where nothing was measured of a trial nothing is known:
    1. A trial whose last value is NaN is given 0.
    """
    known = [curve for curve in curves if curve.is_measured]
    chances = {curve.trial_id: 0.0 if curve.diverged else 1.0 for curve in curves if curve.open}
    units = _units(known, len(rungs), seeds_together)
    if units:
        finals = _finals(known, rungs, table or bundled_table()).averaged(list(units.values()))
        for members, chance in zip(units.values(), _chances(finals), strict=True):
            own = (known[index] for index in members)
            chances |= {curve.trial_id: chance for curve in own if curve.open}
    return chances


def _units(known: Sequence[Curve], rungs: int, seeds_together: bool) -> dict[str, list[int]]:
    """Who contends with whom: indices of the trials of each arm that may still end as the best, or did.

    Its seeds that were stopped count with what they would have measured: an arm is not the better for them.
    """
    units: dict[str, list[int]] = {}
    for index, curve in enumerate(known):
        if not curve.diverged:
            units.setdefault(curve.arm if seeds_together else curve.trial_id, []).append(index)
    return {
        name: members
        for name, members in units.items()
        if any(known[index].open or known[index].reached == rungs for index in members)
    }


def _chances(finals: Finals) -> list[float]:
    """Of each to end above whoever else is expected to end highest; 1 for the only one."""
    expected = finals.expected()
    if len(expected) == 1:
        return [1.0]
    second, leader = np.argsort(expected, kind="stable")[-2:].tolist()
    chances = _chances_against(finals, leader)
    chances[leader] = _chances_against(finals, second)[leader]
    return [float(chance) for chance in chances]


def _chances_against(finals: Finals, leader: int) -> Floats:
    mean_Kn, variance_Kn = finals.gaps(leader)
    sd_Kn = np.sqrt(np.maximum(variance_Kn, 1e-12))  # two finished trials: a difference, no chance
    return np.asarray(finals.weights @ ndtr(mean_Kn / sd_Kn))


def _finals(known: Sequence[Curve], rungs: tuple[int, ...], table: Table) -> Finals:
    values_nR = np.array([curve.values for curve in known])
    best_so_far_nR = np.fmax.accumulate(values_nR, axis=1)
    best_so_far_nR[np.isnan(values_nR)] = np.nan
    best_so_far_nR[:, -1] = values_nR[:, -1]  # the end is what it is
    fractions_R = np.array(rungs) / rungs[-1]
    noise_R = _measured_noise(known, values_nR)
    return exchangeable_finals(best_so_far_nR, fractions_R, table, noise_R)


def _measured_noise(known: Sequence[Curve], values_nR: Floats) -> Floats:
    """(R,) Sd within arms at each rung, pooled; 0 where too few arms have several seeds there to tell."""
    numbers: dict[str, int] = {}
    arms_n = np.array([numbers.setdefault(curve.arm, len(numbers)) for curve in known])
    noise_R = np.zeros(values_nR.shape[1])
    if len(known) - len(numbers) < _FEWEST_FREEDOM:
        return noise_R
    for at, values_n in enumerate(values_nR.T):
        there = np.isfinite(values_n)
        arms, values = arms_n[there], values_n[there]
        counts = np.bincount(arms, minlength=len(numbers))
        freedom = int(np.sum(counts[counts > 0] - 1))
        if freedom >= _FEWEST_FREEDOM:
            means = np.bincount(arms, values, minlength=len(numbers)) / np.maximum(counts, 1)
            noise_R[at] = math.sqrt(np.sum((values - means[arms]) ** 2) / freedom)
    return noise_R
