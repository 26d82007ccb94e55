"""Which trials a sweep should run next, over all its settings, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sweep.analysis.fits import Analysis, Fits
from sweep.curves.next import Proposal, propose
from sweep.curves.options import options_of
from sweep.ledger.state import SweepState
from sweep.results import without_controls


@dataclass(frozen=True, kw_only=True)
class ProposedTrial:
    """A trial that would narrow the curve of its setting."""

    parameters: Mapping[str, Any]
    """By dotted path; `real_ratio` among them."""
    seed: int
    continues: str | None
    """Id of the stopped trial that would go on; None for a new one."""
    iterations: int
    """That would be trained."""
    gain: float
    """By what part the variance of the curve falls where it matters, 0..1, given those before."""
    why: str


def proposed_trials(
    state: SweepState,
    analysis: Analysis,
    iterations: float,
    *,
    loss: float = 1.0,
    continuable: Sequence[str] = (),
    bounds: tuple[float, float] = (0.0, 1.0),
) -> tuple[ProposedTrial, ...]:
    """What to run next with so many iterations of training, each setting getting an equal share of them.

    Args:
        analysis: of the same state, at its last rung.
        loss: how far below all-real is still good enough, in points.
        continuable: ids of stopped trials whose checkpoints are there.
        bounds: of real_ratio.
    """
    with_curve = [fits for fits in analysis.fits if fits.curve is not None]
    share = iterations / max(1, len(with_curve))
    return tuple(
        _trial(state, fits, proposal)
        for fits in with_curve
        for proposal in _of_setting(state, fits, share, loss, continuable, bounds)
    )


def hours_per_iteration(state: SweepState) -> float | None:
    """GPU-hours, or hours where trials use no GPU, as the sweep has measured them; None before any report."""
    trials = [trial for trial in state.trials.values() if trial.reports and trial.seconds]
    if not trials:
        return None
    seconds = sum(trial.seconds for trial in trials) / sum(max(trial.reports) for trial in trials)
    return seconds * (state.created.spec["resources"]["gpus_per_trial"] or 1.0) / 3600


def _of_setting(
    state: SweepState,
    fits: Fits,
    iterations: float,
    loss: float,
    continuable: Sequence[str],
    bounds: tuple[float, float],
) -> tuple[Proposal, ...]:
    assert fits.curve is not None
    own = {trial.trial_id for trial in fits.setting.trials}
    running = [trial for trial_id, trial in state.trials.items() if trial_id in own and trial.ended is None]
    stopped = {one: fits.predictions[one] for one in continuable if one in fits.predictions}
    return propose(
        fits.curve,
        options_of(fits.setting, _seeds(state), stopped, low=bounds[0], high=bounds[1]),
        iterations,
        loss,
        pending=[trial.planned.parameters["real_ratio"] for trial in running],
    )


def _seeds(state: SweepState) -> tuple[int, ...]:
    """Those that the sweep was planned with, in the order of the plan."""
    trials = without_controls(state).trials.values()
    return tuple(dict.fromkeys(trial.planned.seed for trial in trials))


def _trial(state: SweepState, fits: Fits, proposal: Proposal) -> ProposedTrial:
    option = proposal.option
    return ProposedTrial(
        parameters={**_other_parameters(state, fits), "real_ratio": option.real_ratio},
        seed=option.seed,
        continues=option.continues,
        iterations=option.iterations,
        gain=proposal.gain,
        why=proposal.why,
    )


def _other_parameters(state: SweepState, fits: Fits) -> Mapping[str, Any]:
    """Those of the trial that has most: all-real arms lack what has no effect there."""
    own = [state.trials[trial.trial_id].planned.parameters for trial in fits.setting.trials]
    return max(own, key=len)
