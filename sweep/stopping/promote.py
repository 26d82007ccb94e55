"""Pause and promote: a trial that falls behind waits with its checkpoint, and goes on if it may yet matter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sweep.curves.prediction.table import Table
from sweep.stopping.guarded import in_percent
from sweep.stopping.overtaking import chances_to_overtake
from sweep.stopping.rule import Case, Curve, Promotion, Proposal


@dataclass(frozen=True)
class Promote:
    """Pauses all trials at every rung, and promotes those that may yet end as the best (`aim: winner`)."""

    delta: float
    aim: Literal["winner", "curve"] = "winner"
    spend: float | None = None
    seeds_together: bool = True
    table: Table | None = None
    """Recorded curves in place of the package's: a benchmark leaves a task out."""

    name = "promote"

    def propose(self, case: Case) -> Proposal:
        """`continue` if the candidate would be promoted at once, else `pause`."""
        own = case.candidate.trial_id
        curves = [replace(curve, paused=True) if curve.trial_id == own else curve for curve in case.curves]
        promotion = self.promote(curves, case.rungs)
        if promotion is not None and promotion.trial_id == own:
            return Proposal(decision="continue", reason=promotion.reason, overtakes=promotion.overtakes)
        chance = self.chances(curves, case.rungs)[own]
        return Proposal(
            decision="pause",
            reason=f"waits: it overtakes the leader by the end with a chance of {in_percent(chance)}",
            overtakes=chance,
        )

    def promote(self, curves: Sequence[Curve], rungs: tuple[int, ...]) -> Promotion | None:
        """The paused trial with the best chance, if that is at least `delta`."""
        if any(curve.running and math.isnan(curve.values[0]) for curve in curves):
            return None
        chances = self.chances(curves, rungs)
        paused = [curve.trial_id for curve in curves if curve.paused]
        best = max(paused, key=lambda trial_id: (chances[trial_id], trial_id), default=None)
        if best is None or chances[best] < self.delta:
            return None
        reason = f"overtakes the leader by the end with a chance of {in_percent(chances[best])}"
        return Promotion(trial_id=best, reason=reason, overtakes=chances[best])

    def chances(self, curves: Sequence[Curve], rungs: tuple[int, ...]) -> dict[str, float]:
        """By trial_id, of every open trial."""
        return chances_to_overtake(curves, rungs, seeds_together=self.seeds_together, table=self.table)
