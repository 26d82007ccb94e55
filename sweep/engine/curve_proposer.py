"""Who proposes the trials of `search.method: curve`: what `sweep next` would."""

from __future__ import annotations

from collections.abc import Sequence

from sweep.analysis import analyse
from sweep.analysis.proposals import proposed_trials
from sweep.engine.proposals import Proposal, Proposer, gap_proposals, searched_range
from sweep.ledger import SweepState
from sweep.spec import Spec
from sweep.spec.space import REAL_RATIO

_AHEAD = 3  # only the first new one is taken; then it is asked again


def curve_proposer(spec: Spec) -> Proposer:
    """The proposer of a sweep with this spec; fills gaps until a trial has come to its end."""

    def propose(state: SweepState, pending: Sequence[Proposal]) -> Sequence[Proposal]:
        analysis = analyse(state)
        if not analysis.has_curve:
            return gap_proposals(spec, state)
        iterations = _AHEAD * spec.training.iterations
        found = proposed_trials(state, analysis, iterations, bounds=searched_range(spec))
        return [Proposal(trial.parameters[REAL_RATIO], trial.seed) for trial in found]

    return propose
