"""What a running sweep says: one line an event in a log, a compact live view on a terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from sweep.engine.notice import Notice
from sweep.ledger.events import (
    DriverAdmitted,
    DriverEnded,
    DriverQueued,
    Event,
    TrialEnded,
    TrialFaulted,
    TrialJudged,
    TrialProgressed,
    TrialPromoted,
    TrialReported,
    TrialStarted,
)
from sweep.ledger.state import SweepState, TrialState
from sweep.overview import latest_value, trial_counts
from sweep.results import comparable

_SECONDS_BETWEEN_PROGRESS_LINES = 15.0
_SECONDS_BETWEEN_VIEWS = 0.25
_MOST_NAMED = 4  # paused trials; a line of 80 characters has room for them
_MARKS = {"finished": "[green]✓[/]", "stopped": "[yellow]■[/]", "failed": "[red]✗[/]"}


class ProgressLog:
    """A listener that prints a line an event; sparing with `TrialProgressed`."""

    def __init__(self, console: Console, metric: str) -> None:
        self._console = console
        self._metric = metric
        self._last_progress = 0.0

    def __call__(self, event: Event, state: SweepState) -> None:
        """Prints what is worth a line."""
        if isinstance(event, TrialProgressed) and not self._progress_is_due():
            return
        line = line_of(event, state, self._metric)
        if line is not None:
            self._console.print(line, soft_wrap=True, highlight=False)
        if isinstance(event, TrialEnded):
            self._console.print(f"  {summary(state, self._metric)}", soft_wrap=True, highlight=False)

    def _progress_is_due(self) -> bool:
        due = time.monotonic() - self._last_progress >= _SECONDS_BETWEEN_PROGRESS_LINES
        if due:
            self._last_progress = time.monotonic()
        return due


class LiveProgress:
    """A listener that keeps a table of running trials at the bottom and prints what ended above it."""

    def __init__(self, live: Live, metric: str, iterations: int) -> None:
        self._live = live
        self._metric = metric
        self._iterations = iterations
        self._next_view = 0.0

    def __call__(self, event: Event, state: SweepState) -> None:
        """Redraws; prints a line for what should stay readable."""
        worth_a_line = isinstance(
            event,
            TrialEnded | TrialFaulted | DriverEnded | DriverQueued | DriverAdmitted | Notice,
        )
        line = line_of(event, state, self._metric) if worth_a_line else None
        if line is not None:
            self._live.console.print(line, highlight=False)
        if worth_a_line or time.monotonic() >= self._next_view:  # it takes a look at every trial
            self._next_view = time.monotonic() + _SECONDS_BETWEEN_VIEWS
            self._live.update(self._view(state))

    def _view(self, state: SweepState) -> Group:
        table = Table.grid(padding=(0, 2))
        table.add_column(overflow="ellipsis")  # the name gives way where the terminal is narrow
        for _ in range(4):
            table.add_column(no_wrap=True)
        for trial in state.trials.values():
            if trial.status == "running":
                table.add_row(*self._row(trial))
        has_begun = any(trial.attempts for trial in state.trials.values())
        footer = [summary(state, self._metric) if has_begun else "starting Ray ..."]
        footer += [line] if (line := paused_trials(state, self._metric)) else []
        return Group(table, *map(Text.from_markup, footer))

    def _row(self, trial: TrialState) -> tuple[str | Text, ...]:
        length = min(20, self._live.console.width // 8)
        done = length * trial.iteration // self._iterations
        bar = f"[cyan]{'━' * done}[/][dim]{'━' * (length - done)}[/]"
        loss = f"loss {trial.progress.train_loss:.3f}" if trial.progress else "starting"
        name = Text.from_markup(_name(trial))
        name.no_wrap = True
        return (
            name,
            bar,
            f"{trial.iteration}/{self._iterations}",
            loss,
            latest_value(trial, self._metric),
        )


@contextmanager
def progress(console: Console, metric: str, iterations: int) -> Iterator[ProgressLog | LiveProgress]:
    """The listener that fits the console."""
    if not console.is_terminal:
        yield ProgressLog(console, metric)
        return
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        yield LiveProgress(live, metric, iterations)


def line_of(event: Event, state: SweepState, metric: str) -> str | None:
    """An event in words, in rich's markup; None for those that nobody waits for."""
    trial = state.trials.get(getattr(event, "trial_id", None) or "")
    match event:
        case TrialStarted() if trial:
            again = f" again (attempt {event.attempt})" if event.attempt > 1 else ""
            return f"  {_name(trial)}: started{again} at iteration {event.iteration}"
        case TrialProgressed() if trial:
            return f"  {_name(trial)}: iteration {event.iteration}, loss {event.train_loss:.3f}"
        case TrialReported() if trial:
            value = event.metrics.get(metric, float("nan"))
            return f"  {_name(trial)}: {metric} {value:.2f} at iteration {event.iteration}"
        case TrialJudged(decision="pause") if trial:
            return f"[blue]‖[/] {_name(trial)}: paused at iteration {event.rung}: {escape(event.reason)}"
        case TrialPromoted() if trial:
            return f"[blue]▸[/] {_name(trial)}: goes on from iteration {event.rung}: {escape(event.reason)}"
        case TrialFaulted() if trial:
            return f"[red]![/] {_name(trial)}: attempt broke off: {escape(event.reason)}"
        case TrialEnded() if trial:
            what = f"{event.outcome} at iteration {event.iteration}"
            return f"{_MARKS[event.outcome]} {_name(trial)}: {what}: {escape(_outcome(event, trial, metric))}"
    return _line_of_sweep(event)


def _line_of_sweep(event: Event) -> str | None:
    match event:
        case Notice():
            return f"[yellow]![/] {escape(event.text)}"
        case DriverQueued():
            return f"[blue]‖[/] waits: on this cluster trials of {', '.join(event.behind)} start first"
        case DriverAdmitted():
            return "[blue]▸[/] its turn has come"
        case DriverEnded():
            return f"sweep {event.outcome}: {escape(event.reason)}"
    return None


def summary(state: SweepState, metric: str) -> str:
    """How many trials are where, and the best so far at the furthest iteration that any has reached."""
    best = best_so_far(state, metric)
    return f"{len(state.trials)} trials: {trial_counts(state)}" + (f"; {best}" if best else "")


def paused_trials(state: SweepState, metric: str) -> str | None:
    """Those that wait, the best of the furthest first, a few of them named; None if none does."""
    waiting = [trial for trial in state.trials.values() if trial.waits]
    waiting.sort(key=lambda trial: (trial.iteration, trial.reports[max(trial.reports)].metrics[metric]))
    named = [f"{trial.trial_id} {latest_value(trial, metric)}" for trial in waiting[::-1][:_MOST_NAMED]]
    more = [f"{len(waiting) - _MOST_NAMED} more"] if len(waiting) > _MOST_NAMED else []
    return f"paused: {', '.join(named + more)}" if named else None


def best_so_far(state: SweepState, metric: str) -> str | None:
    """The best trial among those measured at the same, furthest iteration; None before any report."""
    state = comparable(state)
    iterations = {iteration for trial in state.trials.values() for iteration in trial.reports}
    if not iterations:
        return None
    furthest = max(iterations)
    values = {
        trial_id: value
        for trial_id, value in state.values_at(furthest, metric).items()
        if value == value  # not NaN
    }
    if not values:
        return None
    best = max(values, key=lambda trial_id: values[trial_id])
    return f"best of {len(values)} at {furthest}: {_name(state.trials[best])} with {values[best]:.2f}"


def _outcome(event: TrialEnded, trial: TrialState, metric: str) -> str:
    """The value of a finished trial, else the reason; of a failed one the line before has it already."""
    if event.outcome == "finished":
        return latest_value(trial, metric)
    if event.outcome == "failed" and trial.faults and trial.faults[-1].reason == event.reason:
        return f"given up after {trial.attempts} attempts" if trial.attempts > 1 else "given up"
    return event.reason


def _name(trial: TrialState) -> str:
    return f"{trial.planned.trial_id} {escape(trial.planned.arm)} seed={trial.planned.seed}"
