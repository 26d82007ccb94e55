"""A value held against a cut-off, in words."""

from __future__ import annotations

import math

from sweep.stopping.contestants import Contestant
from sweep.stopping.rule import Candidate, Proposal


def compared(candidate: Candidate, own: Contestant, cutoff: Contestant, margin: float, rest: str) -> Proposal:
    """`stop` if the candidate's side is below the cut-off by more than the margin; `rest` ends the reason."""
    stops, words = _compared(_subject(candidate, own), own.value, cutoff.value, margin)
    return Proposal(decision="stop" if stops else "continue", reason=f"{words}; {rest}", cutoff=cutoff.value)


def _subject(candidate: Candidate, own: Contestant) -> str:
    if own.seeds == 1:
        return f"{candidate.metric} {own.value:.2f}"
    return f"{candidate.metric} {own.value:.2f} (mean of {own.seeds} seeds)"


def _compared(given: str, value: float, cutoff: float, margin: float) -> tuple[bool, str]:
    if math.isnan(cutoff):
        return False, f"the cut-off is NaN, so {given} is not below it"
    if math.isnan(value):
        return True, f"{given.replace('nan', 'NaN')} counts as worst; the cut-off is {cutoff:.2f}"
    if value >= cutoff:
        return False, f"{given} is not below the cut-off {cutoff:.2f}"
    behind = f"{given} is below the cut-off {cutoff:.2f} by {cutoff - value:.2f}"
    if cutoff - value <= margin:
        return False, f"{behind}, within noise ({margin:.2f})"
    return True, f"{behind}, more than noise explains ({margin:.2f})"
