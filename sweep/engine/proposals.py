"""What a proposer of `search.method: curve` is asked and what it answers, and one that needs no fit."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sweep.ledger import SweepState
from sweep.results import comparable
from sweep.spec import Spec
from sweep.spec.space import REAL_RATIO

_DIGITS = 3  # of a share of real images: enough to place it, short enough to read


@dataclass(frozen=True)
class Proposal:
    """A trial that would help."""

    real_ratio: float
    """Share of real images, within the range that is searched and with few digits."""
    seed: int


class Proposer(Protocol):
    """Says what to train next. Called in a thread of its own, with a state that nobody else changes."""

    def __call__(self, state: SweepState, pending: Sequence[Proposal]) -> Sequence[Proposal]:
        """What to train next, best first; only the best that is new is taken, and then it is asked again.

        Args:
            state: all that the ledger holds, the pending trials included.
            pending: trials that are planned or running: what they will show is not known yet, but will be.

        Returns:
            Nothing where no further trial would help.
        """
        ...


def pending_trials(state: SweepState) -> tuple[Proposal, ...]:
    """Trials that are planned or running, in the order of the plan; controls left out."""
    left = [trial for trial in comparable(state).trials.values() if trial.ended is None]
    return tuple(Proposal(trial.planned.parameters[REAL_RATIO], trial.planned.seed) for trial in left)


def searched_range(spec: Spec) -> tuple[float, float]:
    """The smallest and the largest share of real images that may be proposed."""
    parameter = spec.search.parameters[REAL_RATIO]
    assert parameter.min is not None and parameter.max is not None, "a spec without them is refused"
    return parameter.min, parameter.max


def gap_proposals(spec: Spec, state: SweepState) -> tuple[Proposal, ...]:
    """The middle of the widest gap between the shares planned so far, with the first seed and an unused one.

    Always holds something new.
    """
    planned = [trial.planned for trial in comparable(state).trials.values()]
    middle = widest_gap(*searched_range(spec), (one.parameters[REAL_RATIO] for one in planned))
    unused = 1 + max([*spec.search.seeds, *(one.seed for one in planned)])
    return Proposal(middle, spec.search.seeds[0]), Proposal(middle, unused)


def widest_gap(low: float, high: float, tried: Iterable[float]) -> float:
    """The middle of the widest gap between the shares tried within [low, high]; both ends count as tried.

    Gaps are measured between square roots, since curves bend where there are few real images.
    """
    roots = sorted({math.sqrt(share) for share in (low, high, *tried) if low <= share <= high})
    left, right = max(itertools.pairwise(roots), key=lambda pair: pair[1] - pair[0])
    return min(max(round(((left + right) / 2) ** 2, _DIGITS), low), high)
