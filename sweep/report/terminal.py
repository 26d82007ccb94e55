"""The fair comparison as plain text for a terminal."""

from __future__ import annotations

import textwrap

from sweep.ledger.state import SweepState
from sweep.report.audit_words import audit_line
from sweep.report.cells import cells, header
from sweep.report.controls import controls_lines
from sweep.report.imported import apart_lines
from sweep.report.tables import FairTable, fair_table
from sweep.report.text_table import GAP, column_widths, text_table
from sweep.report.verdict import HOW_TO_READ, notes, verdict
from sweep.report.verification import unverified_words
from sweep.results import newest_rung

_WIDEST_HEADING = 24


def fair_table_text(table: FairTable, *, width: int = 80) -> str:
    """Title, table, verdict and notes, in lines of at most `width` characters from a width of 72 on."""
    explanation = [HOW_TO_READ] if table.rows else []
    remarks = [f"- {remark}" for remark in (*_statuses(table), *notes(table), *explanation)]
    paragraphs = [
        f"{table.sweep} at iteration {table.rung}",
        _grid(table, width) if table.rows else "",
        textwrap.fill(verdict(table), width),
        "\n".join(textwrap.fill(remark, width, subsequent_indent="  ") for remark in remarks),
    ]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def comparison_text(state: SweepState, rung: int, *, width: int = 80) -> str:
    """That it was replayed or that nobody counted its images, what the controls say, and the comparison at a
    rung. Raises ValueError if the iteration is no rung."""
    table = fair_table_text(fair_table(state, rung), width=width)
    origin = textwrap.fill(state.origin, width)
    unverified = textwrap.fill(unverified_words(state), width)
    apart = "\n".join(textwrap.fill(line, width) for line in apart_lines(state, rung))
    return "\n\n".join(
        part for part in (origin, unverified, controls_text(state, width), table, apart) if part
    )


def controls_text(state: SweepState, width: int = 80) -> str:
    """What the controls say, which comes before all else; empty for a sweep without controls."""
    return "\n".join(textwrap.fill(line, width, subsequent_indent="  ") for line in controls_lines(state))


def latest_table_text(state: SweepState, *, width: int = 80) -> str:
    """The same at the last rung that any trial has reached, or the first; then what early stopping did."""
    comparison = comparison_text(state, newest_rung(state), width=width)
    line = textwrap.fill(audit_line(state), width)
    return f"{comparison}\n\n{line}" if line else comparison


def latest_verdict(state: SweepState) -> str:
    """What differs from the baseline at the last rung that any trial has reached, in a sentence or two."""
    return verdict(fair_table(state, newest_rung(state)))


def _grid(table: FairTable, width: int) -> str:
    """The table; `val_aacc` is left out where it does not fit, then the names of arms are folded."""
    headings = ["\n".join(textwrap.wrap(heading, _WIDEST_HEADING)) for heading in header(table)]
    rows = [headings, *(cells(table, row) for row in table.rows)]
    too_wide = sum(column_widths(rows)) + len(GAP) * len(headings) > width
    if too_wide and "val_aacc" in headings and table.metric != "val_aacc":
        left_out = headings.index("val_aacc")
        rows = [[*row[:left_out], *row[left_out + 1 :]] for row in rows]
    return text_table(rows, width)


def _statuses(table: FairTable) -> list[str]:
    """What became of the trials of arms that have not simply finished."""
    return [f"{row.arm}: {row.status}" for row in table.rows if row.status != f"{row.planned_seeds} finished"]
