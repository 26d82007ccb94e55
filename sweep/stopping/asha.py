"""ASHA: at each rung the best `1 / reduction_factor` of the trials go on, and none is lost to noise.

Li et al. 2018, A System for Massively Parallel Hyperparameter Tuning, https://arxiv.org/abs/1810.05934.
Their algorithm pauses all trials at a rung and promotes the top 1/eta of those seen there. Like Ray's
`AsyncHyperBandScheduler` this one lets trials run on and stops them instead; a stopped trial goes on only
if the user asks for it (docs/more.md). It differs from Ray's in what the comparison is made of:

- The cut-off is the value of the k-th best peer, k = ceil((peers + 1) / reduction_factor). A candidate is at
  or above it exactly if it is among the best k of all at the rung, itself included, which is the
  paper's top 1/eta, rounded in favour of going on. Ray interpolates a percentile of the peers alone, without
  the candidate, so that a single peer is enough to stop a trial. Here the cut-off is the value of one run,
  does not depend on the candidate's own, and can be named.
- A gap that two equal runs would show by chance stops nobody; see `noise_margin`.
- NaN is worst, not absent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sweep.stopping.contestants import best_first, contestants
from sweep.stopping.cutoff import compared
from sweep.stopping.gap import margin_between
from sweep.stopping.rule import Case, Proposal


@dataclass(frozen=True)
class Asha:
    """Stops a trial that is not among the best `1 / reduction_factor` at its rung, by more than noise."""

    reduction_factor: float
    """More than 1; 3 lets about a third go on."""
    noise_sd: float
    """Supposed sd of the judged metric between runs that differ only in seed, in the metric's units; what the
    sweep's own seeds show is pooled with it. 0 trusts every difference."""
    seeds_together: bool = True
    """Arms are compared by the means over their seeds, not trials one by one."""

    name = "asha"

    def propose(self, case: Case) -> Proposal:
        """Compares the candidate with the others at its rung."""
        own, others = contestants(case, seeds_together=self.seeds_together)
        everyone = len(others) + 1
        places = math.ceil(everyone / self.reduction_factor - 1e-9)  # 6 / 1.2 is 5.000...01
        unit = "arms" if self.seeds_together else "trials"
        rest = f"the best {places} of {everyone} {unit} at this rung go on"
        if places > len(others):
            return Proposal(decision="continue", reason=f"{rest}, which is all of them")
        last_to_go_on = best_first(others)[places - 1]
        margin = margin_between(case, own, last_to_go_on, self.noise_sd)
        return compared(case.candidate, own, last_to_go_on, margin, rest)
