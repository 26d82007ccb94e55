"""Nothing is lost and nothing is done twice: a driver, a worker or the user ends things at any moment."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pandas as pd
import pytest

from sweep.ledger import Ledger, replay
from sweep.ledger.events import TrialJudged, TrialProgressed, TrialReported, TrialStarted
from sweep.report import fair_frame
from tests.integration.commands import running_sweep, sweep_command, wait_for_event
from tests.integration.mlflow_runs import assert_mlflow_is_whole, runs_of
from tests.specs import tiny_spec, write_spec


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a sweep that nobody disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    write_spec(folder / "tiny.yaml", tiny_spec(folder / "sweeps"))
    done = sweep_command("run", "tiny.yaml", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_killed_driver_resumes_to_the_same_numbers(undisturbed: Path, tmp_path: Path) -> None:
    write_spec(tmp_path / "tiny.yaml", tiny_spec(tmp_path / "sweeps"))
    with running_sweep("run", "tiny.yaml", cwd=tmp_path) as process:
        ledger = tmp_path / "sweeps/tiny/ledger.jsonl"
        first = wait_for_event(ledger, lambda e: isinstance(e, TrialJudged), process)
        assert isinstance(first, TrialJudged)
        wait_for_event(
            ledger, lambda e: isinstance(e, TrialProgressed) and e.trial_id != first.trial_id, process
        )
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    done = sweep_command("resume", "tiny", cwd=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    pd.testing.assert_frame_equal(_table(tmp_path), _table(undisturbed))
    assert _outcomes(tmp_path) == _outcomes(undisturbed)
    assert_mlflow_is_whole(tmp_path)


def test_ctrl_c_leaves_a_sweep_that_resumes_to_the_same_numbers(undisturbed: Path, tmp_path: Path) -> None:
    write_spec(tmp_path / "tiny.yaml", tiny_spec(tmp_path / "sweeps"))
    with running_sweep("run", "tiny.yaml", cwd=tmp_path) as process:
        wait_for_event(tmp_path / "sweeps/tiny/ledger.jsonl", lambda e: isinstance(e, TrialReported), process)
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(timeout=120) == 130
        assert {run.info.status for run in runs_of(tmp_path)} == {"KILLED"}

    done = sweep_command("resume", "tiny", cwd=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    pd.testing.assert_frame_equal(_table(tmp_path), _table(undisturbed))
    assert_mlflow_is_whole(tmp_path)


def test_killed_worker_is_retried_from_its_checkpoint(undisturbed: Path, tmp_path: Path) -> None:
    write_spec(tmp_path / "tiny.yaml", tiny_spec(tmp_path / "sweeps"))
    with running_sweep("run", "tiny.yaml", cwd=tmp_path) as process:
        ledger = tmp_path / "sweeps/tiny/ledger.jsonl"
        judged = wait_for_event(ledger, lambda e: isinstance(e, TrialJudged), process)
        assert isinstance(judged, TrialJudged)
        started = wait_for_event(
            ledger,
            lambda e: isinstance(e, TrialStarted) and e.trial_id != judged.trial_id,
            process,
        )
        assert isinstance(started, TrialStarted)
        os.kill(started.pid, signal.SIGKILL)
        assert process.wait(timeout=200) == 0, (tmp_path / "out.txt").read_text()

    state = replay(Ledger(ledger).read())
    attempts = [e for e in Ledger(ledger).read() if isinstance(e, TrialStarted) and e.attempt == 2]
    assert len(attempts) == 1
    assert state.trials[attempts[0].trial_id].faults
    pd.testing.assert_frame_equal(_table(tmp_path), _table(undisturbed))
    assert_mlflow_is_whole(tmp_path)


def _table(folder: Path) -> pd.DataFrame:
    table = fair_frame(replay(Ledger(folder / "sweeps/tiny/ledger.jsonl").read()))
    assert len(table) > 0
    return table


def _outcomes(folder: Path) -> dict[str, tuple[str, int]]:
    state = replay(Ledger(folder / "sweeps/tiny/ledger.jsonl").read())
    return {name: (trial.status, trial.iteration) for name, trial in state.trials.items()}
