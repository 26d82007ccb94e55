"""Rows that were never measured, as their own table says."""

from __future__ import annotations

from collections.abc import Sequence

from sweep.importers.csv_file import Row

_COLUMNS = ("source", "provenance", "type", "origin")
_MEASURED = ("", "real", "measured", "imported", "replayed", "observed", "actual")
_NOT_MEASURED = (
    *("fabricated", "synthesized", "synthesised", "interpolated", "extrapolated", "predicted", "estimated"),
    *("fitted", "simulated", "imputed", "guessed", "expected", "projected"),
)


def origin_column(header: Sequence[str], rows: Sequence[Row]) -> str | None:
    """The column that says whether a row was measured: all of its cells are such words."""
    for name in header:
        if name.lower() in _COLUMNS:
            words = {row.cells[name].lower() for row in rows}
            if words <= {*_MEASURED, *_NOT_MEASURED} and words != {""}:
                return name
    return None


def was_measured(word: str) -> bool:
    """What a cell of that column says."""
    return word.lower() in _MEASURED
