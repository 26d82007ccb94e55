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
    """The mean over its trials that are not NaN; NaN, which counts as worst, without any."""
    seeds: int
    """How many trials the mean is of."""


def contestants(case: Case, *, seeds_together: bool) -> tuple[Contestant, list[Contestant]]:
    """The candidate's side, and all others at the rung.

    With `seeds_together` an arm is one contestant: the candidate stands for its arm, and no seed of a good
    arm is lost to its bad luck, nor to another seed that diverged. A candidate that is NaN stands for itself.
    """
    if not seeds_together:
        return Contestant(case.candidate.value, 1), [Contestant(peer.value, 1) for peer in case.peers]
    arms: dict[str, list[float]] = {case.candidate.arm: [case.candidate.value]}
    for peer in case.peers:
        arms.setdefault(peer.arm, []).append(peer.value)
    own, *others = map(mean_of, arms.values())
    return (Contestant(math.nan, 1) if math.isnan(case.candidate.value) else own), others


def best_first(others: list[Contestant]) -> list[Contestant]:
    """By value; NaN comes last."""
    return sorted(others, key=lambda one: (math.isnan(one.value), -one.value, -one.seeds))


def mean_of(values: list[float]) -> Contestant:
    """The contestant that some trials are together."""
    known = sorted(value for value in values if not math.isnan(value))  # sums don't hang on the order
    return Contestant(fmean(known), len(known)) if known else Contestant(math.nan, len(values))
