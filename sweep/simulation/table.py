"""A simulation as a table on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rich import box
from rich.markup import escape
from rich.table import Table

from sweep.simulation.comparison import Row, Simulation
from sweep.simulation.score import Mean

_WIDE = 120
"""Characters from which on an interval stands beside its value, not below it, and hours of work are shown."""


def simulation_table(simulation: Simulation, width: int) -> Table:
    """A row for every rule and setting; in lines of at most `width` characters from a width of 78 on."""
    columns = list(_columns(simulation, width))
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("rule", no_wrap=width >= _WIDE, min_width=13)
    for column in columns:
        table.add_column(column.heading, justify="right", no_wrap=True)
    for row in simulation.rows:
        words = f"{row.setting.words}{' *' if row.setting.is_own else ''}"
        table.add_row(escape(words), *(column.cell(row) for column in columns))
    return table


@dataclass(frozen=True)
class _Column:
    heading: str
    cell: Callable[[Row], str]


def _columns(simulation: Simulation, width: int) -> Iterator[_Column]:
    gap = "\n" if width < _WIDE else "  "
    timed, gpu = simulation.is_timed, "GPU-" if simulation.gpus else ""
    clock, unit = (_hours, "hours") if timed else (_whole_number, "iterations")
    yield _Column("cost\n%", lambda row: _with_interval(row.cost, _percent, gap))
    if timed and width >= _WIDE:
        yield _Column(f"cost\n{gpu}hours", lambda row: _with_interval(row.work_seconds, _hours, gap))
    yield _Column("lost\n%", lambda row: _with_interval(row.lost, _percent, gap))
    yield _Column("regret\nmean", lambda row: _with_interval(row.regret, _points, gap))
    yield _Column("regret\nmax", lambda row: _points(row.worst_regret))
    if not simulation.no_curve:
        yield _Column("error of\ncurve", lambda row: _with_interval(row.curve_error, _points, gap))
    yield _Column(f"{unit}\non clock", lambda row: _with_interval(row.seconds, clock, gap))


def _with_interval(mean: Mean | None, text: Callable[[float], str], gap: str) -> str:
    """`52.0 51.7-52.3`; the value alone where all orders agree, or there is none left out."""
    if mean is None:
        return "-"
    value, low, high = text(mean.value), text(max(mean.low, 0.0)), text(mean.high)
    return value if low == high else f"{value}{gap}{low}-{high}"


def _percent(share: float) -> str:
    return f"{100 * min(share, 1.0):.1f}"


def _points(value: float) -> str:
    return f"{value:.2f}"


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.2f}" if seconds < 36000 else f"{seconds / 3600:.1f}"


def _whole_number(value: float) -> str:
    return f"{value:.0f}"
