"""A sweep in an object store: nothing of it is lost with the machine that drives it, or with the store."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mlflow import MlflowClient

from sweep.ledger import Ledger, SweepState, replay
from sweep.ledger.events import Event, TrialJudged, TrialReported
from sweep.report import fair_frame
from sweep.storage import StoredSweep, StoreURI, storage_at
from tests.integration.commands import PATIENCE, running_sweep, sweep_command, wait_for_event
from tests.specs import tiny_spec, write_spec
from tests.store import ENVIRONMENT, Server, environment, s3_server

GOES_ON = "The sweep goes on; what is missing there is sent later"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with s3_server() as server, environment(ENVIRONMENT):
        yield server


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> SweepState:
    """A sweep in a folder, that nobody disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    write_spec(folder / "tiny.yaml", long_spec(str(folder / "sweeps")))
    done = sweep_command("run", "tiny.yaml", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return replay(Ledger(folder / "sweeps/tiny/ledger.jsonl").read())


def long_spec(storage: str, **sections: Any) -> dict[str, Any]:
    """Trials that last for some seconds, so that the store sees them in between."""
    training = {"iterations": 60, "batch_size": 2, "crop_size": [32, 48], "log_interval": 2}
    stopping = {"name": "asha", "rungs": [20, 40], "min_peers": 1, "noise_sd": 0}
    spec = tiny_spec(Path("sweeps"), training=training, early_stopping=stopping)
    return spec | {"storage": {"path": storage}} | sections


def write_stored_spec(folder: Path, uri: StoreURI) -> None:
    """MLflow's database outlives the working copy, as one on a server does."""
    tracking = {"uri": f"sqlite:///{folder}/mlflow.db"}
    write_spec(folder / "tiny.yaml", long_spec(str(uri), tracking=tracking))


def storage_of(server: Server, folder: Path) -> StoreURI:
    """One of its own for every test."""
    uri = storage_at(server.uri)
    assert isinstance(uri, StoreURI)
    return uri / folder.name


def working_copy(uri: StoreURI, folder: Path) -> StoredSweep:
    """That of the commands that are run in `folder`."""
    with environment({"SEGSWEEP_CACHE": str(folder / "cache")}):
        return StoredSweep.at(uri, "tiny")


def state_in_store(uri: StoreURI, elsewhere: Path) -> SweepState:
    """The sweep as another machine sees it."""
    sweep = working_copy(uri, elsewhere)
    sweep.fetch()
    return replay(Ledger(sweep.ledger).read())


def assert_same(state: SweepState, undisturbed: SweepState) -> None:
    pd.testing.assert_frame_equal(fair_frame(state), fair_frame(undisturbed))
    assert [
        (trial.trial_id, trial.status, trial.iteration, sorted(trial.reports))
        for trial in state.trials.values()
    ] == [
        (trial.trial_id, trial.status, trial.iteration, sorted(trial.reports))
        for trial in undisturbed.trials.values()
    ]


def assert_mlflow_has_each_trial_once(folder: Path, state: SweepState) -> None:
    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    experiment = client.get_experiment_by_name("segsweep")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    children = [run.data.tags["segsweep.trial_id"] for run in runs if "mlflow.parentRunId" in run.data.tags]
    assert sorted(children) == sorted(state.trials)
    assert len(runs) == len(children) + 1


def test_head_is_lost_and_another_goes_on_from_the_uri_alone(
    server: Server, undisturbed: SweepState, tmp_path: Path
) -> None:
    uri = storage_of(server, tmp_path)
    write_stored_spec(tmp_path, uri)
    with running_sweep("run", "tiny.yaml", cwd=tmp_path) as process:
        ledger = working_copy(uri, tmp_path).ledger
        first = wait_for_event(ledger, lambda e: isinstance(e, TrialJudged), process)
        assert isinstance(first, TrialJudged)
        wait_for_store(uri, tmp_path / "look", process, first)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    written = list(Ledger(ledger).read())
    shutil.rmtree(tmp_path / "cache")

    kept = read_in_store(uri, tmp_path / "look")
    assert kept == written[: len(kept)], "only the end may be missing"
    done = sweep_command("resume", str(uri / "tiny"), cwd=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    state = state_in_store(uri, tmp_path / "elsewhere")
    assert len(state.drivers) == 2
    assert_same(state, undisturbed)
    assert_mlflow_has_each_trial_once(tmp_path, state)
    assert {"sweep.log", "report/report.md"} <= {one.name for one in working_copy(uri, tmp_path).objects()}


def read_in_store(uri: StoreURI, elsewhere: Path) -> list[Event]:
    sweep = working_copy(uri, elsewhere)
    sweep.fetch()
    return list(Ledger(sweep.ledger).read())


@pytest.mark.slow
def test_store_that_goes_away_for_a_while_loses_nothing(
    server: Server, undisturbed: SweepState, tmp_path: Path
) -> None:
    uri = storage_of(server, tmp_path)
    write_stored_spec(tmp_path, uri)
    with running_sweep("run", "tiny.yaml", cwd=tmp_path) as process:
        ledger = working_copy(uri, tmp_path).ledger
        wait_for_event(ledger, lambda e: isinstance(e, TrialReported), process)
        with server.away():
            wait_for_text(tmp_path / "out.txt", GOES_ON, process)
        assert process.wait(timeout=200) == 0, (tmp_path / "out.txt").read_text()

    state = state_in_store(uri, tmp_path / "elsewhere")
    assert_same(state, undisturbed)
    assert state.outcome == "completed"
    assert_mlflow_has_each_trial_once(tmp_path, state)
    said = (tmp_path / "out.txt").read_text()
    assert said.count(GOES_ON) == 1
    assert "the storage answers again" in said
    assert ENVIRONMENT["AWS_SECRET_ACCESS_KEY"] not in said


@pytest.mark.slow
def test_second_driver_is_refused_and_stop_reaches_the_first(server: Server, tmp_path: Path) -> None:
    uri = storage_of(server, tmp_path)
    write_stored_spec(tmp_path, uri)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    longer = ("--set", "training.iterations=600")  # five commands are typed meanwhile
    with running_sweep("run", "tiny.yaml", *longer, cwd=tmp_path) as process:
        wait_for_event(working_copy(uri, tmp_path).ledger, lambda e: isinstance(e, TrialReported), process)
        wait_for_store(uri, elsewhere, process)
        second = sweep_command("resume", str(uri / "tiny"), cwd=elsewhere)
        assert second.returncode == 2
        assert f"the sweep 'tiny' is running: process {process.pid} on " in second.stderr
        assert " running" in sweep_command("list", "--storage", str(uri), cwd=elsewhere).stdout
        assert sweep_command("stop", str(uri / "tiny"), cwd=elsewhere).returncode == 0
        assert process.wait(timeout=100) == 130, (tmp_path / "out.txt").read_text()

    assert "interrupted: stopped by `sweep stop`" in (tmp_path / "out.txt").read_text()
    status = sweep_command("status", "tiny", "--storage", str(uri), cwd=elsewhere)
    assert status.stdout.startswith("tiny: interrupted"), status.stdout + status.stderr
    cap = "storage.checkpoint_gigabytes=1e-6"  # less than one takes
    done = sweep_command("resume", str(uri / "tiny"), "--set", cap, cwd=elsewhere)
    assert done.returncode == 0, done.stdout + done.stderr
    assert working_copy(uri, elsewhere).checkpoint_sizes() == {}
    explained = sweep_command("explain", str(uri / "tiny"), "t000", cwd=tmp_path)
    assert "Its checkpoint is gone: deleted to keep all" in explained.stdout, explained.stderr


def wait_for_text(file: Path, text: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while text not in file.read_text():
        assert process.poll() is None and time.monotonic() < deadline, file.read_text()
        time.sleep(0.2)


def wait_for_store(
    uri: StoreURI, elsewhere: Path, process: subprocess.Popen[str], event: Event | None = None
) -> None:
    """Until another machine sees the sweep, and that event of it."""
    deadline = time.monotonic() + PATIENCE
    while not ((seen := read_in_store(uri, elsewhere)) and (event is None or event in seen)):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.2)
