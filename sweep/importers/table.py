"""Rows of a table as trainings, whatever file the table came out of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sweep.errors import Fault, TableError
from sweep.importers.columns import Columns, Measurement
from sweep.importers.csv_file import Row, content_of, rows_of
from sweep.importers.found import Found, FoundRun, Refusal, Validation
from sweep.importers.names import OurName
from sweep.plan.arms import arm_name


@dataclass(frozen=True)
class Table:
    """A table as its file has it."""

    file: str
    header: Sequence[str]
    rows: Sequence[Row]
    digest: str
    """SHA-256 of the file."""


def csv_table(path: Path) -> Table:
    """A CSV file. Raises StorageError, and TableError if it is no table."""
    content = content_of(path)
    header, rows = rows_of(path, content)
    return Table(str(path), header, rows, hashlib.sha256(content).hexdigest())


def runs_of_table(
    table: Table,
    final: int | None = None,
    metric: str = "val_miou",
    columns: Mapping[str, OurName] | None = None,
) -> Found:
    """The trainings that a table tells of; docs/import.md describes its columns.

    Args:
        table: with a row for every validation.
        final: the iteration at which a training ends, where the table names no iterations.
        metric: that every row must have.
        columns: what columns hold whose names do not say it.

    Raises:
        TableError: all faults of the table, with their lines.
    """
    read = Columns(table.header, table.rows, metric, columns)
    measurements = read.measurements(only_iteration=final or 1)
    faults = [*read.faults]
    trials = _trials(measurements, faults)
    _check_baseline(trials, faults)
    if faults:
        raise TableError(table.file, faults)
    return Found(
        runs=tuple(_run(table.file, trial) for trial in trials),
        refusals=tuple(_not_measured(table.file, read.not_measured)),
        notes=tuple(f"{table.file}: {note}" for note in read.notes),
        rungs=tuple(sorted({row.iteration for row in measurements if row.is_rung})),
        digest=table.digest,
    )


@dataclass
class _Trial:
    """The rows of one trial."""

    seed: int
    first: Measurement
    rows: dict[int, Measurement] = field(default_factory=dict)
    """By iteration."""

    @property
    def arm(self) -> str:
        return arm_name(self.first.parameters)


def _run(file: str, trial: _Trial) -> FoundRun:
    first = trial.first
    return FoundRun(
        source=file,
        name=first.trial_id or _name(trial),
        line=first.line,
        parameters=first.parameters,
        seed=first.seed,
        trial_id=first.trial_id,
        validations=tuple(_validation(file, trial.rows[at]) for at in sorted(trial.rows)),
        is_baseline=any(row.is_baseline for row in trial.rows.values()),
        protocol_id=first.protocol_id,
        regime_id=first.regime_id,
    )


def _name(trial: _Trial) -> str:
    """Where rows of several protocols or regimes are of one arm and seed, they are several trials."""
    ids = filter(None, (trial.first.protocol_id, trial.first.regime_id))
    return " ".join((trial.arm, f"seed {trial.seed}", *ids))


def _validation(file: str, row: Measurement) -> Validation:
    return Validation(
        iteration=row.iteration, metrics=dict(row.metrics), file=file, line=row.line, seconds=row.seconds
    )


def _not_measured(file: str, told: Mapping[int, str]) -> Iterator[Refusal]:
    for line, word in told.items():
        yield Refusal(file=file, line=line, reason=f"is no measurement: the table itself says {word!r}")


def _trials(measurements: Sequence[Measurement], faults: list[Fault]) -> list[_Trial]:
    """Trials in the order of their first rows; adds rows that contradict each other to `faults`."""
    trials: dict[str, _Trial] = {}
    for row in measurements:
        ids = [row.protocol_id, row.regime_id]
        key = json.dumps([row.trial_id, *ids] if row.trial_id else [row.parameters, row.seed, *ids])
        if key not in trials:
            trials[key] = _new_trial(row, list(trials.values()), faults)
        _add(trials[key], row, faults)
    return list(trials.values())


def _new_trial(row: Measurement, known: Sequence[_Trial], faults: list[Fault]) -> _Trial:
    """A trial that begins with this row; without a seed it gets the next one of its arm."""
    own = {trial.seed: trial for trial in known if _kind(trial.first) == _kind(row)}
    seed = row.seed if row.seed is not None else max(own, default=-1) + 1
    if seed in own:
        other = own[seed].first
        faults.append(
            Fault("seed", f"is {seed}, as of another trial of the same arm in line {other.line}", row.line)
        )
    return _Trial(seed, row)


def _kind(row: Measurement) -> tuple[Mapping[str, Any], str, str]:
    return row.parameters, row.protocol_id, row.regime_id


def _add(trial: _Trial, row: Measurement, faults: list[Fault]) -> None:
    first, same = trial.first, trial.rows.get(row.iteration)
    if same is not None:
        faults.append(
            Fault(
                "",
                f"is the same trial at the same iteration, {row.iteration}, as line {same.line}. "
                "A column `seed` or `trial_id` tells repeated runs apart",
                row.line,
            )
        )
    if (row.parameters, row.seed) != (first.parameters, first.seed):
        faults.append(
            Fault(
                "trial_id",
                f"is {row.trial_id}, whose parameters or seed are others in line {first.line}",
                row.line,
            )
        )
    trial.rows.setdefault(row.iteration, row)


def _check_baseline(trials: Sequence[_Trial], faults: list[Fault]) -> None:
    """An arm that has all that the marked ones share is a baseline, too, and must be marked."""
    marked = [trial for trial in trials if any(row.is_baseline for row in trial.rows.values())]
    if not marked:
        return
    common = dict(marked[0].first.parameters)
    for trial in marked:
        own = trial.first.parameters
        common = {path: value for path, value in common.items() if own.get(path) == value}
    arms = {trial.arm for trial in marked}
    for trial in trials:
        if trial.arm not in arms and _fits(trial.first.parameters, common):
            faults.append(
                Fault(
                    "baseline",
                    f"marks {', '.join(sorted(arms))}; this row has all that they share, and no mark",
                    trial.first.line,
                )
            )


def _fits(parameters: Mapping[str, Any], point: Mapping[str, Any]) -> bool:
    return all(parameters.get(path, value) == value for path, value in point.items())
