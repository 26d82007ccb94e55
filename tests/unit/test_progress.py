"""What a running sweep says."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console
from rich.live import Live
from rich.text import Text

from sweep.engine.progress import LiveProgress, ProgressLog, best_so_far, line_of, progress, summary
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
from tests.builders import sweep_events, sweep_state

NAME = "t000 real_ratio=1.0 seed=0"
SUMMARY = "2 trials: 2 planned"


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
    with progress(console, "val_miou", 120) as listener:
        assert type(listener) is kind


@pytest.mark.parametrize("width", [80, 160])
@pytest.mark.parametrize("iterations", [120, 10_000])
def test_live_view_keeps_to_a_line_a_trial(width: int, iterations: int) -> None:
    running = {("real_ratio=1.0", 0): 100, ("real_ratio=0.125", 0): 15}
    state = sweep_state(
        arms=(1.0, 0.125, 0.5),
        seeds=(0,),
        rungs=(60, 120),
        running=running,
        outcome=None,
        validate_every=None,
    )
    first, second, *rest = drawn(state, width, iterations).splitlines()
    assert first.split()[:3] == ["t000", "real_ratio=1.0", "seed=0"]
    assert first.split()[4:7] == [f"100/{iterations}", "loss", "1.000"]
    assert first.endswith(" @ 60")
    assert second.split()[:3] == ["t001", "real_ratio=0.125", "seed=0"]
    assert second.split()[4:] == [f"10/{iterations}", "loss", "2.500"]
    assert all(len(line) <= width for line in (first, second, *rest))
    assert " ".join(rest).startswith("3 trials: 1 finished, 2 running; best of 1 at 120: t002 real_ratio=0.5")


def test_live_view_before_the_first_word_of_a_trial() -> None:
    state = begun()
    assert drawn(state, 80) == "starting Ray ..."
    state.apply(started("t001"))
    row, last = drawn(state, 80).splitlines()
    assert row.split() == ["t001", "real_ratio=0.5", "seed=0", "━" * 10, "0/120", "starting"]
    assert last == "2 trials: 1 planned, 1 running"


def test_live_view_names_the_paused_trials_that_have_come_furthest() -> None:
    ratios = (1.0, 0.5, 0.4, 0.3, 0.2, 0.1)
    state = sweep_state(arms=ratios, seeds=(0,), rungs=(60, 120), waiting=arms_of(ratios), outcome=None)
    for number, value in enumerate((31.0, 30.0, 34.0, 33.0, 32.0)):
        pause(state, f"t00{number}", 60, value)
    pause(state, "t001", 120, 5.0)
    state.apply(TrialPromoted(trial_id="t002", rung=60, reason="it may win"))
    *_, counts, paused = drawn(state, 100).splitlines()
    assert counts.startswith("6 trials: 5 paused, 1 planned; best of 1 at 120:")
    assert paused == "paused: t001 5.00 @ 120, t003 33.00 @ 60, t004 32.00 @ 60, t000 31.00 @ 60"
    state.apply(started("t002"))
    pause(state, "t005", 60, 1.0)
    assert drawn(state, 100).splitlines()[-1].endswith("t000 31.00 @ 60, 1 more")


def arms_of(ratios: tuple[float, ...]) -> list[tuple[str, int]]:
    return [(f"real_ratio={ratio}", 0) for ratio in ratios]


def pause(state: SweepState, trial_id: str, rung: int, value: float) -> None:
    state.apply(started(trial_id))
    state.apply(reported(value, trial_id, rung))
    state.apply(replace(judged("pause"), trial_id=trial_id, rung=rung))


def test_live_view_of_a_long_name_stays_readable() -> None:
    arm = {"real_ratio": 0.125, "training.optimizer.lr": 0.0123, "model.encoder": "tu-mobilenetv3_small_050"}
    running = {("real_ratio=0.125 lr=0.0123 encoder=tu-mobilenetv3_small_050", seed): 70 for seed in (0, 1)}
    state = sweep_state(arms=(1.0, arm), seeds=(0, 1), rungs=(60, 120), running=running, outcome=None)
    out = drawn(state, 80)
    assert all(len(line) <= 80 for line in out.splitlines())
    assert len(rows_of(out)) == 2
    assert all("… " in row and "70/120" in row for row in rows_of(out))


def test_what_ended_stays_above_the_live_view() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, record=True, width=160)
    state = begun()
    with Live(console=console, refresh_per_second=0.01, transient=True) as live:
        listener = LiveProgress(live, "val_miou", 120)
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


def drawn(state: SweepState, width: int, iterations: int = 120) -> str:
    """The live view, without colours."""
    console = Console(file=io.StringIO(), force_terminal=True, record=True, width=width)
    with Live(console=console, auto_refresh=False) as live:
        LiveProgress(live, "val_miou", iterations)(DriverStarted(pid=1, host="h"), state)
        drawing = live.renderable
    console = Console(file=io.StringIO(), force_terminal=True, record=True, width=width)
    console.print(drawing)
    return "\n".join(line.rstrip() for line in console.export_text().splitlines())


def rows_of(out: str) -> list[str]:
    return [line for line in out.splitlines() if line.startswith("t00")]
