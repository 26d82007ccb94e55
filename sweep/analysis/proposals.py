"""Which trials a sweep should run next, over all its settings, and what they cost."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sweep.analysis.fits import Analysis, Fits
from sweep.curves.next import Option, Proposal, propose
from sweep.curves.options import options_of
from sweep.curves.prediction import Prediction
from sweep.curves.trials import TrialCurve
from sweep.ledger.state import SweepState
from sweep.results import comparable


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
    """What to run next with so many iterations of training, over all settings.

    Args:
        analysis: of the same state, at its last rung.
        loss: how far below all-real is still good enough, in points.
        continuable: ids of stopped trials whose checkpoints are there. Of imported trials, all may go on.
        bounds: of real_ratio.
    """
    queues = [
        (fits, deque(_of_setting(state, fits, iterations, loss, continuable, bounds)))
        for fits in analysis.fits
        if fits.curve is not None
    ]
    chosen = []
    while ready := [one for one in queues if one[1] and one[1][0].option.iterations <= iterations]:
        fits, proposals = max(ready, key=lambda one: one[1][0].gain / one[1][0].option.iterations)
        proposal = proposals.popleft()
        iterations -= proposal.option.iterations
        chosen.append(_trial(state, fits, proposal))
    return tuple(chosen)


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
    own = [trial.trial_id for trial in fits.setting.trials]
    unfinished = [trial_id for trial_id in own if state.trials[trial_id].status != "finished"]
    imported = state.provenance == "imported"  # nobody says whether a trial of a file is running
    may_go_on = unfinished if imported else continuable
    stopped = {one: fits.predictions[one] for one in may_go_on if one in fits.predictions}
    open_ones = [trial for trial in fits.setting.trials if state.trials[trial.trial_id].ended is None]
    running = [] if imported else open_ones
    return propose(
        fits.curve,
        options_of(fits.setting, _seeds(state), stopped, low=bounds[0], high=bounds[1]),
        iterations,
        loss,
        pending=[_pending(trial, fits.predictions) for trial in running],
    )


def _pending(trial: TrialCurve, predictions: Mapping[str, Prediction]) -> Option:
    known = predictions.get(trial.trial_id)
    return Option(trial.real_ratio, trial.seed, 0, trial.trial_id, known.sd if known else None)


def _seeds(state: SweepState) -> tuple[int, ...]:
    """Those that the sweep was planned with, in the order of the plan; of imported trials where it has no
    others."""
    trials = comparable(state).trials.values()
    own = [trial for trial in trials if trial.imported is None] or trials
    return tuple(dict.fromkeys(trial.planned.seed for trial in own))


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
