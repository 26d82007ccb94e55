"""Tables in Markdown, as pasted out of a note or an issue."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sweep.errors import Fault, TableError
from sweep.importers.csv_file import Row
from sweep.importers.found import Found, FoundRun, Refusal
from sweep.importers.markdown_cells import cell_of, is_empty, number_in, plain, why_no_number
from sweep.importers.markdown_columns import ScoreColumn, WrittenColumns, columns_of
from sweep.importers.names import METRICS, OurName
from sweep.importers.table import Table, runs_of_table
from sweep.spec.space import REAL_RATIO


@dataclass(frozen=True)
class _Written:
    """A table as it was written."""

    line: int
    """Of its header."""
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    """With their lines."""


def read_markdown(
    text: str,
    file: str,
    final: int | None = None,
    metric: str = "val_miou",
    given: Mapping[str, OurName] | None = None,
) -> Found:
    """The trainings of all tables of a text that have a column for real_ratio.

    A row may be a validation, with the columns of docs/import.md, or a training, with columns such as
    `mIoU, aAcc at 2050`. A cell that is no number is refused and said; a remark in brackets is a note of the
    training, and `(baseline)` marks it.

    Raises TableError with all faults, also where no table can be read.
    """
    digest = hashlib.sha256(text.encode()).hexdigest()
    written = list(_tables(text))
    readers = [
        _Reader(file, one, columns, metric)
        for one in written
        if (columns := columns_of([plain(name) for name in one.header], given or {})) is not None
    ]
    if not readers:
        raise TableError(file, [Fault("", _nothing_to_read(written))])
    found = [reader.found(digest, final) for reader in readers]
    return Found(
        runs=tuple(run for one in found for run in one.runs),
        refusals=tuple(refusal for one in found for refusal in one.refusals),
        notes=tuple(note for one in found for note in one.notes),
        rungs=tuple(sorted({rung for one in found for rung in one.rungs or ()})),
        digest=digest,
    )


class _Reader:
    """Makes of one table as people write it one that `runs_of_table` reads."""

    def __init__(self, file: str, written: _Written, columns: WrittenColumns, metric: str) -> None:
        self._file = file
        self._metric = metric
        self._written = written
        self._columns = columns
        self._refusals: list[Refusal] = []
        self._notes: dict[int, list[str]] = {}

    def found(self, digest: str, final: int | None) -> Found:
        """All that the table tells."""
        rows = [row for line, texts in self._written.rows for row in self._rows(line, texts)]
        names = list(dict.fromkeys(name for row in rows for name in row.cells))
        if not rows:
            return Found(runs=(), refusals=tuple(self._refusals), digest=digest)
        whole = [Row(row.line, {name: row.cells.get(name, "") for name in names}) for row in rows]
        found = runs_of_table(Table(self._file, names, whole, digest), final, self._metric)
        runs = tuple(map(self._finished, found.runs))
        notes = tuple(f"{self._file}: {note}" for note in self._columns.notes)
        refusals = (*self._refusals, *found.refusals)
        return replace(found, runs=runs, refusals=refusals, notes=(*notes, *found.notes))

    def _finished(self, run: FoundRun) -> FoundRun:
        """With its remarks; a row that is a training is known by its number, wherever it was pasted."""
        run = replace(run, notes=(*run.notes, *self._notes.get(run.line, ())))
        if not self._columns.is_wide:
            return run
        lines = [line for line, _ in self._written.rows]
        return replace(run, name=f"row {lines.index(run.line) + 1}", trial_id="")

    def _rows(self, line: int, texts: Sequence[str]) -> Iterator[Row]:
        """One for every validation in a row of the table."""
        cells = [plain(text) for text in texts]
        common = {
            name: self._common(line, name, cells[place]) for place, name in self._columns.common.items()
        }
        if _is_baseline(cells[self._columns.real_ratio]):
            common["baseline"] = "true"
        if self._columns.is_wide:
            common["trial_id"] = f"line {line}"
        if self._columns.protocol_id:
            common["protocol_id"] = self._columns.protocol_id
        for iteration, columns in self._columns.scores.items():
            told = {} if iteration is None else {"iteration": str(iteration)}
            values: dict[str, str] = {}
            for column in columns:
                values |= self._values(line, iteration, column, cells[column.place])
            if self._metric in values:
                yield Row(line, {**common, **told, **values})

    def _common(self, line: int, name: str, text: str) -> str:
        """What holds for all validations of a row; remarks become notes."""
        cell = cell_of(text) if name == REAL_RATIO else None
        if cell is not None and cell.remark and not _is_baseline(text):
            self._note(line, f"remark, which is not compared: {cell.remark}")
        return text if cell is None else cell.value

    def _values(self, line: int, iteration: int | None, column: ScoreColumn, text: str) -> dict[str, str]:
        """Metrics by name; a cell that is no measurement is refused."""
        if is_empty(text):
            return {}
        parts = [text] if len(column.scores) == 1 else [part.strip() for part in text.split(",")]
        cells = [cell_of(part) for part in parts]
        numbers = [number_in(cell.value) for cell in cells]
        if numbers[0] is None or len(numbers) > len(column.scores):
            at = "" if iteration is None else f" at {iteration}"
            reason = f"{text!r}{at} {why_no_number(text)}"
            self._refusals.append(Refusal(file=self._file, line=line, reason=reason))
            return {}
        for cell in cells:
            if cell.remark:
                self._note(line, f"remark, which is not compared: {cell.remark}")
        told = zip(column.scores, numbers, strict=False)
        return {one.name: repr(number * one.scale) for one, number in told if one and number is not None}

    def _note(self, line: int, text: str) -> None:
        self._notes.setdefault(line, []).append(text)


def _tables(text: str) -> Iterator[_Written]:
    """Every table: a line with pipes over a rule."""
    lines = [_cells(line) for line in text.splitlines()]
    for place in range(len(lines) - 1):
        header, rule = lines[place], lines[place + 1]
        if not header or len(rule) != len(header) or not all(_is_rule(cell) for cell in rule):
            continue
        rows = []
        for number, cells in enumerate(lines[place + 2 :], start=place + 3):
            if not cells:
                break
            rows.append((number, tuple((*cells, *[""] * len(header))[: len(header)])))
        yield _Written(place + 1, tuple(header), tuple(rows))


def _cells(line: str) -> list[str]:
    """Of a line of a table; none of any other line. An escaped pipe divides nothing."""
    if "|" not in line:
        return []
    marked = line.strip().replace("\\|", "\0").removeprefix("|").removesuffix("|")
    return [cell.replace("\0", "|").strip() for cell in marked.split("|")]


def _is_rule(cell: str) -> bool:
    return cell.strip(":").strip("-") == "" and "-" in cell


def _is_baseline(text: str) -> bool:
    return "baseline" in text.lower()


def _nothing_to_read(written: Sequence[_Written]) -> str:
    wanted = f"a column {REAL_RATIO!r} and metrics such as {METRICS[0]} or `mIoU at 2000`"
    if not written:
        return f"holds no Markdown table; one with {wanted} is wanted"
    headers = "; ".join(f"line {one.line}: {', '.join(one.header)}" for one in written)
    return f"none of its tables has {wanted}: {headers}"
