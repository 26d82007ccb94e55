"""The rule of a sweep without early stopping."""

from __future__ import annotations

from collections.abc import Sequence

from sweep.stopping.rule import Candidate, Judgement, Peer, values_of


class NoStopping:
    """Every trial goes on to its last iteration."""

    def judge(self, candidate: Candidate, peers: Sequence[Peer]) -> Judgement:
        """Always `continue`."""
        return Judgement(
            decision="continue",
            rule="none",
            reason="early stopping is off",
            value=candidate.value,
            cutoff=None,
            peers=values_of(peers),
        )
