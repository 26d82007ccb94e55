"""What to run next, as sentences."""

from __future__ import annotations

from collections.abc import Sequence

from sweep.analysis import Analysis, analyse
from sweep.analysis.proposals import ProposedTrial, hours_per_iteration, proposed_trials
from sweep.ledger.state import SweepState
from sweep.report.fits import Bullets, Section
from sweep.results import rungs_of

_TRAININGS = 3


def next_section(state: SweepState, known: Analysis) -> Section:
    """The first few proposals; `sweep next` has more of them, and options.

    `known`: an analysis of the same state; proposals need that of the last rung, which it mostly is.
    """
    last = rungs_of(state)[-1]
    analysis = known if known.rung == last else analyse(state)
    if not analysis.has_curve:
        return Section(
            "What to run next", ("No trial has come to its end: there is no curve to narrow yet.",)
        )
    found = proposed_trials(state, analysis, _TRAININGS * last)
    lines = proposal_lines(found, hours_per_iteration(state))
    return Section("What to run next", (Bullets(tuple(lines)),))


def proposal_lines(found: Sequence[ProposedTrial], hours_per_iteration: float | None) -> list[str]:
    """A line for each trial, then what all cost; hours are left out where nothing tells them."""
    if not found:
        return ["The budget does not pay for any trial that could be proposed."]
    lines = [f"{_what(one)}: {one.why}; {_price(one, hours_per_iteration)}" for one in found]
    if hours_per_iteration is not None:
        lines.append(f"{sum(one.iterations for one in found) * hours_per_iteration:.3g} hours in all")
    return lines


def _what(one: ProposedTrial) -> str:
    parameters = " ".join(f"{path.split('.')[-1]}={value}" for path, value in one.parameters.items())
    trial = f"{parameters} seed={one.seed}"
    return f"continue {one.continues} ({trial})" if one.continues else trial


def _price(one: ProposedTrial, hours_per_iteration: float | None) -> str:
    if hours_per_iteration is None:
        cost = f"{one.iterations} iterations"
    else:
        cost = f"{one.iterations * hours_per_iteration:.3g} h"
    if one.gain < 0.01:
        return cost
    return f"{cost}, and the variance of the curve where it matters falls by {100 * one.gain:.0f} %"
