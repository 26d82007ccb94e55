"""The page of a sweep in Markdown: what was compared, what came out, what it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sweep.analysis import Analysis, analyse, telling_rung
from sweep.ledger.state import SweepState
from sweep.report import markdown
from sweep.report.audit_words import audit_section
from sweep.report.cells import cells, header
from sweep.report.controls import controls_section
from sweep.report.fits import Section
from sweep.report.fits_page import fits_parts, section_parts, verdict_parts
from sweep.report.images import images_section
from sweep.report.imported import imported_section
from sweep.report.moments import duration_words, time_words
from sweep.report.stopped import failed_section, stopped_section
from sweep.report.tables import FairTable, count_words, fair_tables, newest_table
from sweep.report.times import times_section
from sweep.report.verdict import HOW_TO_READ, notes, verdict
from sweep.report.verification import unverified_words
from sweep.results import baseline_arms, fairness_of, is_control_trial, metric_of
from sweep.spec.document import yaml_text


def page(
    state: SweepState,
    figures: Sequence[str] = (),
    tables: Sequence[str] = (),
    analysis: Analysis | None = None,
) -> str:
    """The whole page. `figures` and `tables` name files that lie beside it; PNGs are shown.

    `analysis`: that of the state, if it is known already.
    """
    compared, analysis = fair_tables(state), analysis or analyse(state, telling_rung(state))
    sections = [
        f"# Sweep {markdown.cell(state.created.name)}",
        markdown.cell(state.origin),
        markdown.cell(unverified_words(state)),
        controls_section(state),
        state.created.spec["description"],
        verdict(newest_table(compared)),
        *verdict_parts(analysis),
        markdown.bullets(_overview(state)),
        *(
            f"![{name.rsplit('.', 1)[0].replace('_', ' ')}]({name})"
            for name in figures
            if name.endswith(".png")
        ),
        "## Fair comparison",
        "Every table holds what was measured at exactly its iteration.",
        HOW_TO_READ,
        *(part for table in compared for part in _comparison(table)),
        *fits_parts(state, analysis),
        *_optional(imported_section(state)),
        *section_parts(images_section(state)),
        *section_parts(stopped_section(state)),
        *section_parts(audit_section(state)),
        *_optional(failed_section(state)),
        *_optional(times_section(state)),
        "## How to make it again",
        *_provenance(state, [*tables, *figures]),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _overview(state: SweepState) -> Iterator[str]:
    trials = list(state.trials.values())
    counts = count_words(trial.status for trial in trials)
    arms = len({trial.arm for trial in trials})
    spent = duration_words(sum(trial.seconds for trial in trials))
    yield f"Status: {_status(state)}"
    controls = len({trial.arm for trial in trials if is_control_trial(trial)})
    tested = f", {controls} of them controls" if controls else ""
    yield f"Trials: {len(trials)} in {arms} arms{tested}" + (f": {counts}" if counts else "")
    yield f"Baseline: {', '.join(map(markdown.cell, baseline_arms(state))) or 'none'}"
    yield f"Judged by: {markdown.cell(metric_of(state))}, in percent"
    if state.provenance == "measured":
        yield f"Fairness: {fairness_of(state).replace('_', ' ')}"
    yield f"Started: {time_words(state.created.time)}"
    yield f"Time spent on training and validation, over all trials: {spent}"


def _status(state: SweepState) -> str:
    ended = state.drivers[-1].ended if state.drivers else None
    if ended:
        reason = f": {markdown.cell(ended.reason)}" if ended.reason else ""
        return f"{ended.outcome} at {time_words(ended.time)}{reason}"
    return "not finished; its driver is at work or was killed" if state.drivers else "not started"


def _comparison(table: FairTable) -> Iterator[str]:
    yield f"### Iteration {table.rung}"
    yield verdict(table)
    if table.rows:
        rows = ([*cells(table, row), row.status] for row in table.rows)
        headings = [*header(table), "status"]
        yield markdown.table(headings, rows, text=(headings[0], "status"))
    yield markdown.bullets(map(markdown.cell, notes(table)))


def _optional(section: Section | None) -> Iterator[str]:
    if section is not None:
        yield from section_parts(section)


def _provenance(state: SweepState, files: Sequence[str]) -> Iterator[str]:
    created = state.created
    if state.provenance == "imported":
        yield "These numbers were imported: how they came about is not known here."
        return
    yield (
        f"Save the first spec below as `{created.name}.yaml` and run `sweep run {created.name}.yaml`; "
        f"`sweep report {created.name}` writes this page anew out of the ledger."
    )
    versions = ", ".join(f"{name} {version}" for name, version in created.versions.items())
    yield markdown.bullets(
        [
            f"sweep id: {created.sweep_id}",
            f"protocol id: {created.protocol_id} (scores of one protocol may be compared)",
            f"regime id: {created.regime_id} (trials of one regime may be ranked)",
            f"git revision: {created.git_revision or 'none'}",
            f"versions: {markdown.cell(versions)}",
            *([f"files: {', '.join(f'[{name}]({name})' for name in files)}"] if files else []),
        ]
    )
    yield "The spec as it was run, with what the command line said, defaults filled in and paths absolute:"
    yield markdown.fenced(yaml_text(created.spec), "yaml")
    yield "The file as it was written, without `--set`, `--name` and `--smoke`:"
    yield markdown.fenced(created.spec_text, "yaml")
