"""Arms that Optuna proposes while a real sweep runs, and goes on proposing after kill -9."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from sweep.ledger import Ledger, SweepState, replay
from sweep.ledger.events import TrialEnded
from tests.integration.commands import running_sweep, sweep_command, wait_for_event
from tests.specs import tiny_spec, write_spec

SEARCH = {
    "method": "optuna",
    "trials": 4,
    "parameters": {
        "real_ratio": {"min": 0, "max": 1},
        "training.optimizer.lr": {"min": 1e-4, "max": 1e-1, "distribution": "log_uniform_values"},
    },
    "seeds": [0],
}


def optuna_spec(folder: Path) -> dict[str, Any]:
    baseline = {"real_ratio": 1, "training.optimizer.lr": 0.01}
    return tiny_spec(folder / "sweeps", search=SEARCH, baseline=baseline)


def state_of(folder: Path) -> SweepState:
    return replay(Ledger(folder / "sweeps/tiny/ledger.jsonl").read())


@pytest.mark.slow
def test_killed_search_proposes_what_an_undisturbed_one_does(tmp_path: Path) -> None:
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    for folder in (undisturbed, killed):
        folder.mkdir()
        write_spec(folder / "tiny.yaml", optuna_spec(folder))
    done = sweep_command("run", "tiny.yaml", cwd=undisturbed)
    assert done.returncode == 0, done.stdout + done.stderr
    with running_sweep("run", "tiny.yaml", cwd=killed) as process:
        ledger = killed / "sweeps/tiny/ledger.jsonl"
        wait_for_event(ledger, lambda e: isinstance(e, TrialEnded) and e.trial_id == "t001", process)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    done = sweep_command("resume", "tiny", cwd=killed)
    assert done.returncode == 0, done.stdout + done.stderr

    arms = {name: trial.arm for name, trial in state_of(undisturbed).trials.items()}
    assert len(arms) == 4
    assert arms["t000"] == "real_ratio=1.0 lr=0.01", "the baseline comes first"
    assert {name: trial.arm for name, trial in state_of(killed).trials.items()} == arms
    assert all(trial.ended is not None for trial in state_of(killed).trials.values())
