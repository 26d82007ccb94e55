"""The fair comparison as plain text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import zip_longest

from sweep.ledger.state import SweepState
from sweep.report.cells import cells, header
from sweep.report.controls import controls_lines
from sweep.report.tables import FairTable, fair_table
from sweep.report.verdict import HOW_TO_READ, notes, verdict
from sweep.results import newest_rung

_GAP = "  "
_NARROWEST_ARM = 12


def fair_table_text(table: FairTable, *, width: int = 80) -> str:
    """Title, table, verdict and notes, in lines of at most `width` characters from a width of 72 on."""
    explanation = [HOW_TO_READ] if table.noise else []
    remarks = [f"- {remark}" for remark in (*_statuses(table), *notes(table), *explanation)]
    paragraphs = [
        f"{table.sweep} at iteration {table.rung}",
        _grid(table, width) if table.rows else "",
        textwrap.fill(verdict(table), width),
        "\n".join(textwrap.fill(remark, width, subsequent_indent="  ") for remark in remarks),
    ]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def comparison_text(state: SweepState, rung: int, *, width: int = 80) -> str:
    """What the controls say, and the comparison at a rung. Raises ValueError if the iteration is no rung."""
    controls = "\n".join(textwrap.fill(line, width, subsequent_indent="  ") for line in controls_lines(state))
    table = fair_table_text(fair_table(state, rung), width=width)
    return "\n\n".join(part for part in (controls, table) if part)


def latest_table_text(state: SweepState, *, width: int = 80) -> str:
    """The same at the last rung that any trial has reached, or the first."""
    return comparison_text(state, newest_rung(state), width=width)


def _grid(table: FairTable, width: int) -> str:
    """The table; `val_aacc` is left out where it does not fit, then the names of arms are folded."""
    headings = [heading.replace(" (95", "\n(95") for heading in header(table)]
    rows = [headings, *(cells(table, row) for row in table.rows)]
    if sum(_widths(rows)) + len(_GAP) * len(headings) > width and table.metric != "val_aacc":
        left_out = headings.index("val_aacc")
        rows = [[*row[:left_out], *row[left_out + 1 :]] for row in rows]
    room = max(_NARROWEST_ARM, width - sum(_widths(rows)[1:]) - len(_GAP) * (len(rows[0]) - 1))
    rows = [["\n".join(textwrap.wrap(row[0], room)), *row[1:]] for row in rows]
    widths = _widths(rows)
    rule = "─" * (sum(widths) + len(_GAP) * (len(widths) - 1))
    return "\n".join([_row_text(rows[0], widths), rule, *(_row_text(row, widths) for row in rows[1:])])


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """Of each column, in characters; a cell may have several lines."""
    return [
        max(len(line) for cell in column for line in cell.split("\n")) for column in zip(*rows, strict=True)
    ]


def _row_text(row: Sequence[str], widths: Sequence[int]) -> str:
    """The lines of a row: the first column to the left, all others to the right."""
    lines = zip_longest(*(cell.split("\n") for cell in row), fillvalue="")
    return "\n".join(_line(cells_of_line, widths) for cells_of_line in lines)


def _line(texts: Sequence[str], widths: Sequence[int]) -> str:
    others = (text.rjust(width) for text, width in zip(texts[1:], widths[1:], strict=True))
    return _GAP.join([texts[0].ljust(widths[0]), *others]).rstrip()


def _statuses(table: FairTable) -> list[str]:
    """What became of the trials of arms that have not simply finished."""
    return [f"{row.arm}: {row.status}" for row in table.rows if row.status != f"{row.planned_seeds} finished"]
