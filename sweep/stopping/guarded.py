"""ASHA proposes, the guard disposes: nobody is stopped who may yet overtake the leader."""

from __future__ import annotations

from dataclasses import dataclass

from sweep.curves.prediction.table import Table
from sweep.percent import in_percent
from sweep.stopping.overtaking import chances_to_overtake
from sweep.stopping.rule import Case, Proposal, Rule


@dataclass(frozen=True)
class Guarded:
    """Stops whom another rule would stop, if the chance that it ends above the leader is below `delta`."""

    proposer: Rule
    delta: float
    """0..1; 0.05 is wrong about one stop in twenty at worst, if the model of the curves is right."""
    seeds_together: bool = True
    """The chance is that of the arm."""
    table: Table | None = None
    """Recorded curves in place of the package's: a benchmark leaves a task out."""

    name = "guarded"

    def propose(self, case: Case) -> Proposal:
        """As the proposer would, unless the candidate may yet overtake."""
        proposal = self.proposer.propose(case)
        if proposal.decision != "stop":
            return proposal
        chances = chances_to_overtake(
            case.curves, case.rungs, seeds_together=self.seeds_together, table=self.table
        )
        chance = chances[case.candidate.trial_id]
        goes_on = chance >= self.delta
        its_chance = f"its chance to overtake the leader by the end is {in_percent(chance)}"
        words = f"but {its_chance}, not below" if goes_on else f"and {its_chance}, below"
        return Proposal(
            decision="continue" if goes_on else "stop",
            reason=f"{proposal.reason}; {words} delta ({in_percent(self.delta)})",
            cutoff=proposal.cutoff,
            overtakes=chance,
        )
