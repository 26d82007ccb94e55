"""Which trials were stopped, failed or wait, where and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sweep.ledger.state import SweepState, TrialState
from sweep.report.fits import Block, Bullets, Grid, Section
from sweep.report.tables import count_words


def stopped_section(state: SweepState) -> Section:
    """Decisions by rung, then every trial that was stopped."""
    return Section("Early stopping", tuple(_stopped(state)))


def failed_section(state: SweepState) -> Section | None:
    """None where no trial failed."""
    failed = [trial for trial in state.trials.values() if trial.status == "failed"]
    return Section("Failed trials", (_endings(failed),)) if failed else None


def _stopped(state: SweepState) -> Iterator[Block]:
    decisions = [judged for trial in state.trials.values() for judged in trial.judged.values()]
    if not decisions:
        yield "No trial has been judged yet."
        return
    rules = ", ".join(sorted({judged.rule for judged in decisions}))
    yield f"Decisions by the rule {rules}; sweep explain {state.created.name} TRIAL gives their grounds."
    yield Bullets(
        tuple(
            f"Rung {rung}: {count_words(j.decision for j in decisions if j.rung == rung)}"
            for rung in sorted({judged.rung for judged in decisions})
        )
    )
    if stopped := [trial for trial in state.trials.values() if trial.status == "stopped"]:
        yield _endings(stopped)
    kinds = {
        "Paused": [trial.trial_id for trial in state.trials.values() if trial.waits],
        "Spared from being given up": [trial.trial_id for trial in state.trials.values() if trial.spared],
        "Stopped at first, then continued on request": [
            trial.trial_id for trial in state.trials.values() if trial.continued
        ],
    }
    for words, trial_ids in kinds.items():
        if trial_ids:
            yield f"{words}: {', '.join(trial_ids)}."


def _endings(trials: Sequence[TrialState]) -> Grid:
    """Where and why trials ended."""
    rows = tuple(
        (trial.trial_id, trial.arm, ended.reason, str(trial.planned.seed), str(ended.iteration))
        for trial in trials
        if (ended := trial.ended)
    )
    return Grid(("trial", "arm", "reason", "seed", "iteration"), rows, text=3)
