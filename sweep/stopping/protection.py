"""Early stopping never ends what it must not, or cannot, judge."""

from __future__ import annotations

from collections.abc import Sequence

from sweep.stopping.rule import Candidate, Peer


def reason_not_to_judge(candidate: Candidate, peers: Sequence[Peer], min_peers: int) -> str | None:
    """Why the candidate goes on whatever its value; None where a rule may judge it."""
    if candidate.baseline:
        return f"{candidate.arm} is the baseline, which is never stopped"
    if candidate.protected:
        return f"{candidate.arm} is protected, so it is never stopped"
    if candidate.continued:
        return f"{candidate.trial_id} was stopped before and continued on request, so it is not stopped again"
    if candidate.is_last_rung:
        return f"{candidate.rung} is the last rung, so there is nothing left to stop"
    if len(peers) < min_peers:
        trials = "other trial has" if len(peers) == 1 else "other trials have"
        return f"{len(peers)} {trials} a value at rung {candidate.rung}, and min_peers is {min_peers}"
    return None
