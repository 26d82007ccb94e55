"""The rule of a sweep without early stopping."""

from __future__ import annotations

from sweep.stopping.rule import Case, Proposal


class NoStopping:
    """Every trial goes on to its last iteration."""

    name = "none"

    def propose(self, case: Case) -> Proposal:
        """Always `continue`."""
        return Proposal(decision="continue", reason="early stopping is off")
