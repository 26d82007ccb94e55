"""Who proposes the trials of `search.method: curve`."""

from __future__ import annotations

from collections.abc import Sequence

from sweep.engine.proposals import Proposal, Proposer, gap_proposals
from sweep.ledger import SweepState
from sweep.spec import Spec


def curve_proposer(spec: Spec) -> Proposer:
    """The proposer of a sweep with this spec."""

    def propose(state: SweepState, pending: Sequence[Proposal]) -> Sequence[Proposal]:
        return gap_proposals(spec, state)

    return propose
