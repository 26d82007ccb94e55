"""Rules that pause trials, plain enough to foresee what they do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sweep.stopping import Case, Curve, Promotion, Proposal


@dataclass(frozen=True)
class BestFirst:
    """Pauses all but the best; promotes the best of those at `worth` or above once nothing runs."""

    worth: float = 15.0
    name = "promote"

    def propose(self, case: Case) -> Proposal:
        is_best = case.candidate.value >= max(map(latest, case.curves))
        return Proposal(decision="continue" if is_best else "pause", reason="best" if is_best else "behind")

    def promote(self, curves: Sequence[Curve], rungs: tuple[int, ...]) -> Promotion | None:
        paused = [curve for curve in curves if curve.paused and latest(curve) >= self.worth]
        if not paused or any(curve.running for curve in curves):
            return None
        return Promotion(trial_id=max(paused, key=latest).trial_id, reason="worth it", overtakes=0.3)

    def chances(self, curves: Sequence[Curve], rungs: tuple[int, ...]) -> dict[str, float]:
        return {curve.trial_id: latest(curve) / 1000 for curve in curves if curve.open}


def latest(curve: Curve) -> float:
    """The last measured value; -inf before any."""
    return max((value for value in curve.values if not math.isnan(value)), default=-math.inf)


class PausesAll(BestFirst):
    """Pauses the best, too."""

    def propose(self, case: Case) -> Proposal:
        return Proposal(decision="pause", reason="waits for the others")


class Eager(BestFirst):
    """As BestFirst, whether or not anything runs."""

    def promote(self, curves: Sequence[Curve], rungs: tuple[int, ...]) -> Promotion | None:
        return super().promote([replace(curve, open=curve.paused) for curve in curves], rungs)
