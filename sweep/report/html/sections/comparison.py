"""The fair comparison at every rung: who was measured there, how far arms differ, how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from sweep.curves.differences import Difference
from sweep.curves.digits import decimals, fixed, interval_text, p_text
from sweep.report.cells import arm_label, header, metrics_of
from sweep.report.html.forest import forest, reach_of
from sweep.report.html.known import Known
from sweep.report.html.templating import render
from sweep.report.imported import apart_lines
from sweep.report.tables import ArmRow, FairTable, Spread
from sweep.report.verdict import HOW_TO_READ, notes
from sweep.report.verdict import verdict as table_verdict

MOST_ROWS = 60
"""Of a table on the page."""


def fair_comparison(known: Known) -> Markup:
    """The newest table open, those of earlier rungs folded."""
    tables = [_table(known, table) for table in known.tables]
    newest = known.tables.index(known.newest)
    return render("comparison.html", tables=tables, newest=newest, how_to_read=HOW_TO_READ)


def _table(known: Known, table: FairTable) -> dict[str, object]:
    rows = shown_rows(table)
    reach = reach_of([row.difference for row in rows if row.difference])
    places = _places(table)
    return {
        "rung": table.rung,
        "verdict": table_verdict(table),
        "arm": header(table)[0] if table.rows else "",
        "metric": table.metric,
        "others": _others(table) if table.rows else [],
        "is_prior": table.noise.source == "prior",
        "rows": [_row(table, row, reach, places) for row in rows],
        "left_out": len(table.rows) - len(rows),
        "notes": [*notes(table), *apart_lines(known.state, table.rung)],
    }


def shown_rows(table: FairTable) -> Sequence[ArmRow]:
    """All, or baselines and the best by rank, in the order of the table."""
    if len(table.rows) <= MOST_ROWS:
        return table.rows
    best = sorted(table.rows, key=lambda row: (not row.is_baseline, row.rank))[:MOST_ROWS]
    chosen = {row.arm for row in best}
    return [row for row in table.rows if row.arm in chosen]


def _row(table: FairTable, row: ArmRow, reach: float, places: int) -> dict[str, object]:
    spreads = {"val_miou": row.miou, "val_aacc": row.aacc}
    seeds = str(row.seeds) if row.seeds == row.planned_seeds else f"{row.seeds} of {row.planned_seeds}"
    found = row.difference
    return {
        "label": arm_label(table, row),
        "seeds": seeds,
        "judged": _spread(row.judged, places),
        "others": [_spread(spreads[metric], places) for metric in _others(table)],
        "is_baseline": row.is_baseline,
        "is_shown": bool(found and found.is_shown),
        "forest": forest(found, reach) if found else "",
        "difference": difference_words(found) if found else "",
        "p": _p(found),
        "rank": row.rank,
        "status": row.status,
        "survivors": row.lost_to_stopping > 0,
    }


def _others(table: FairTable) -> list[str]:
    """Metrics beside the one that trials are judged by."""
    return [metric for metric in metrics_of(table) if metric != table.metric]


def _p(found: Difference | None) -> str:
    """`0.034` or `< 0.001`; empty where the noise is a prior, which shows nothing."""
    if found is None or found.rests_on_prior:
        return ""
    return p_text(found.p_adjusted).removeprefix("p ").removeprefix("= ")


def difference_words(found: Difference) -> str:
    """`-5 (-13 to +3)`: with the digits that its interval allows."""
    value, low, high = interval_text(found.value, *found.simultaneous_interval, signed=True)
    return f"{value} ({low} to {high})"


def _places(table: FairTable) -> int:
    """Decimals of all means: those that the noise of the mean of most seeds allows."""
    most = max((row.seeds for row in table.rows), default=1)
    return decimals(table.noise.sd / math.sqrt(most))


def _spread(spread: Spread, places: int) -> str:
    """`45.3 ± 3.1`; the mean alone for a single seed."""
    mean = fixed(spread.mean, places)
    return mean if spread.sd is None else f"{mean} ± {fixed(spread.sd, places)}"
