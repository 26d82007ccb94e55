"""Where the time of a sweep went, as a section."""

from __future__ import annotations

from sweep.ledger.state import SweepState
from sweep.report.fits import Grid, Section
from sweep.times.words import HEADINGS, time_line, time_table

TITLE = "Where the time went"


def times_section(state: SweepState) -> Section | None:
    """In sum, then by trial in seconds; None where nothing is known."""
    line = time_line(state)
    if not line:
        return None
    rows, left_out = time_table(state)
    by_trial = "By trial, in seconds:" + (f" the first {len(rows)}; {left_out} more." if left_out else "")
    return Section(TITLE, (line, by_trial, Grid(HEADINGS, tuple(rows))))
