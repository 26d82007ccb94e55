"""What the MLflow run of a trial is tagged with, beside what tells it apart from others."""

from __future__ import annotations

from sweep.ledger.state import SweepState, TrialState
from sweep.tracking.notes import NOTE, trial_note


def trial_tags(state: SweepState, trial: TrialState) -> dict[str, str]:
    """Status, decisions and reasons, and of an imported trial where it comes from."""
    tags = {"segsweep.status": trial.status, "segsweep.attempts": str(trial.attempts)}
    tags |= _import_tags(state, trial)
    note, reason = trial_note(state, trial), _reason(state, trial)
    if note or _was_out(trial):  # a store adds tags and never takes one away: what holds no more is emptied
        tags[NOTE] = note
    if reason or _was_out(trial):
        tags["segsweep.reason"] = reason
    tags |= {f"segsweep.rung_{rung}": f"{j.decision}: {j.reason}" for rung, j in trial.judged.items()}
    tags |= {f"segsweep.promoted_{rung}": one.reason for rung, one in trial.promotions.items()}
    if (chance := _last_chance(trial)) is not None:
        tags["segsweep.overtakes"] = f"{chance:.4f}"
    if trial.spared:
        tags["segsweep.spared"] = "should have been given up, and runs on to show whether that would be right"
    if trial.continued:
        tags["segsweep.continued"] = "stopped before and continued on request"
    if trial.faults:
        tags["segsweep.last_fault"] = trial.faults[-1].reason
    return tags


def _reason(state: SweepState, trial: TrialState) -> str:
    """Why it is where it is; empty where nothing special happened."""
    if trial.ended is not None:
        return trial.ended.reason
    if trial.status == "paused":
        return f"paused at {trial.iteration}: {trial.judged[max(trial.judged)].reason}"
    if trial.status == "running" and trial.promotions:
        last = trial.promotions[max(trial.promotions)]
        return f"promoted at {last.rung}: {last.reason}"
    if trial.status == "interrupted":
        return f"interrupted; `sweep resume {state.created.name}` goes on with it"
    return ""


def _was_out(trial: TrialState) -> bool:
    """It may have been paused, stopped, failed or interrupted before."""
    return bool(trial.attempts > 1 or trial.promotions or trial.continued or trial.faults)


def _import_tags(state: SweepState, trial: TrialState) -> dict[str, str]:
    imported = trial.imported
    if imported is None:
        return {}
    apart = state.why_apart(trial)
    place = f"{imported.source}:{imported.line}" if imported.line else imported.source
    return {
        "segsweep.imported_from": f"{place} {imported.run}".strip(),
        "segsweep.ranked": f"no: {apart}" if apart else "yes",
        **({"segsweep.notes": "\n".join(imported.notes)} if imported.notes else {}),
    }


def _last_chance(trial: TrialState) -> float | None:
    """To overtake the leader, as it was last reckoned; None where it never was."""
    if trial.ended and trial.ended.overtakes is not None:
        return trial.ended.overtakes
    told = {rung: judged.overtakes for rung, judged in trial.judged.items()}
    told |= {rung: promoted.overtakes for rung, promoted in trial.promotions.items()}
    known = {rung: chance for rung, chance in told.items() if chance is not None}
    return known[max(known)] if known else None
