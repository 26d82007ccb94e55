"""The page of a sweep in Markdown: what was compared, what came out, what it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pandas as pd

from sweep.analysis import Analysis, analyse, telling_rung
from sweep.ledger.state import Provenance, SweepState, TrialState
from sweep.report import markdown
from sweep.report.audit_words import audit_section
from sweep.report.cells import cells, header
from sweep.report.controls import controls_section
from sweep.report.fits_page import fits_parts, section_parts, verdict_parts
from sweep.report.imported import imported_section
from sweep.report.tables import FairTable, count_words, fair_tables
from sweep.report.verdict import HOW_TO_READ, notes, verdict
from sweep.report.verification import unverified_words
from sweep.results import baseline_arms, is_control_trial, metric_of, trial_table
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
        verdict(_newest(compared)),
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
        *_imported(state),
        "## Images that were trained on",
        *_images(state),
        "## Early stopping",
        *_stopped(state),
        *section_parts(audit_section(state)),
        *_failed(state),
        "## How to make it again",
        *_provenance(state, [*tables, *figures]),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _newest(tables: Sequence[FairTable]) -> FairTable:
    """The last rung that any trial has reached, or the first one."""
    return next((table for table in tables if table.rows), tables[-1])


def _overview(state: SweepState) -> Iterator[str]:
    trials = list(state.trials.values())
    counts = count_words(trial.status for trial in trials)
    arms = len({trial.arm for trial in trials})
    spent = _duration(sum(trial.seconds for trial in trials))
    yield f"Status: {_status(state)}"
    controls = len({trial.arm for trial in trials if is_control_trial(trial)})
    tested = f", {controls} of them controls" if controls else ""
    yield f"Trials: {len(trials)} in {arms} arms{tested}" + (f": {counts}" if counts else "")
    yield f"Baseline: {', '.join(map(markdown.cell, baseline_arms(state))) or 'none'}"
    yield f"Judged by: {markdown.cell(metric_of(state))}, in percent"
    yield f"Started: {_time(state.created.time)}"
    yield f"Time spent on training and validation, over all trials: {spent}"


def _status(state: SweepState) -> str:
    ended = state.drivers[-1].ended if state.drivers else None
    if ended:
        reason = f": {markdown.cell(ended.reason)}" if ended.reason else ""
        return f"{ended.outcome} at {_time(ended.time)}{reason}"
    return "not finished; its driver is at work or was killed" if state.drivers else "not started"


def _comparison(table: FairTable) -> Iterator[str]:
    yield f"### Iteration {table.rung}"
    yield verdict(table)
    if table.rows:
        rows = ([*cells(table, row), row.status] for row in table.rows)
        headings = [*header(table), "status"]
        yield markdown.table(headings, rows, text=(headings[0], "status"))
    yield markdown.bullets(map(markdown.cell, notes(table)))


def _imported(state: SweepState) -> Iterator[str]:
    if section := imported_section(state):
        yield from section_parts(section)


def _images(state: SweepState) -> Iterator[str]:
    trials = trial_table(state)
    trials = trials[trials["realised_real_ratio"].notna()]
    if trials.empty:
        yield unverified_words(state) or _NO_IMAGES[state.provenance]
        return
    yield (
        "Counted in the train step, up to the last report of each trial; several numbers are the least and "
        "the most over the seeds of an arm. Passes: how often each image was seen on average."
    )
    names = (
        *("real_ratio", "realised_real_ratio", "real_images", "generated_images"),
        *("distinct_real", "distinct_generated", "real_passes", "generated_passes"),
    )
    arms = trials.groupby("arm", sort=False)
    rows = [[str(arm), *(_range(own[name]) for name in names)] for arm, own in arms]
    yield markdown.table(["arm", "requested_real_ratio", *names[1:]], rows, text=["arm"])


_NO_IMAGES: dict[Provenance, str] = {
    "measured": "No trial has reported yet.",
    "imported": "The imported file does not say.",
    "replayed": "None: nothing was trained.",
}


def _range(values: pd.Series[float]) -> str:
    """`0.125`, or `0.125 to 0.13` where they differ."""
    if values.isna().all():
        return "unknown"
    least, most = f"{values.min():.6g}", f"{values.max():.6g}"
    return least if least == most else f"{least} to {most}"


def _stopped(state: SweepState) -> Iterator[str]:
    decisions = [judged for trial in state.trials.values() for judged in trial.judged.values()]
    if not decisions:
        yield "No trial has been judged yet."
        return
    rules = ", ".join(sorted({judged.rule for judged in decisions}))
    per_rung = [
        f"Rung {rung}: {count_words(j.decision for j in decisions if j.rung == rung)}"
        for rung in sorted({judged.rung for judged in decisions})
    ]
    yield f"Decisions by the rule {rules}; `sweep explain {state.created.name} TRIAL` gives their grounds."
    yield markdown.bullets(per_rung)
    yield _endings([trial for trial in state.trials.values() if trial.status == "stopped"])
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


def _failed(state: SweepState) -> Iterator[str]:
    failed = [trial for trial in state.trials.values() if trial.status == "failed"]
    if failed:
        yield "## Failed trials"
        yield _endings(failed)


def _endings(trials: Sequence[TrialState]) -> str:
    """Where and why trials ended; empty without trials."""
    rows = [
        [trial.trial_id, trial.arm, str(trial.planned.seed), str(ended.iteration), ended.reason]
        for trial in trials
        if (ended := trial.ended)
    ]
    headings = ["trial", "arm", "seed", "iteration", "reason"]
    return markdown.table(headings, rows, text=("trial", "arm", "reason")) if rows else ""


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


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _duration(seconds: float) -> str:
    """`2 h 05 min`, or `3 min 20 s` below an hour."""
    minutes, rest = divmod(round(seconds), 60)
    hours, part = divmod(minutes, 60)
    return f"{hours} h {part:02d} min" if hours else f"{minutes} min {rest:02d} s"
