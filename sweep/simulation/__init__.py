"""Recorded curves through any stopping rule: what it would have cost, and what it would have lost."""

from sweep.simulation.loop import Decider, Outcome, run

__all__ = ["Decider", "Outcome", "run"]
