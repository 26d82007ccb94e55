"""Sweeps that are submitted to a real Ray cluster, with a token, from a process that is no part of it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sweep.ledger import Ledger, SweepState, replay
from sweep.ledger.events import DriverAdmitted, DriverQueued, TrialStarted
from tests.integration.commands import PATIENCE
from tests.integration.ray_head import RayHead, ray_head
from tests.specs import tiny_spec

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayHead]:
    with ray_head(tmp_path_factory.mktemp("head"), gpus=2) as running:
        yield running


def write(folder: Path, name: str, **sections: Any) -> None:
    spec = tiny_spec(folder, name=name, **sections)
    spec.pop("storage")
    (folder / f"{name}.yaml").write_text(json.dumps(spec))


def ledger_of(head: RayHead, name: str) -> Ledger:
    return Ledger(Path(head.environment["SEGSWEEP_STORAGE"]) / name / "ledger.jsonl")


def wait_for(head: RayHead, name: str, what: Callable[[SweepState], bool]) -> SweepState:
    """The state of a sweep as soon as it is so."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        events = list(ledger_of(head, name).read())
        if events and what(state := replay(events)):
            return state
        time.sleep(0.2)
    raise AssertionError(f"{name} did not come so far")


def has_ended(state: SweepState) -> bool:
    return state.outcome is not None


def test_submitted_from_elsewhere_stopped_resumed_and_reported(head: RayHead, tmp_path: Path) -> None:
    address = ("--address", head.dashboard)
    long = {"iterations": 400, "batch_size": 2, "crop_size": [32, 48], "log_interval": 20}
    write(tmp_path, "long", training=long, early_stopping={"name": "none", "rungs": [20]})

    submitted = head.sweep("submit", "long.yaml", "--owner", "ada", *address, cwd=tmp_path)
    assert (submitted.returncode, submitted.stdout) == (0, "long\n"), submitted.stderr
    assert submitted.stderr.startswith("submitted; `sweep status long --address"), "no word of Ray's"
    again = head.sweep("submit", "long.yaml", *address, cwd=tmp_path)
    assert again.returncode == 2
    assert "'long' is running on this cluster already, started by ada at" in again.stderr

    wait_for(head, "long", lambda state: any(trial.reports for trial in state.trials.values()))
    listed = head.sweep("list", *address, cwd=tmp_path).stdout
    assert re.search(r"long +ada .* running", listed), listed
    assert "started at iteration 0" in head.sweep("logs", "long", *address, cwd=tmp_path).stdout
    stopped = head.sweep("stop", "long", *address, cwd=tmp_path)
    assert stopped.stdout == "asked long to stop; `sweep resume long` goes on with it\n"
    state = wait_for(head, "long", has_ended)
    assert state.outcome == "interrupted"

    deadline = time.monotonic() + PATIENCE
    while (resumed := head.sweep("resume", "long", *address, cwd=tmp_path)).returncode != 0:
        assert "is running on this cluster already" in resumed.stderr, "its report is still being written"
        assert time.monotonic() < deadline
    assert resumed.stdout == "long\n"
    state = wait_for(head, "long", lambda state: len(state.drivers) == 2 and has_ended(state))
    assert {trial.status for trial in state.trials.values()} == {"finished"}
    assert "long at iteration 400" in head.sweep("report", "long", *address, cwd=tmp_path).stdout
    unknown = head.sweep("status", "nosuch", *address, cwd=tmp_path)
    assert unknown.returncode == 2
    assert unknown.stdout.startswith("no sweep 'nosuch' in")
    assert list(tmp_path.iterdir()) == [tmp_path / "long.yaml"], "nothing of it is here"


def test_second_sweep_waits_for_the_gpus_of_the_first(head: RayHead, tmp_path: Path) -> None:
    for name, priority in (("first", 0), ("later", 0), ("urgent", 5)):
        write(tmp_path, name, resources={"gpus_per_trial": 1, "max_gpus": 2, "priority": priority})
    address = ("--address", head.dashboard)
    assert head.sweep("submit", "first.yaml", *address, cwd=tmp_path).returncode == 0
    wait_for(head, "first", lambda state: any(trial.attempts for trial in state.trials.values()))
    for name in ("later", "urgent"):
        assert head.sweep("submit", f"{name}.yaml", *address, cwd=tmp_path).returncode == 0
    ends = {name: wait_for(head, name, has_ended).drivers[-1].ended for name in ("first", "later", "urgent")}
    assert {end.outcome for end in ends.values() if end} == {"completed"}
    events = list(ledger_of(head, "later").read())
    waited = [event for event in events if isinstance(event, DriverQueued)]
    assert waited and set(waited[0].behind) <= {"first", "urgent"}
    assert any(isinstance(event, DriverAdmitted) for event in events)
    begun = {
        name: min(event.time for event in ledger_of(head, name).read() if isinstance(event, TrialStarted))
        for name in ends
    }
    assert begun["first"] < begun["later"]


def test_whoever_has_no_token_gets_nothing(head: RayHead, tmp_path: Path) -> None:
    for changes in ({"HOME": str(tmp_path)}, {"RAY_AUTH_TOKEN": "0" * 64}):
        done = head.sweep("list", "--address", head.dashboard, cwd=tmp_path, **changes)
        assert done.returncode == 2
        assert "asks for a token, and ours is missing or another one" in done.stderr
        assert done.stdout == ""
