"""The fair comparison as texts of cells, for any kind of page."""

from __future__ import annotations

import math
from collections.abc import Iterator

from sweep.curves.differences import Difference
from sweep.report.tables import ArmRow, FairTable, Spread


def header(table: FairTable) -> list[str]:
    """The headings; the first column names the arm."""
    prior = ", prior noise" if table.noise.source == "prior" else ""
    difference = f"difference in {table.metric} (95 % interval for all arms{prior})"
    return [", ".join(map(_key, _paths(table))), "seeds", *metrics_of(table), difference, "rank"]


def cells(table: FairTable, row: ArmRow) -> list[str]:
    """One arm; as many cells as `header` has. What became of its trials is `row.status`."""
    seeds = str(row.seeds) if row.seeds == row.planned_seeds else f"{row.seeds} of {row.planned_seeds}"
    spreads = {"val_miou": row.miou, "val_aacc": row.aacc, table.metric: row.judged}
    values = [spread_text(spreads[metric]) for metric in metrics_of(table)]
    return [arm_label(table, row), seeds, *values, _difference_cell(row), str(row.rank)]


def arm_label(table: FairTable, row: ArmRow) -> str:
    """The arm's values in the order of the heading, as `0.125, night`; `-` for one without effect."""
    return ", ".join(str(row.parameters.get(path, "-")) for path in _paths(table))


def spread_text(spread: Spread) -> str:
    """`34.60 ± 0.63`; `34.60 ± -` for a single seed."""
    return f"{number(spread.mean)} ± {'-' if spread.sd is None else number(spread.sd)}"


def difference_text(difference: Difference) -> str:
    """`+0.84 (-0.60 to +2.28)`: the interval that holds for all arms of the table at once."""
    low, high = difference.simultaneous_interval
    return f"{signed(difference.value)} ({signed(low)} to {signed(high)})"


def number(value: float) -> str:
    """With two decimals, `NaN` if it is."""
    return "NaN" if math.isnan(value) else f"{value:.2f}"


def signed(value: float) -> str:
    """With sign and two decimals, zero without a sign."""
    return "0.00" if abs(value) < 0.005 else f"{value:+.2f}"


def _difference_cell(row: ArmRow) -> str:
    if row.is_baseline:
        return "baseline"
    return difference_text(row.difference) if row.difference else "-"


def metrics_of(table: FairTable) -> Iterator[str]:
    """val_miou, val_aacc unless it was never measured, and the metric that trials are judged by."""
    accuracy = () if all(math.isnan(row.aacc.mean) for row in table.rows) else ("val_aacc",)
    yield from dict.fromkeys(("val_miou", *accuracy, table.metric))


def _paths(table: FairTable) -> list[str]:
    """All searched parameters, `real_ratio` first."""
    return list(dict.fromkeys(["real_ratio", *(path for row in table.rows for path in row.parameters)]))


def _key(path: str) -> str:
    """The last part of a dotted path."""
    return path.rsplit(".", 1)[-1]
