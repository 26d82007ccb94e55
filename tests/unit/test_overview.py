"""Sweeps and trials as tables."""

from __future__ import annotations

import io
import math
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from sweep.ledger import SweepState
from sweep.ledger.events import DriverStarted, TrialEnded, TrialFaulted
from sweep.overview import latest_value, sweep_status, sweeps_table, trial_counts, trials_table
from sweep.storage import SweepFolder
from tests.builders import sweep_state

STOPPED = {("real_ratio=0.5", 0): 60}


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    folder = SweepFolder(tmp_path, "fake")
    folder.create()
    return folder


def small(**changes: object) -> SweepState:
    return sweep_state(**{"arms": (1.0, 0.5), "seeds": (0,), "rungs": (60, 120)} | changes)


def printed(table: Table, width: int = 120) -> list[str]:
    console = Console(file=io.StringIO(), record=True, width=width)
    console.print(table)
    return [line.strip() for line in console.export_text().splitlines()]


def test_status_of_a_sweep(folder: SweepFolder) -> None:
    assert sweep_status(folder, small()) == "completed"
    assert sweep_status(folder, small(outcome="budget")) == "budget"
    assert sweep_status(folder, small(outcome=None)) == "killed", "its driver left without a word"
    resumed = small(outcome="interrupted")
    resumed.apply(DriverStarted(pid=1, host="h"))
    assert sweep_status(folder, resumed) == "killed"
    with folder.locked():
        assert sweep_status(folder, resumed) == "running"
        assert sweep_status(folder, small()) == "running"


def test_counts_by_status() -> None:
    assert trial_counts(small(stopped=STOPPED)) == "1 finished, 1 stopped"
    assert trial_counts(small(waiting=[("real_ratio=0.5", 0)])) == "1 finished, 1 planned"
    state = small()
    state.trials.clear()
    assert trial_counts(state) == "none"


def test_latest_value_is_of_the_last_iteration_not_the_best() -> None:
    falling = small(curve=lambda parameters, seed, iteration: 50 - iteration / 10)
    assert latest_value(falling.trials["t000"], "val_miou") == "38.00 @ 120"
    assert latest_value(falling.trials["t000"], "val_aacc") == "79.00 @ 120"
    waiting = small(waiting=[("real_ratio=0.5", 0)])
    assert latest_value(waiting.trials["t001"], "val_miou") == ""
    diverged = small(curve=lambda *_: math.nan)
    assert latest_value(diverged.trials["t000"], "val_miou") == "nan @ 120"


def test_sweeps_have_a_row_each(folder: SweepFolder) -> None:
    broken = SweepFolder(folder.storage, "broken")
    heading, *rows = printed(sweeps_table([(folder, small(stopped=STOPPED)), (broken, None)]))
    assert heading.split() == ["sweep", "owner", "created", "status", "trials"]
    assert rows[0].startswith("fake")
    assert rows[0].endswith("completed  1 finished, 1 stopped")
    assert rows[1].split("  ")[0] == "broken"
    assert rows[1].endswith("damaged    `sweep status broken` says where")


def test_trials_have_a_row_each_with_why(folder: SweepFolder) -> None:
    state = small(arms=(1.0, 0.5, 0.25), stopped=STOPPED, failed={("real_ratio=0.25", 0): 90})
    title, heading, *rows = printed(trials_table(folder, state))
    assert title == "fake: completed; 1 failed, 1 finished, 1 stopped"
    assert heading.split() == ["trial", "arm", "seed", "status", "iteration", "val_miou", "why"]
    assert rows[0].split() == ["t000", "real_ratio=1.0", "0", "finished", "120", "35.04", "@", "120"]
    assert rows[1].split()[:5] == ["t001", "real_ratio=0.5", "0", "stopped", "60"]
    judged = state.trials["t001"].judged[60]
    assert judged.cutoff is not None
    assert rows[1].endswith(f"{judged.value:.2f} < {judged.cutoff:.2f}")
    assert rows[2].split()[3:5] == ["failed", "90"]
    assert rows[2].endswith("image img/0007.jpg cannot be read")


@pytest.mark.parametrize("how", ["paused", "stopped"])
def test_a_chance_is_said_in_a_word(folder: SweepFolder, how: str) -> None:
    key = ("real_ratio=0.5", 0)
    state = small(chances={key: 0.0312}, outcome=None, **{how: {key: 60}})
    if how == "stopped":  # given up later, not by a cut-off
        state.apply(
            TrialEnded(trial_id="t001", outcome="stopped", reason="given up", iteration=60, overtakes=0.0312)
        )
    row = printed(trials_table(folder, state), 80)[-1]
    assert row.endswith("chance 3.1 %")


def test_trial_that_goes_on_after_a_fault_says_what_it_was(folder: SweepFolder) -> None:
    state = small(running={("real_ratio=0.5", 0): 70}, outcome=None)
    state.apply(TrialFaulted(trial_id="t001", reason="CUDA out of memory", iteration=70))
    assert printed(trials_table(folder, state))[-1].endswith("CUDA out of memory")


def test_brackets_are_no_colours(folder: SweepFolder) -> None:
    arms = (1.0, {"real_ratio": 0.5, "data.generated.night.images": "[red]/night"})
    name = "real_ratio=0.5 images=[red]/night"
    state = small(arms=arms, failed={(name, 0): 90})
    state.apply(TrialFaulted(trial_id="t001", reason="[bold]/x.png: [/] cannot be read", iteration=90))
    row = printed(trials_table(folder, state), 160)[-1]
    assert name in row
    assert row.endswith("[bold]/x.png: [/] cannot be read")


def test_narrow_terminal_cuts_no_trial_in_two(folder: SweepFolder) -> None:
    state = small(failed={("real_ratio=0.5", 0): 90})
    lines = printed(trials_table(folder, state), 80)
    assert [line.split()[0] for line in lines if line.startswith("t00")] == ["t000", "t001"]
    assert all(len(line) <= 80 for line in lines)
