"""Trials that are proposed while a real sweep runs, and go on being proposed after kill -9."""

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

RANGE = {"real_ratio": {"min": 0, "max": 1}}
LR = {"training.optimizer.lr": {"min": 1e-4, "max": 1e-1, "distribution": "log_uniform_values"}}
OPTUNA: dict[str, Any] = {
    "search": {"method": "optuna", "trials": 4, "parameters": RANGE | LR, "seeds": [0]},
    "baseline": {"real_ratio": 1, "training.optimizer.lr": 0.01},
}
CURVE: dict[str, Any] = {
    "search": {"method": "curve", "trials": 6, "parameters": RANGE, "seeds": [0]},
    "training": {"iterations": 6, "batch_size": 2, "crop_size": [32, 48], "log_interval": 2},
    "early_stopping": {"name": "none"},
    "tracking": {"enabled": False},
}


def state_of(folder: Path) -> SweepState:
    return replay(Ledger(folder / "sweeps/tiny/ledger.jsonl").read())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sections", "arms", "killed_at"),
    [
        pytest.param(OPTUNA, {"t000": "real_ratio=1.0 lr=0.01"}, "t001", id="optuna"),
        pytest.param(CURVE, {"t000": "real_ratio=1.0", "t003": "real_ratio=0.125"}, "t004", id="curve"),
    ],
)
def test_killed_search_proposes_what_an_undisturbed_one_does(
    tmp_path: Path, sections: dict[str, Any], arms: dict[str, str], killed_at: str
) -> None:
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    for folder in (undisturbed, killed):
        folder.mkdir()
        write_spec(folder / "tiny.yaml", tiny_spec(folder / "sweeps", **sections))
    done = sweep_command("run", "tiny.yaml", cwd=undisturbed)
    assert done.returncode == 0, done.stdout + done.stderr
    with running_sweep("run", "tiny.yaml", cwd=killed) as process:
        ledger = killed / "sweeps/tiny/ledger.jsonl"
        wait_for_event(ledger, lambda e: isinstance(e, TrialEnded) and e.trial_id == killed_at, process)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    done = sweep_command("resume", "tiny", cwd=killed)
    assert done.returncode == 0, done.stdout + done.stderr

    found = {name: (trial.arm, trial.planned.seed) for name, trial in state_of(undisturbed).trials.items()}
    assert len(found) == sections["search"]["trials"]
    assert {name: found[name][0] for name in arms} == arms, "what every such search begins with"
    assert {name: (trial.arm, trial.planned.seed) for name, trial in state_of(killed).trials.items()} == found
    assert all(trial.ended is not None for trial in state_of(killed).trials.values())
    assert "the widest gap" not in (killed / "sweeps/tiny/sweep.log").read_text(), "the proposer answered"
