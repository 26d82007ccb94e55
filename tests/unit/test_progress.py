"""What a running sweep says."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.live import Live
from rich.text import Text

from sweep.engine.progress import LiveProgress, ProgressLog, line_of, progress
from sweep.ledger import SweepState, replay
from sweep.ledger.events import (
    DriverEnded,
    DriverStarted,
    Event,
    RunTracked,
    TrialEnded,
    TrialFaulted,
    TrialJudged,
    TrialPlanned,
    TrialProgressed,
    TrialPromoted,
    TrialReported,
    TrialStarted,
)
from sweep.live.lines import best_so_far, summary
from sweep.spec import spec_from_dict
from tests.builders import sweep_events, sweep_state
from tests.screens import drawn
from tests.specs import tiny_spec

NAME = "t000 real_ratio=1.0 seed=0"
SUMMARY = "2 trials: 2 planned"
SPEC = spec_from_dict(tiny_spec(Path("sweeps")))


def begun() -> SweepState:
    """Two trials, neither started."""
    return replay(event for event in events() if isinstance(event, PLANNED))


def events(**changes: Any) -> list[Event]:
    return sweep_events(**{"arms": (1.0, 0.5), "seeds": (0,), "rungs": (60, 120)} | changes)


PLANNED = (type(events()[0]), DriverStarted, TrialPlanned)


def reported(value: float, trial_id: str = "t000", iteration: int = 60) -> TrialReported:
    metrics = {"val_miou": value}
    return TrialReported(
        trial_id=trial_id, iteration=iteration, metrics=metrics, mixture={}, counts={}, seconds=1.0
    )


def started(trial_id: str) -> TrialStarted:
    return TrialStarted(trial_id=trial_id, attempt=1, iteration=0, host="h")


def judged(decision: Any) -> TrialJudged:
    return TrialJudged(
        trial_id="t000", rung=60, decision=decision, rule="asha", reason="why", value=1.0, cutoff=2.0
    )


def shown(event: Event, state: SweepState) -> str | None:
    """The line as a terminal without colours prints it."""
    line = line_of(event, state, "val_miou")
    return None if line is None else Text.from_markup(line).plain


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            TrialStarted(trial_id="t000", attempt=1, iteration=0, host="h"),
            f"  {NAME}: started at iteration 0",
        ),
        (
            TrialStarted(trial_id="t000", attempt=2, iteration=60, host="h"),
            f"  {NAME}: started again (attempt 2) at iteration 60",
        ),
        (
            TrialProgressed(trial_id="t000", iteration=7, train_loss=0.12345, lr=0.01, seconds=1.0),
            f"  {NAME}: iteration 7, loss 0.123",
        ),
        (reported(31.256), f"  {NAME}: val_miou 31.26 at iteration 60"),
        (reported(math.nan), f"  {NAME}: val_miou nan at iteration 60"),
        (judged("pause"), f"‖ {NAME}: paused at iteration 60: why"),
        (
            TrialPromoted(trial_id="t000", rung=60, reason="it may win"),
            f"▸ {NAME}: goes on from iteration 60: it may win",
        ),
        (
            TrialFaulted(trial_id="t000", reason="out of memory", iteration=7),
            f"! {NAME}: attempt broke off: out of memory",
        ),
        (
            TrialEnded(trial_id="t000", outcome="finished", reason="all done", iteration=120),
            f"✓ {NAME}: finished at iteration 120: 31.26 @ 60",
        ),
        (
            TrialEnded(trial_id="t000", outcome="stopped", reason="behind", iteration=60),
            f"■ {NAME}: stopped at iteration 60: behind",
        ),
        (
            TrialEnded(trial_id="t000", outcome="failed", reason="broken", iteration=7),
            f"✗ {NAME}: failed at iteration 7: broken",
        ),
        (
            DriverEnded(outcome="completed", reason="every trial has ended"),
            "sweep completed: every trial has ended",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Event) else "",
)
def test_line_of_what_is_waited_for(event: Event, line: str) -> None:
    state = begun()
    state.apply(reported(31.256))
    assert shown(event, state) == line


@pytest.mark.parametrize(
    "event",
    [
        *(event for event in events() if isinstance(event, PLANNED)),
        judged("stop"),  # the end that follows says why
        judged("continue"),
        RunTracked(trial_id="t000", run_id="1", tracking_uri="sqlite:///x"),
        RunTracked(trial_id=None, run_id="2", tracking_uri="sqlite:///x"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_no_line_of_what_nobody_waits_for(event: Event) -> None:
    assert shown(event, begun()) is None


@pytest.mark.parametrize("text", ["[red]/a[/red].jpg", "[/]", "[bold", "[link=x]", "\\[red]"])
def test_brackets_in_names_and_reasons_are_no_colours(text: str) -> None:
    first, *rest = events(arms=(1.0, {"real_ratio": 0.5, "data.generated.night.images": text}))
    state = replay([first, *(event for event in rest if isinstance(event, PLANNED))])
    name = f"t001 real_ratio=0.5 images={text} seed=0"
    faulted = TrialFaulted(trial_id="t001", reason=text, iteration=7)
    assert shown(faulted, state) == f"! {name}: attempt broke off: {text}"
    ended = TrialEnded(trial_id="t001", outcome="failed", reason=text, iteration=7)
    assert shown(ended, state) == f"✗ {name}: failed at iteration 7: {text}"
    state.apply(started("t001"))
    state.apply(reported(30.0, "t001"))
    assert f"{name} with 30.00" in Text.from_markup(summary(state, "val_miou")).plain
    out = drawn(state, 160)
    assert f"{name} with 30.00" in " ".join(out.split())


def test_best_is_of_the_furthest_iteration_alone() -> None:
    state = begun()
    assert best_so_far(state, "val_miou") is None
    state.apply(reported(50.0, "t000", 60))
    state.apply(reported(40.0, "t001", 60))
    assert best_so_far(state, "val_miou") == f"best of 2 at 60: {NAME} with 50.00"
    state.apply(reported(45.0, "t001", 120))
    assert best_so_far(state, "val_miou") == "best of 1 at 120: t001 real_ratio=0.5 seed=0 with 45.00"


def test_nan_is_never_best() -> None:
    state = begun()
    state.apply(reported(math.nan, "t000"))
    assert best_so_far(state, "val_miou") is None
    state.apply(reported(1.0, "t001"))
    assert best_so_far(state, "val_miou") == "best of 1 at 60: t001 real_ratio=0.5 seed=0 with 1.00"


def test_summary_counts_trials() -> None:
    assert summary(begun(), "val_miou") == SUMMARY
    state = sweep_state(arms=(1.0, 0.5), seeds=(0,), rungs=(60, 120), stopped={("real_ratio=0.5", 0): 60})
    assert summary(state, "val_miou").startswith("2 trials: 1 finished, 1 stopped; best of 1 at 120: ")


def test_log_is_sparing_with_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("sweep.engine.progress.time.monotonic", lambda: now)
    console = Console(file=io.StringIO(), record=True, width=80)
    log, state = ProgressLog(console, "val_miou"), begun()
    for iteration in range(1, 301):  # ten a second
        log(
            TrialProgressed(trial_id="t000", iteration=iteration, train_loss=1.0, lr=0.01, seconds=1.0), state
        )
        now += 0.1
    for event in (reported(30.0), TrialEnded(trial_id="t000", outcome="finished", reason="", iteration=60)):
        state.apply(event)
        log(event, state)
    assert console.export_text().splitlines() == [
        f"  {NAME}: iteration 1, loss 1.000",
        f"  {NAME}: iteration 151, loss 1.000",
        f"  {NAME}: val_miou 30.00 at iteration 60",
        f"✓ {NAME}: finished at iteration 60: 30.00 @ 60",
        f"  2 trials: 1 finished, 1 planned; best of 1 at 60: {NAME} with 30.00",
    ]


def test_log_line_is_never_broken() -> None:
    console = Console(file=io.StringIO(), record=True, width=20)
    ProgressLog(console, "val_miou")(reported(30.0), begun())
    assert console.export_text() == f"  {NAME}: val_miou 30.00 at iteration 60\n"


@pytest.mark.parametrize(("is_terminal", "kind"), [(True, LiveProgress), (False, ProgressLog)])
def test_what_listens_fits_the_console(is_terminal: bool, kind: type) -> None:
    console = Console(file=io.StringIO(), force_terminal=is_terminal)
    with progress(console, SPEC) as listener:
        assert type(listener) is kind


def test_what_ended_stays_above_the_live_view() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, record=True, width=160)
    state = begun()
    with Live(console=console, refresh_per_second=0.01, transient=True) as live:
        listener = LiveProgress(live, SPEC)
        for event in events(failed={("real_ratio=0.5", 0): 90}):
            if not isinstance(event, PLANNED):
                state.apply(event)
                listener(event, state)
    out = console.export_text()
    for line in (
        f"✓ {NAME}: finished at iteration 120: 35.04 @ 120",
        "! t001 real_ratio=0.5 seed=0: attempt broke off: image img/0007.jpg cannot be read",
        "✗ t001 real_ratio=0.5 seed=0: failed at iteration 90: given up",
        "sweep completed: all trials are over",
    ):
        assert out.count(line) == 1, line
    assert f"{NAME}: iteration " not in out, "progress is in the view"
