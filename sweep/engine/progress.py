"""What a running sweep says: one line an event in a log, a compact live view on a terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.markup import escape

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
from sweep.live import LiveView
from sweep.live.lines import name_of, summary
from sweep.overview import latest_value
from sweep.spec import Spec

_SECONDS_BETWEEN_PROGRESS_LINES = 15.0
_SECONDS_BETWEEN_VIEWS = 0.25
_REST = 20.0  # times what drawing took
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

    def show(self, state: SweepState) -> None:
        """Nothing: a log has lines of what happens, and no view of what is."""

    def _progress_is_due(self) -> bool:
        due = time.monotonic() - self._last_progress >= _SECONDS_BETWEEN_PROGRESS_LINES
        if due:
            self._last_progress = time.monotonic()
        return due


class LiveProgress:
    """A listener that keeps the arms, the curve and the cost in view and prints what ended above them."""

    def __init__(self, live: Live, spec: Spec) -> None:
        self._live = live
        self._metric = spec.search.metric
        self._view = LiveView(spec)
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
        if worth_a_line or time.monotonic() >= self._next_view:
            self.show(state)

    def show(self, state: SweepState) -> None:
        """Redraws."""
        begun, console = time.monotonic(), self._live.console
        self._live.update(self._view(state, console.width, console.height))
        now = time.monotonic()  # a sweep of thousands is drawn less often, so that it loses no time
        self._next_view = now + max(_SECONDS_BETWEEN_VIEWS, _REST * (now - begun))


@contextmanager
def progress(console: Console, spec: Spec) -> Iterator[ProgressLog | LiveProgress]:
    """The listener that fits the console."""
    if not console.is_terminal:
        yield ProgressLog(console, spec.search.metric)
        return
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        yield LiveProgress(live, spec)


def line_of(event: Event, state: SweepState, metric: str) -> str | None:
    """An event in words, in rich's markup; None for those that nobody waits for."""
    trial = state.trials.get(getattr(event, "trial_id", None) or "")
    match event:
        case TrialStarted() if trial:
            again = f" again (attempt {event.attempt})" if event.attempt > 1 else ""
            return f"  {name_of(trial)}: started{again} at iteration {event.iteration}"
        case TrialProgressed() if trial:
            return f"  {name_of(trial)}: iteration {event.iteration}, loss {event.train_loss:.3f}"
        case TrialReported() if trial:
            value = event.metrics.get(metric, float("nan"))
            return f"  {name_of(trial)}: {metric} {value:.2f} at iteration {event.iteration}"
        case TrialJudged(decision="pause") if trial:
            return f"[blue]‖[/] {name_of(trial)}: paused at iteration {event.rung}: {escape(event.reason)}"
        case TrialPromoted() if trial:
            return f"[blue]▸[/] {name_of(trial)}: goes on from iteration {event.rung}: {escape(event.reason)}"
        case TrialFaulted() if trial:
            return f"[red]![/] {name_of(trial)}: attempt broke off: {escape(event.reason)}"
        case TrialEnded() if trial:
            what = f"{event.outcome} at iteration {event.iteration}"
            return (
                f"{_MARKS[event.outcome]} {name_of(trial)}: {what}: {escape(_outcome(event, trial, metric))}"
            )
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


def _outcome(event: TrialEnded, trial: TrialState, metric: str) -> str:
    """The value of a finished trial, else the reason; of a failed one the line before has it already."""
    if event.outcome == "finished":
        return latest_value(trial, metric)
    if event.outcome == "failed" and trial.faults and trial.faults[-1].reason == event.reason:
        return f"given up after {trial.attempts} attempts" if trial.attempts > 1 else "given up"
    return event.reason
