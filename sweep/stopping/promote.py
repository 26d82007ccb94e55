"""Pause and promote: a trial waits at each rung with its checkpoint, and goes on if that is worth it.

Nothing is lost by a pause but time, so the bar may be high while others run, whose results will tell more,
and is lowered to what was asked for when nobody does. All trials come to the first rung before any goes
beyond it. Compare ASHA as its authors wrote it (Li et al. 2018), which promotes the top 1/eta of a rung
whatever the values say, and freeze-thaw (Swersky et al. 2014, https://arxiv.org/abs/1406.3896), from which
the idea to thaw trials by predicted curves is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sweep.curves.prediction.table import Table
from sweep.percent import in_percent
from sweep.stopping.aims import Aim, Choice, WholeCurve, Winner
from sweep.stopping.overtaking import chances_to_overtake
from sweep.stopping.rule import Case, Curve, Promotion, Proposal


@dataclass(frozen=True)
class Promote:
    """Pauses trials at rungs, and lets those go on that serve the aim."""

    delta: float
    """Of the aim `winner`: chance to overtake the leader below which a trial does not go on, 0..1."""
    aim: Literal["winner", "curve"] = "winner"
    spend: float | None = None
    """Share of the iterations of all trials to the end, 0..1, that may be spent, and is whatever the evidence
    says, unless what is left brings nobody to the end. None: as much as the aim asks for."""
    seeds_together: bool = True
    """The chance is that of the arm."""
    tolerance: float = 0.6
    """Of the aim `curve`: error of the final values, expected mean over trials in percent, that will do."""
    table: Table | None = None
    """Recorded curves in place of the package's: a benchmark leaves a task out."""

    name = "promote"

    def propose(self, case: Case) -> Proposal:
        """`continue` if the candidate would be promoted at once, else `pause`."""
        own = case.candidate.trial_id
        curves = [replace(curve, paused=True) if curve.trial_id == own else curve for curve in case.curves]
        chances = self.chances(curves, case.rungs)
        chance = chances[own]
        choice = self._choice(curves, case.rungs, chances)
        if choice is not None and choice.trial_id == own:
            reason = f"{choice.reason}; {_words(chance)}"
            return Proposal(decision="continue", reason=reason, overtakes=chance)
        return Proposal(decision="pause", reason=f"waits with {_words(chance)}", overtakes=chance)

    def promote(self, curves: Sequence[Curve], rungs: tuple[int, ...]) -> Promotion | None:
        """The paused trial that serves the aim best, if it is worth its iterations."""
        chances = self.chances(curves, rungs)
        choice = self._choice(curves, rungs, chances)
        if choice is None:
            return None
        chance = chances[choice.trial_id]
        reason = f"{choice.reason}; {_words(chance)}"
        return Promotion(trial_id=choice.trial_id, reason=reason, overtakes=chance)

    def chances(self, curves: Sequence[Curve], rungs: tuple[int, ...]) -> dict[str, float]:
        """By trial_id, the chance of each open trial to overtake the leader."""
        return chances_to_overtake(curves, rungs, seeds_together=self.seeds_together, table=self.table)

    def _choice(
        self, curves: Sequence[Curve], rungs: tuple[int, ...], chances: Mapping[str, float]
    ) -> Choice | None:
        if not any(curve.paused for curve in curves):
            return None
        if any(curve.running and not curve.reached for curve in curves):
            return None
        left = math.inf if self.spend is None else self.spend - spent_share(curves, rungs)
        if left <= _ROUNDING:
            return None
        return self._aim.choose(curves, rungs, chances, left * len(curves))

    @property
    def _aim(self) -> Aim:
        """Where iterations shall be spent anyway, there is no bar as soon as nobody runs."""
        if self.aim == "curve":
            return WholeCurve(0.0 if self.spend else self.tolerance, self.table)
        return Winner(0.0 if self.spend else self.delta)


_ROUNDING = 1e-9


def spent_share(curves: Sequence[Curve], rungs: tuple[int, ...]) -> float:
    """Share of the iterations of all trials to the end that are spent, or as good as spent: running trials
    count to their next rung, those that nothing stops to the end."""
    iterations = 0
    for curve in curves:
        reached = len(rungs) if curve.open and curve.to_the_end else curve.reached + curve.running
        iterations += rungs[min(reached, len(rungs)) - 1] if reached else 0
    return iterations / (len(curves) * rungs[-1])


def _words(chance: float) -> str:
    return f"a chance of {in_percent(chance)} to overtake the leader by the end"
