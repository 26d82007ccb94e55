"""Why a trial is where it is: the text of `sweep explain NAME TRIAL`."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator

from sweep.errors import SweepError
from sweep.ledger.events import TrialFaulted, TrialJudged, TrialPromoted
from sweep.ledger.state import SweepState, TrialState
from sweep.percent import in_percent
from sweep.results import comparable, metric_of
from sweep.stopping.judge import MOST_PEERS_KEPT


def explain(state: SweepState, trial_id: str) -> str:
    """Every decision about the trial with all that it rests on, its faults, and how it ended.

    Raises SweepError if the sweep has no such trial.
    """
    trial = state.trials.get(trial_id)
    if trial is None:
        raise SweepError(_no_such_trial(state, trial_id))
    lines = [*_heading(state, trial)]
    for rung in sorted(trial.judged):
        lines += ["", *_decision(state, trial.judged[rung])]
        if rung in trial.promotions:
            lines += ["", *_promotion(trial.promotions[rung])]
    if not trial.judged:
        lines += ["", "No decision yet: the trial has not been judged at any rung."]
    if trial.faults:
        lines += ["", "Faults", *map(_fault, trial.faults)]
    return "\n".join(lines)


def _heading(state: SweepState, trial: TrialState) -> Iterator[str]:
    length = state.created.spec["training"]["iterations"]
    yield f"{trial.trial_id}: {trial.arm}, seed {trial.planned.seed}"
    attempts = f", attempt {trial.attempts}" if trial.attempts > 1 else ""
    promoted = ", promoted and about to go on" if trial.promoted else ""
    yield f"{trial.status}, iteration {trial.iteration} of {length}{attempts}{promoted}"
    if trial.ended and trial.ended.reason:
        yield f"Ended because: {trial.ended.reason}"
    if trial.ended and trial.ended.overtakes is not None:
        yield f"Chance to overtake the leader then: {in_percent(trial.ended.overtakes)}"
    if trial.checkpoint_deleted:
        yield f"Its checkpoint is gone: {trial.checkpoint_deleted.reason}"
    if trial.spared:
        yield "Spared: it should have been given up, and runs to the end to show whether that would be right."
    if trial.continued:
        before = "stopped" if trial.overruled else "paused"
        yield f"It was {before} before and continued on request; no rule stops it again."


def _decision(state: SweepState, judged: TrialJudged) -> Iterator[str]:
    yield f"Rung {judged.rung}: {judged.decision} (rule {judged.rule})"
    yield f"  {judged.reason}"
    cutoff = "none" if judged.cutoff is None else _number(judged.cutoff)
    yield f"  {metric_of(state)} {_number(judged.value)}, cut-off {cutoff}"
    if judged.proposed not in (None, judged.decision):
        yield f"  the rule alone would have said {judged.proposed}"
    if judged.overtakes is not None:
        yield f"  chance to overtake the leader by the end: {in_percent(judged.overtakes)}"
    known = judged.peers or (_peers_then(state, judged) if judged.peer_count else {})
    if not known:
        yield "  no peers had a value at this rung"
        return
    count = judged.peer_count or len(known)
    peers = "1 peer" if count == 1 else f"{count} peers"
    yield f"  {peers} at this rung when it was judged, best first:"
    best_first = sorted(known.items(), key=lambda peer: (math.isnan(peer[1]), -peer[1], peer[0]))
    for peer_id, value in best_first[:MOST_PEERS_KEPT]:
        yield f"    {_number(value):>6}  {_name_of(state, peer_id)}"
    if count > MOST_PEERS_KEPT:
        yield f"    and {count - MOST_PEERS_KEPT} more"


def _peers_then(state: SweepState, judged: TrialJudged) -> dict[str, float]:
    """What the ledger, which keeps no more than so many peers of a judgement, had at the rung until then."""
    values = comparable(state).values_at(judged.rung, metric_of(state))
    reports = {name: state.trials[name].reports[judged.rung] for name in values}
    return {
        name: value
        for name, value in values.items()
        if name != judged.trial_id and reports[name].time <= judged.time
    }


def _promotion(promoted: TrialPromoted) -> Iterator[str]:
    yield f"Rung {promoted.rung}: promoted" + " (spared)" * promoted.spared
    yield f"  {promoted.reason}"


def _number(value: float) -> str:
    return "NaN" if math.isnan(value) else f"{value:.2f}"


def _name_of(state: SweepState, trial_id: str) -> str:
    trial = state.trials.get(trial_id)
    return f"{trial_id}  {trial.arm}, seed {trial.planned.seed}" if trial else trial_id


def _fault(fault: TrialFaulted) -> str:
    return f"  at iteration {fault.iteration}: {fault.reason}"


def _no_such_trial(state: SweepState, trial_id: str) -> str:
    near = difflib.get_close_matches(trial_id, state.trials, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"its trials are: {', '.join(state.trials) or 'none'}"
    return f"sweep {state.created.name!r} has no trial {trial_id!r}; {hint}"
