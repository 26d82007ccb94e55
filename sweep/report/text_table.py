"""A table as plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import zip_longest

GAP = "  "
_NARROWEST = 12


def text_table(rows: Sequence[Sequence[str]], width: int, text: int = 1) -> str:
    """The headings, which `rows` begin with, over a rule; cells may have several lines.

    The first `text` columns stand to the left, others to the right; the last of them is folded, down to 12
    characters, where the table is wider than `width`.
    """
    rows = _folded(rows, width, text - 1)
    widths = column_widths(rows)
    rule = "─" * (sum(widths) + len(GAP) * (len(widths) - 1))
    return "\n".join(
        [_row_text(rows[0], widths, text), rule, *(_row_text(row, widths, text) for row in rows[1:])]
    )


def column_widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """Of each column, in characters."""
    return [
        max(len(line) for cell in column for line in cell.split("\n")) for column in zip(*rows, strict=True)
    ]


def _folded(rows: Sequence[Sequence[str]], width: int, column: int) -> list[list[str]]:
    widths = column_widths(rows)
    others = sum(widths) - widths[column] + len(GAP) * (len(widths) - 1)
    room = max(_NARROWEST, width - others)
    return [[*row[:column], "\n".join(textwrap.wrap(row[column], room)), *row[column + 1 :]] for row in rows]


def _row_text(row: Sequence[str], widths: Sequence[int], text: int) -> str:
    lines = zip_longest(*(cell.split("\n") for cell in row), fillvalue="")
    return "\n".join(_line(cells_of_line, widths, text) for cells_of_line in lines)


def _line(texts: Sequence[str], widths: Sequence[int], text: int) -> str:
    cells = [
        one.ljust(width) if i < text else one.rjust(width)
        for i, (one, width) in enumerate(zip(texts, widths, strict=True))
    ]
    return GAP.join(cells).rstrip()
