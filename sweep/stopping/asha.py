"""ASHA: at each rung the best `1 / reduction_factor` of the trials go on, and none is lost to noise.

Li et al. 2018, A System for Massively Parallel Hyperparameter Tuning, https://arxiv.org/abs/1810.05934.
Their algorithm pauses all trials at a rung and promotes the top 1/eta of those seen there. Like Ray's
`AsyncHyperBandScheduler` this one lets trials run on and stops them instead; a stopped trial goes on only
if the user asks for it (docs/more.md). It differs from Ray's in what the comparison is made of:

- The cut-off is the value of the k-th best peer, k = ceil((peers + 1) / reduction_factor). A candidate is at
  or above it exactly if it is among the best k of all trials at the rung, itself included, which is the
  paper's top 1/eta, rounded in favour of going on. Ray interpolates a percentile of the peers alone, without
  the candidate, so that a single peer is enough to stop a trial. Here the cut-off is the value of one run,
  does not depend on the candidate's own, and can be named.
- A gap that two equal runs would show by chance stops nobody; see `noise_margin`.
- NaN is worst, not absent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sweep.ledger.events import Decision
from sweep.stopping.guard import reason_not_to_judge
from sweep.stopping.rule import Candidate, Judgement, Peer, values_of

Z_95_ONE_SIDED = 1.645
"""95 % quantile of the standard normal distribution."""


@dataclass(frozen=True)
class Asha:
    """Stops a trial that is not among the best `1 / reduction_factor` at its rung, by more than noise."""

    reduction_factor: float
    """More than 1; 3 lets about a third go on."""
    min_peers: int
    """Other trials with a value at the rung that are needed before one is stopped; at least 1."""
    noise_sd: float
    """Standard deviation of the judged metric between runs that differ only in seed, in the metric's units;
    0 trusts every difference."""

    def judge(self, candidate: Candidate, peers: Sequence[Peer]) -> Judgement:
        """Compares the candidate with the peers at its rung."""
        reason = reason_not_to_judge(candidate, peers, self.min_peers)
        if reason is not None:
            return self._judgement("continue", reason, candidate, peers)
        places = self._places(len(peers) + 1)
        if places > len(peers):
            reason = f"the best {places} of {len(peers) + 1} trials at this rung go on, which is all of them"
            return self._judgement("continue", reason, candidate, peers)
        cutoff = _kth_best(peers, places)
        rest = f"the best {places} of {len(peers) + 1} trials at this rung go on"
        decision, reason = self._compare(candidate, cutoff)
        return self._judgement(decision, f"{reason}; {rest}", candidate, peers, cutoff)

    def _places(self, trials: int) -> int:
        """How many of the trials at a rung go on."""
        return math.ceil(trials / self.reduction_factor - 1e-9)  # 6 / 1.2 is 5.000...01

    def _compare(self, candidate: Candidate, cutoff: float) -> tuple[Decision, str]:
        value, given = candidate.value, f"{candidate.metric} {candidate.value:.2f}"
        if math.isnan(cutoff):
            return "continue", f"the cut-off is NaN, so {given} is not below it"
        if math.isnan(value):
            return "stop", f"{candidate.metric} is NaN, which counts as worst; the cut-off is {cutoff:.2f}"
        if value >= cutoff:
            return "continue", f"{given} is not below the cut-off {cutoff:.2f}"
        gap, margin = cutoff - value, noise_margin(self.noise_sd)
        behind = f"{given} is below the cut-off {cutoff:.2f} by {gap:.2f}"
        if gap <= margin:
            return "continue", f"{behind}, within noise ({margin:.2f})"
        return "stop", f"{behind}, more than noise explains ({margin:.2f})"

    def _judgement(
        self,
        decision: Decision,
        reason: str,
        candidate: Candidate,
        peers: Sequence[Peer],
        cutoff: float | None = None,
    ) -> Judgement:
        return Judgement(
            decision=decision,
            rule="asha",
            reason=reason,
            value=candidate.value,
            cutoff=cutoff,
            peers=values_of(peers),
        )


def noise_margin(noise_sd: float) -> float:
    """The gap that one of two equal runs exceeds by chance in 1 of 20 cases, in the units of `noise_sd`.

    The difference of two independent runs has the standard deviation sqrt(2) * noise_sd, and a normal
    variable exceeds 1.645 standard deviations with a probability of 5 %. The cut-off is the value of a run
    that was picked for its place, so with equal trials and a reduction factor of 3 the share of unlucky stops
    a judgement is 3 to 9 % rather than 5 % (simulated, 1 to 11 peers; 50 to 67 % without the margin).
    """
    return Z_95_ONE_SIDED * math.sqrt(2) * noise_sd


def _kth_best(peers: Sequence[Peer], k: int) -> float:
    """The k-th largest value, k counted from 1; NaN comes last."""
    best_first = sorted((peer.value for peer in peers), key=lambda value: (math.isnan(value), -value))
    return best_first[k - 1]
