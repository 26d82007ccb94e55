"""What becomes of a trial at a rung: a rule's proposal, held to what is promised to every trial.

A trial that must not be judged goes on. One that a rule is against is stopped only if the rule was against it
at `patience` rungs in a row, and a share `spare` of those runs on all the same: how they end is the only way
to measure how often stopping is wrong.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sweep.ledger.events import Decision, TrialJudged
from sweep.stopping.board import Board
from sweep.stopping.protection import reason_not_to_judge
from sweep.stopping.rule import Case, Curve, PausingRule, Promotion, Proposal, Rule

MOST_PEERS_KEPT = 100
"""Of a judgement, in the ledger and in what `sweep explain` prints."""


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
    proposed: Decision
    """What the rule alone would have done."""
    overtakes: float | None
    """Chance, 0..1, that the trial ends above the leader; None where nobody has reckoned it."""
    spared: bool
    """It should have been stopped, and runs to the end to show whether that would have been right."""


def judged_event(trial_id: str, rung: int, judgement: Judgement, time: float = 0.0) -> TrialJudged:
    """What the ledger keeps of a judgement. With thousands of trials, all peers of each would be most of it;
    their reports are in the ledger anyway."""
    peers = judgement.peers if len(judgement.peers) <= MOST_PEERS_KEPT else {}
    kept = {**vars(judgement), "peers": peers}
    return TrialJudged(time=time, trial_id=trial_id, rung=rung, peer_count=len(judgement.peers), **kept)


@dataclass(frozen=True)
class Judge:
    """A rule with the options that hold for all rules."""

    rule: Rule
    min_peers: int = 1
    """Other trials with a value at the rung that are needed before one is stopped; at least 1."""
    patience: int = 1
    """Rungs in a row at which the rule must be against a trial; at least 1."""
    spare: float = 0.0
    """Share of the trials to be stopped that runs on, 0..1."""
    seed: int = 0
    """Decides which ones are spared, with their ids."""

    def judge(self, board: Board, trial_id: str, rung: int) -> Judgement:
        """What becomes of a trial that was validated at the rung. The last rung stops nobody."""
        case = board.case(trial_id, rung)
        proposal = self._proposal(board, case)
        decision, reason, spared = proposal.decision, proposal.reason, False
        if decision == "stop":
            against = 1 + board.rungs_against(trial_id, rung)
            if against < self.patience:
                decision = "continue"
                reason = f"{reason}; {_times(against)}, and patience is {self.patience}"
            elif self._spares(trial_id):
                decision, spared = "continue", True
                reason = f"{reason}; spared, to show whether that would have been right"
        return Judgement(
            decision=decision,
            rule=self.rule.name,
            reason=reason,
            value=case.candidate.value,
            cutoff=proposal.cutoff,
            peers={peer.trial_id: peer.value for peer in case.peers},
            proposed=proposal.decision,
            overtakes=proposal.overtakes,
            spared=spared,
        )

    def promotion(self, board: Board) -> Promotion | None:
        """The paused trial that goes on. To be asked when there is room and no new trial waits."""
        curves = board.curves()
        if not isinstance(self.rule, PausingRule) or not any(curve.paused for curve in curves):
            return None
        promotion = self.rule.promote(curves, board.rungs)
        running = [curve for curve in curves if curve.running]
        if promotion is not None or not running:
            return promotion or self._spared(self.rule, curves, board)
        if not all(board.is_spared(curve.trial_id) for curve in running):
            return None
        given_up = [replace(curve, open=False) if curve.running else curve for curve in curves]
        if self.rule.promote(given_up, board.rungs) is not None:
            return None  # what the spared ones tell next may settle it
        return self._spared(self.rule, given_up, board)

    def chances(self, board: Board) -> dict[str, float]:
        """By trial_id, the chance of each open trial to overtake the leader; empty if none is reckoned."""
        if not isinstance(self.rule, PausingRule):
            return {}
        return self.rule.chances(board.curves(), board.rungs)

    def _spared(self, rule: PausingRule, curves: Sequence[Curve], board: Board) -> Promotion | None:
        """Of those that the rule has given up; they run side by side, since none of them matters."""
        paused = (curve.trial_id for curve in curves if curve.paused)
        spared = next((trial_id for trial_id in paused if self._spares(trial_id)), None)
        if spared is None:
            return None
        reason = "given up, but spared, to show whether that would have been right"
        chance = rule.chances(curves, board.rungs).get(spared)
        return Promotion(trial_id=spared, reason=reason, spared=True, overtakes=chance)

    def _proposal(self, board: Board, case: Case) -> Proposal:
        min_peers = 0 if isinstance(self.rule, PausingRule) else self.min_peers  # a pause is no stop
        reason = reason_not_to_judge(case.candidate, case.peers, min_peers)
        if reason is None and board.is_spared(case.candidate.trial_id):
            reason = f"{case.candidate.trial_id} was spared before, so it runs to the end"
        if reason is not None:
            return Proposal(decision="continue", reason=reason)
        return self.rule.propose(case)

    def _spares(self, trial_id: str) -> bool:
        digest = hashlib.sha256(f"{self.seed} {trial_id}".encode()).digest()
        return int.from_bytes(digest[:8]) < self.spare * 2**64


def _times(count: int) -> str:
    return f"at {count} rung in a row" if count == 1 else f"at {count} rungs in a row"
