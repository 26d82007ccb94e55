"""Processes that train one trial after another: what is used again, and that nothing of it shows."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from sweep.engine import ray_tune
from sweep.engine.messages import Broken, Started, encode
from sweep.engine.run import _may_reuse_processes
from sweep.spec import load_spec
from tests.replaying import replay_spec, write_curves
from tests.specs import tiny_spec, write_spec
from tests.trials import small_trial
from trainables.contract import NonFiniteLossError, Report
from trainables.local import FolderSession
from trainables.rehearsal import Task
from trainables.segmentation import train


class LeavingSession(FolderSession):
    """As Ray ends a trial: its thread leaves in the midst of a report."""

    def report(self, report: Report, checkpoint: Path) -> None:
        sys.exit(0)


def test_a_trial_finds_nothing_of_those_before_it_in_its_process(tmp_path: Path) -> None:
    """Bit for bit, after one that was stopped, one that broke off, and whatever else was drawn."""
    config = small_trial()
    task = Task(
        trainable="trainables.segmentation:train",
        config=config,
        folder=tmp_path / "fresh",
        events=tmp_path / "events",
    )
    task.folder.mkdir()
    (tmp_path / "task.json").write_text(task.model_dump_json())
    command = [sys.executable, "-m", "trainables.rehearsal", str(tmp_path / "task.json")]
    subprocess.run(command, check=True, timeout=120)
    with pytest.raises(SystemExit):
        train(small_trial(0.25, seed=5), LeavingSession(tmp_path / "stopped"))
    with pytest.raises(NonFiniteLossError):
        train(small_trial(training={"optimizer": {"lr": 1e30}}), FolderSession(tmp_path / "broken"))
    torch.manual_seed(99)
    np.random.seed(99)
    random.seed(99)
    warm = FolderSession(tmp_path / "warm")
    train(config, warm)
    told = [json.loads(line) for line in task.events.read_text().splitlines()]
    fresh = [one["report"] for one in told if one["kind"] == "report"]
    assert len(fresh) == 3
    for one, other in zip(warm.reports, fresh, strict=True):
        known = json.loads(json.dumps(asdict(one)))
        no_times = {"seconds": 0, "spent": None}
        assert known | no_times == other | no_times


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ({}, True),
        ({"resources": {"gpus_per_trial": 0.5}}, False),
        ({"training": {"iterations": 12, "compile": True}}, False),
        ({"trainable": "json:loads"}, False),
    ],
)
def test_processes_are_used_again_only_where_nothing_can_be_left(
    tmp_path: Path, sections: dict[str, Any], expected: bool
) -> None:
    spec = load_spec(write_spec(tmp_path / "tiny.yaml", tiny_spec(tmp_path, **sections))).spec
    assert _may_reuse_processes(spec) is expected


def test_replays_share_processes(tmp_path: Path) -> None:
    write_curves(tmp_path / "curves.csv")
    assert _may_reuse_processes(load_spec(write_spec(tmp_path / "r.yaml", replay_spec(tmp_path))).spec)


def test_the_process_of_a_trial_that_broke_off_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_tune, "_cache", lambda controller, trial: True)
    keeps = ray_tune._keeps_whole_processes
    controller: Any = None
    for permanent in (True, False):
        broken = encode(Broken(reason="NaN", permanent=permanent))
        assert not keeps(controller, SimpleNamespace(last_result=broken))  # type: ignore[arg-type]
    assert keeps(controller, SimpleNamespace(last_result=encode(Started(host="a", pid=1))))  # type: ignore[arg-type]
    assert keeps(controller, SimpleNamespace(last_result=None))  # type: ignore[arg-type]


class Process:
    """Stands for Ray's TrackedActor."""


def test_a_process_on_its_way_is_waited_for_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    finished = False
    monkeypatch.setattr(ray_tune.time, "monotonic", lambda: now)
    monkeypatch.setattr(ray_tune, "_reuse", lambda controller, trial: True)
    own = Process()
    controller: Any = SimpleNamespace(
        _trial_to_actor={"starting": own}, _search_alg=SimpleNamespace(is_finished=lambda: finished)
    )
    reuses = ray_tune._lets_processes_start
    assert reuses(controller, "without a process")
    assert not reuses(controller, "starting")
    now = 4.9
    assert not reuses(controller, "starting")
    finished = True
    assert reuses(controller, "starting"), "nobody else is to come: a process that is there is the faster one"
    finished, now = False, 5.1
    assert reuses(controller, "starting"), "it may wait for the core of the very one that has ended"
