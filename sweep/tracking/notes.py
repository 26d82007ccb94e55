"""The description that MLflow shows on top of a run, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from sweep.analysis import Analysis
from sweep.ledger.state import SweepState, TrialState
from sweep.report import markdown
from sweep.report.cells import cells, header
from sweep.report.controls import controls_lines
from sweep.report.fits import verdicts
from sweep.report.tables import fair_table
from sweep.report.verdict import verdict
from sweep.results import newest_rung, rungs_of

NOTE = "mlflow.note.content"
"""MLflow's own tag for it."""

_LONGEST = 5000  # a tag of 8000 characters is refused by some stores


def sweep_note(state: SweepState, analysis: Analysis) -> str:
    """The verdict, then the newest comparison."""
    return "\n\n".join(_within(_parts(state, analysis)))


def trial_note(state: SweepState, trial: TrialState) -> str:
    """What became of it and why, for those that did not simply run to the end; else empty."""
    of = f"of {rungs_of(state)[-1]}"
    if trial.ended is not None and trial.ended.outcome != "finished":
        why = markdown.cell(trial.ended.reason)
        return f"**{trial.ended.outcome.capitalize()} at iteration {trial.ended.iteration} {of}**: {why}"
    if trial.status == "paused":
        why = markdown.cell(trial.judged[max(trial.judged)].reason)
        return f"**Paused at iteration {trial.iteration} {of}**: {why}"
    return ""


def _parts(state: SweepState, analysis: Analysis) -> Iterator[str]:
    name, table = state.created.name, fair_table(state, newest_rung(state))
    yield from (markdown.cell(line) for line in (state.origin, *controls_lines(state)[:1]) if line)
    yield " ".join(f"**{markdown.cell(sentence)}**" for sentence in verdicts(analysis))
    yield markdown.cell(verdict(table))
    yield f"The whole report: `report/report.html` among the artifacts, or `sweep report {name}`."
    if table.rows:
        yield f"Compared at iteration {table.rung}:"
        headings = header(table)
        yield markdown.table(headings, (cells(table, row) for row in table.rows), text=headings[:1])
    yield markdown.cell(state.created.spec["description"])


def _within(parts: Iterator[str]) -> Iterator[str]:
    """Whole parts, as far as there is room: half a table is no table."""
    left = _LONGEST
    for part in parts:
        if part and len(part) + 2 <= left:
            left -= len(part) + 2
            yield part
