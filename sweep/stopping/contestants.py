"""Who is compared with whom at a rung: arm with arm, or trial with trial."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean

from sweep.stopping.rule import Case


@dataclass(frozen=True)
class Contestant:
    """An arm as far as its seeds have reached the rung, or a single trial."""

    value: float
    """The mean over its trials; NaN, which counts as worst, if any of them is."""
    seeds: int
    """How many trials the mean is of."""


def contestants(case: Case, *, seeds_together: bool) -> tuple[Contestant, list[Contestant]]:
    """The candidate's side, and all others at the rung.

    With `seeds_together` an arm is one contestant: the candidate stands for its arm, and no seed of a good
    arm is lost to its bad luck.
    """
    if not seeds_together:
        return Contestant(case.candidate.value, 1), [Contestant(peer.value, 1) for peer in case.peers]
    arms: dict[str, list[float]] = {case.candidate.arm: [case.candidate.value]}
    for peer in case.peers:
        arms.setdefault(peer.arm, []).append(peer.value)
    own, *others = (Contestant(fmean(sorted(values)), len(values)) for values in arms.values())
    return own, others


def best_first(others: list[Contestant]) -> list[Contestant]:
    """By value; NaN comes last."""
    return sorted(others, key=lambda one: (math.isnan(one.value), -one.value, -one.seeds))
