"""CSV exports of W&B: the table of runs, and a chart."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sweep.importers.csv_file import Row
from sweep.importers.found import Found, Refusal
from sweep.importers.names import METRICS, OurName, renamed
from sweep.importers.ratio_names import ratio_of_name
from sweep.importers.table import Table, csv_table, runs_of_table
from sweep.spec.space import REAL_RATIO

_OF_RUNS = {"Name", "State", "Created"}
_STEP = "Step"
_BETWEEN = " - "
_BOUNDS = ("__MIN", "__MAX")
_UNREADABLE = "nothing tells its real_ratio; say it with --set real_ratio=0.5"


def is_wandb(path: Path) -> bool:
    """Whether a CSV file is such an export, by its first line."""
    try:
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
            header = next(csv.reader(file), [])
    except (OSError, csv.Error):
        return False
    return set(header) >= _OF_RUNS or _is_chart(header)


def read_wandb(
    path: Path,
    given: Mapping[str, OurName],
    parameters: Mapping[str, Any],
    final: int | None = None,
    metric: str = "val_miou",
) -> Found:
    """The runs of an export; real_ratio as a column, the user or the name of the run tells.

    Of the table of runs, columns that are none of ours are left out: nothing tells settings from scores.

    Raises:
        StorageError: the file cannot be read.
        TableError: all that is wrong with it.
    """
    exported = csv_table(path)
    reader = _Reader(exported, given, parameters.get(REAL_RATIO))
    rows = list(reader.chart_rows() if _is_chart(exported.header) else reader.run_rows())
    if not rows:
        return Found(runs=(), refusals=tuple(reader.refusals), digest=exported.digest)
    names = list(dict.fromkeys(name for row in rows for name in row.cells))
    whole = [Row(row.line, {name: row.cells.get(name, "") for name in names}) for row in rows]
    found = runs_of_table(Table(exported.file, names, whole, exported.digest), final, metric)
    runs = tuple(
        replace(run, notes=(*run.notes, *reader.notes.get(run.name, ())), trial_id="") for run in found.runs
    )
    notes = tuple(f"{path}: {note}" for note in reader.of_all)
    return replace(
        found, runs=runs, refusals=(*reader.refusals, *found.refusals), notes=(*notes, *found.notes)
    )


def _is_chart(header: Sequence[str]) -> bool:
    return bool(header) and header[0] == _STEP and any(name.endswith(_BOUNDS) for name in header)


class _Reader:
    """Makes of an export rows such as `runs_of_table` reads; `trial_id` is the run's name."""

    def __init__(self, exported: Table, given: Mapping[str, OurName], real_ratio: float | None) -> None:
        self.refusals: list[Refusal] = []
        self.notes: dict[str, list[str]] = {}
        """By the run's name."""
        self.of_all: list[str] = []
        self._exported = exported
        self._given = given
        self._real_ratio = real_ratio

    def run_rows(self) -> Iterator[Row]:
        """One for every run: its last scores."""
        found = renamed(self._exported.header, self._given)
        wanted = {REAL_RATIO, "iteration", "seed", "train_loss", *METRICS}
        known = {theirs: one for theirs, one in found.names.items() if one.name in wanted}
        left_out = [name for name in self._exported.header if name not in known and name not in _OF_RUNS]
        if left_out:
            self.of_all.append(f"columns that are left out: {', '.join(left_out)}")
        for row in self._exported.rows:
            name, state = row.cells["Name"], row.cells["State"]
            cells = {one.name: _scaled(row.cells[theirs], one.scale) for theirs, one in known.items()}
            ratio = cells.get(REAL_RATIO) or self._ratio(name, row.line)
            if ratio is None:
                continue
            if state.lower() != "finished":
                self._note(name, f"{state.lower()} in W&B")
            if any(cells.get(metric) for metric in METRICS):
                yield Row(
                    row.line, {**cells, REAL_RATIO: ratio, "trial_id": name, "protocol_id": found.protocol_id}
                )
            else:
                self._refuse(row.line, f"{name}: has no score")

    def chart_rows(self) -> Iterator[Row]:
        """One for every point of every line of a chart."""
        self.of_all.append("W&B's step is taken for the iteration")
        curves = list(self._curves())
        for row in self._exported.rows:
            for name, ratio, metric, column in curves:
                if row.cells[column]:
                    value = _scaled(row.cells[column], metric.scale)
                    told = {"trial_id": name, REAL_RATIO: ratio, "iteration": row.cells[_STEP]}
                    yield Row(row.line, {**told, metric.name: value})

    def _curves(self) -> Iterator[tuple[str, str, OurName, str]]:
        """Of each line that is a training: its run, real_ratio, metric and column."""
        columns = [name for name in self._exported.header[1:] if not name.endswith(_BOUNDS)]
        split = {column: column.rpartition(_BETWEEN)[::2] for column in columns}
        found = renamed(list(dict.fromkeys(metric for _, metric in split.values())), self._given)
        for column, (name, theirs) in split.items():
            metric = found.names.get(theirs)
            if metric is None or metric.name not in METRICS:
                if not theirs.endswith("_step"):
                    self.of_all.append(f"column that is left out: {column}")
            elif self._is_mean(column):
                self._refuse(1, f"{column}: is a mean over several runs; export the chart without grouping")
            elif (ratio := self._ratio(name, 1)) is not None:
                yield name, ratio, metric, column

    def _is_mean(self, column: str) -> bool:
        """Whether the export gives a range beside its values."""
        return any(
            row.cells.get(column + bound, row.cells[column]) not in (row.cells[column], "")
            for row in self._exported.rows
            for bound in _BOUNDS
        )

    def _ratio(self, name: str, line: int) -> str | None:
        if self._real_ratio is not None:
            return repr(self._real_ratio)
        named = ratio_of_name(name)
        if named is None or named.value is None:
            self._refuse(line, f"{name}: {named.note if named else _UNREADABLE}")
            return None
        if named.note:
            self._note(name, named.note)
        return repr(named.value)

    def _refuse(self, line: int, reason: str) -> None:
        self.refusals.append(Refusal(file=self._exported.file, line=line, reason=reason))

    def _note(self, name: str, text: str) -> None:
        notes = self.notes.setdefault(name, [])
        if text not in notes:
            notes.append(text)


def _scaled(text: str, scale: float) -> str:
    """The cell in our unit; one that is no number stays, and is a fault further on."""
    try:
        return repr(float(text) * scale) if scale != 1 else text
    except ValueError:
        return text
