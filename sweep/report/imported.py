"""What a report says of trials that somebody else trained: where they come from, and which are not ranked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import PurePath

from sweep.ledger.state import SweepState, TrialState
from sweep.report.cells import number
from sweep.report.fits import Bullets, Grid, Section
from sweep.results import metric_of, rungs_of

_MOST_NOTES = 20


def imported_section(state: SweepState, only: Collection[str] | None = None) -> Section | None:
    """Every imported trial, its source, and why it is not ranked; None where there are none.

    `only`: ids of those that are shown. Default: all.
    """
    imported = [trial for trial in _imported(state) if only is None or trial.trial_id in only]
    if not imported:
        return None
    rungs = [rung for rung in rungs_of(state) if any(rung in trial.reports for trial in imported)]
    header = ("trial", "arm", "source", "ranked", "seed", *(f"at {rung}" for rung in rungs))
    rows = tuple(
        (
            *(trial.trial_id, trial.arm, _source(trial), _ranked(state, trial)),
            *(str(trial.planned.seed), *(_value(state, trial, rung) for rung in rungs)),
        )
        for trial in imported
    )
    said = "Somebody else trained these trials: what their train steps consumed was not verified."
    blocks = (said, Grid(header, rows, text=4), Bullets(tuple(_notes(imported))))
    return Section("Imported trials", blocks if blocks[-1] != Bullets(()) else blocks[:-1])


def apart_lines(state: SweepState, rung: int) -> list[str]:
    """Trials with a value at the rung that are shown beside the comparison, not in it, and why."""
    by_reason: dict[str, list[str]] = {}
    for trial in _imported(state):
        reason = state.why_apart(trial)
        if reason and rung in trial.reports:
            words = f"{trial.trial_id}, {trial.arm} seed {trial.planned.seed}: {_value(state, trial, rung)}"
            by_reason.setdefault(reason, []).append(words)
    return [f"Not ranked ({reason}): {'; '.join(words)}." for reason, words in by_reason.items()]


def _imported(state: SweepState) -> list[TrialState]:
    return [trial for trial in state.trials.values() if trial.imported is not None]


def _source(trial: TrialState) -> str:
    """Where to look; the ledger has the whole path. A run that is called by its arm is not named twice."""
    assert trial.imported is not None
    line = f":{trial.imported.line}" if trial.imported.line else ""
    run = "" if trial.imported.run.startswith(trial.arm) else trial.imported.run
    return f"{PurePath(trial.imported.source).name}{line} {run}".strip()


def _ranked(state: SweepState, trial: TrialState) -> str:
    reason = state.why_apart(trial)
    return f"no: {reason}" if reason else "yes"


def _value(state: SweepState, trial: TrialState, rung: int) -> str:
    report = trial.reports.get(rung)
    value = report.metrics.get(metric_of(state)) if report else None
    return "" if value is None else number(value)


def _notes(imported: list[TrialState]) -> Iterator[str]:
    """What was repaired or guessed, each once; the most frequent first."""
    told = Counter(note for trial in imported for note in (trial.imported.notes if trial.imported else ()))
    for note, count in told.most_common(_MOST_NOTES):
        yield f"{note} ({count} trials)" if count > 1 else note
    if len(told) > _MOST_NOTES:
        yield f"and {len(told) - _MOST_NOTES} more notes, in the ledger"
