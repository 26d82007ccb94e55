"""The live view, put together for a terminal's size."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from sweep.ledger.state import SweepState
from sweep.live.arms import ArmLine, arm_lines
from sweep.live.curve import curve_so_far
from sweep.live.lines import paused_trials, summary
from sweep.live.outlook import Outlook, outlook
from sweep.report.moments import duration_words
from sweep.results import metric_of, rungs_of
from sweep.spec import Spec

_MARKS = {
    "planned": "[dim]·[/]",
    "running": "[cyan]●[/]",
    "interrupted": "[dim]○[/]",
    "paused": "[blue]‖[/]",
    "finished": "[green]✓[/]",
    "stopped": "[yellow]■[/]",
    "failed": "[red]✗[/]",
}
_MOST_SEEDS = 12
_WIDE = 110
_LEAST_FOR_PLOT = 24  # lines of the terminal
_LINES_BESIDE = 6  # heading, summary, paused, two of the outlook, one for the cursor


class LiveView:
    """Draws the state of a sweep."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    def __call__(self, state: SweepState, width: int, height: int) -> Group:
        """For a terminal of so many characters and lines."""
        metric = metric_of(state)
        if not any(trial.attempts for trial in state.trials.values()):
            return Group(Text("starting Ray ..."))
        arms = arm_lines(state)
        curve = curve_so_far(state, width) if height >= _LEAST_FOR_PLOT else []
        room = max(3, height - _LINES_BESIDE - len(curve))
        parts: list[RenderableType] = [_table(state, arms, width, room)]
        if len(arms) > room:
            arms_left = "1 more arm" if len(arms) == room + 1 else f"{len(arms) - room} more arms"
            parts.append(Text(f"and {arms_left}; `sweep status` has all", style="dim"))
        parts += [Text(line, style="dim" if "┴" in line else "") for line in curve]
        footer = [summary(state, metric), paused_trials(state, metric)]
        parts += [Text.from_markup(line, overflow="ellipsis") for line in footer if line]
        parts += [Text(line) for line in outlook_lines(outlook(state, self._spec))]
        return Group(*parts)


def outlook_lines(found: Outlook | None) -> list[str]:
    """Cost, and the time left; nothing where that is not known."""
    if found is None:
        return []
    spent, low, high = map(_hours, (found.spent, *found.left))
    of = "" if found.budget is None else f" of {found.budget:g}"
    saved = f", {_hours(found.saved)} saved by stopping" if found.saved else ""
    fast, slow = map(duration_words, found.seconds)
    return [
        f"cost: {spent}{of} {found.unit} spent{saved}; {low} to {high} to go",
        f"time left: {fast} to {slow}",
    ]


def _hours(hours: float) -> str:
    return f"{hours:.2f}" if hours >= 0.1 else f"{hours:.3f}"


def _table(state: SweepState, arms: Sequence[ArmLine], width: int, room: int) -> Table:
    """The arms that are at work come before the others where there is not room for all."""
    is_wide = width >= _WIDE
    table = Table.grid(padding=(0, 2))
    table.add_column(overflow="ellipsis", no_wrap=True)  # the name gives way on a narrow terminal
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, justify="right")
    if is_wide:
        table.add_column(no_wrap=True, overflow="ellipsis", max_width=width // 3)
    by_need = sorted(range(len(arms)), key=lambda i: "running" not in arms[i].statuses)
    shown = sorted(by_need[:room])
    for arm in (arms[i] for i in shown):
        row = [escape(arm.arm), _seeds(arm), _bar(arm.iteration, rungs_of(state), 20 if is_wide else 12)]
        row += [_value(arm), _difference(arm)]
        table.add_row(*row, *([f"[dim]{escape(arm.why)}[/]"] if is_wide else []))
    return table


def _seeds(arm: ArmLine) -> str:
    marks = "".join(_MARKS[status] for status in arm.statuses[:_MOST_SEEDS])
    more = len(arm.statuses) - _MOST_SEEDS
    return marks + (f"+{more}" if more > 0 else "")


def _bar(iteration: int, rungs: Sequence[int], length: int) -> str:
    """Where the furthest trial is; rungs are crosses on the line."""
    done = length * iteration // rungs[-1]
    crosses = {min(length - 1, length * rung // rungs[-1]) for rung in rungs[:-1]}
    cells = [("┿" if i < done else "┼") if i in crosses else "━" if i < done else "─" for i in range(length)]
    return f"[cyan]{''.join(cells[:done])}[/][dim]{''.join(cells[done:])}[/]"


def _value(arm: ArmLine) -> str:
    return "" if arm.value is None else f"{arm.value:.2f} @ {arm.at}"


def _difference(arm: ArmLine) -> str:
    if arm.is_baseline:
        return "baseline"
    return "" if arm.difference is None else f"{arm.difference:+.2f}"
