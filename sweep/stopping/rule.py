"""What every stopping rule is asked and what it answers. Pure: no Ray, no files, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sweep.ledger.events import Decision


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """The trial that has just been validated at a rung."""

    trial_id: str
    arm: str
    seed: int
    rung: int
    """Iteration of the validation, exactly."""
    value: float
    """The judged metric, higher is better; NaN counts as worst."""
    protected: bool
    """Its arm is among those never to be stopped."""
    baseline: bool
    """It belongs to the arm that others are compared with."""
    is_last_rung: bool
    metric: str = "val_miou"
    """What `value` is called in reasons."""
    continued: bool = False
    """It was stopped before and continues because that was asked for."""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """Another trial that was validated at exactly the candidate's rung, whatever became of it since.

    Trials of the candidate's own arm are peers too.
    """

    trial_id: str
    arm: str
    seed: int
    value: float
    """As in Candidate."""
    baseline: bool


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The decision and all that it rests on."""

    decision: Decision
    rule: str
    reason: str
    """A plain sentence with the numbers."""
    value: float
    cutoff: float | None
    """What `value` was held against; None where nothing was compared."""
    peers: dict[str, float]
    """Values by trial id."""


class Rule(Protocol):
    """A stopping rule.

    A rule answers from its arguments alone; the order of the peers means nothing to it. No rule stops a
    protected trial, one of the baseline, one that was continued on request, or one at the last rung.
    """

    def judge(self, candidate: Candidate, peers: Sequence[Peer]) -> Judgement:
        """Whether the candidate goes on, now that these peers' values at its rung are known."""
        ...


def values_of(peers: Sequence[Peer]) -> dict[str, float]:
    """The peers' values by trial id."""
    return {peer.trial_id: peer.value for peer in peers}
