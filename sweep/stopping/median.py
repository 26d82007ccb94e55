"""The median stopping rule: a trial whose best so far is below the median of the others at its rung stops.

Golovin et al. 2017, Google Vizier: A Service for Black-Box Optimization, section 3.2.2. Vizier compares a
trial's best value with running averages of the others; here all is read at the same rung, so that nobody is
compared with values from earlier in a training, which are lower.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from sweep.stopping.contestants import best_first, contestants, mean_of
from sweep.stopping.cutoff import compared
from sweep.stopping.gap import margin_between
from sweep.stopping.rule import Case, Curve, Proposal


@dataclass(frozen=True)
class Median:
    """Stops a trial whose best so far is below the median of the others at its rung, by more than noise."""

    noise_sd: float
    """As in Asha."""
    seeds_together: bool = True
    """As in Asha."""

    name = "median"

    def propose(self, case: Case) -> Proposal:
        """Compares the candidate's best so far with the others at its rung."""
        own, others = contestants(case, seeds_together=self.seeds_together)
        if not others:
            return Proposal(decision="continue", reason="nobody else has reached this rung")
        if not math.isnan(own.value):  # what has diverged will not come back to its best
            own = replace(own, value=max(own.value, self._best_before(case), key=_nan_is_least))
        ranked = best_first(others)
        middle = ranked[len(ranked) // 2]  # the lower of the two middle ones, in favour of going on
        margin = margin_between(case, own, middle, self.noise_sd)
        what = "arms" if self.seeds_together else "trials"
        return compared(
            case.candidate, own, middle, margin, f"that is the median of {len(ranked)} other {what}"
        )

    def _best_before(self, case: Case) -> float:
        """The best at any earlier rung: of the arm's mean, or of the trial."""
        number = case.rungs.index(case.candidate.rung) if case.candidate.rung in case.rungs else 0
        own = [curve for curve in case.curves if self._is_own(curve, case)]
        means = (mean_of([curve.values[at] for curve in own]).value for at in range(number))
        return max(means, key=_nan_is_least, default=math.nan)

    def _is_own(self, curve: Curve, case: Case) -> bool:
        if self.seeds_together:
            return curve.arm == case.candidate.arm
        return curve.trial_id == case.candidate.trial_id


def _nan_is_least(value: float) -> tuple[bool, float]:
    return not math.isnan(value), value if not math.isnan(value) else 0.0
