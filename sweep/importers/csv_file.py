"""A CSV file as rows that know their line."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweep.errors import Fault, StorageError, TableError


@dataclass(frozen=True)
class Row:
    """One line under the header."""

    line: int
    """Counted from 1; of a row with line breaks in a cell the last."""
    cells: Mapping[str, str]
    """Text by column, without spaces around it; empty where there is none."""


def rows_of(path: Path, content: bytes) -> tuple[list[str], list[Row]]:
    """The names of the columns, and the rows; empty lines are left out.

    Raises TableError if the content is no table: not UTF-8, no header, columns of one name, rows of another
    length.
    """
    try:
        lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        table = [(lines.line_num, [cell.strip() for cell in cells]) for cells in lines]
    except UnicodeDecodeError:
        raise TableError(str(path), [Fault("", "is not text in UTF-8")]) from None
    except csv.Error as error:
        raise TableError(str(path), [Fault("", f"is no CSV: {error}", lines.line_num)]) from None
    filled = [(line, cells) for line, cells in table if any(cells)]
    if not filled:
        raise TableError(str(path), [Fault("", "is empty; its first line must name the columns")])
    (line, header), *rest = filled
    faults = [*_header_faults(header, line), *_length_faults(header, rest)]
    if faults:
        raise TableError(str(path), faults)
    return header, [Row(line, dict(zip(header, cells, strict=True))) for line, cells in rest]


def content_of(path: Path) -> bytes:
    """The bytes of the file. Raises StorageError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise StorageError(f"{path}: there is no such file in {Path.cwd()}") from None
    except OSError as error:
        raise StorageError(f"{path}: cannot be read: {error.strerror}") from None


def _header_faults(header: Sequence[str], line: int) -> list[Fault]:
    if len(header) == 1 and ";" in header[0]:
        return [Fault("", "the columns are separated by ';'; they must be by ','", line)]
    twice = sorted({name for name in header if name and header.count(name) > 1})
    faults = [Fault("", f"there are two columns {name!r}", line) for name in twice]
    return faults + [Fault("", "a column has no name", line)] * ("" in header)


def _length_faults(header: Sequence[str], rows: Sequence[tuple[int, Sequence[str]]]) -> list[Fault]:
    return [
        Fault("", f"has {len(cells)} cells; the first line names {len(header)} columns", line)
        for line, cells in rows
        if len(cells) != len(header)
    ]
