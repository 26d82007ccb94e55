"""When a sweep says that no trial can start, and what it says."""

from __future__ import annotations

import io
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from sweep.engine import ray_waiting
from sweep.engine.progress import progress
from sweep.engine.ray_waiting import WaitingCallback
from sweep.engine.waiting import LongWait, Room
from sweep.spec import ResourcesConfig
from tests.unit.test_driver import make_driver

BUSY = Room(total={"CPU": 8, "GPU": 1}, free={"CPU": 8}, nodes=[{"CPU": 4, "GPU": 1}, {"CPU": 4}])
"""Of two nodes, one with a GPU that somebody else uses."""


class Watched:
    """A wait for a trial of 2 CPUs and a GPU, on a cluster and a clock that a test sets."""

    def __init__(self, room: Room = BUSY, **wanted: float) -> None:
        self.room = room
        self.now = 1000.0
        resources = ResourcesConfig(**({"cpus_per_trial": 2, "gpus_per_trial": 1} | wanted))
        self._wait = LongWait(resources, lambda: self.room, "storage/ratios")

    def after(self, seconds: float, *, waits: bool = True) -> str | None:
        self.now += seconds
        return self._wait.news(waits=waits, now=self.now)

    def said(self) -> str | None:
        """What it says after a minute."""
        assert self.after(0) is None
        return self.after(60)


def test_a_busy_cluster_is_named_with_what_is_asked_for_and_how_to_go_on() -> None:
    assert Watched().said() == (
        "no trial could start for 60 s: each needs 1 GPU on one node, which other work has taken, or a trial "
        "that is slow to start; the cluster has 1 GPU in all, 0 GPUs free. The sweep goes on by itself once "
        "there is room: `ray status` shows whether a machine is on its way. Or end it with Ctrl-C and lower "
        "resources.gpus_per_trial: `sweep resume storage/ratios --set resources.gpus_per_trial=...`"
    )


@pytest.mark.parametrize(
    ("nodes", "missing"),
    [
        ([{"CPU": 4}, {"CPU": 4}], "1 GPU"),
        ([{"CPU": 1, "GPU": 4}] * 3, "2 CPUs"),
        ([{"CPU": 1, "GPU": 1}, {"CPU": 4}], "2 CPUs and 1 GPU"),  # each somewhere, but nowhere both
        ([], "2 CPUs and 1 GPU"),
    ],
)
def test_a_cluster_without_a_node_that_is_large_enough(nodes: list[dict[str, float]], missing: str) -> None:
    total = {name: sum(node.get(name, 0.0) for node in nodes) for name in ("CPU", "GPU")}
    said = Watched(Room(total, total, nodes)).said()
    assert said is not None
    assert f"each needs {missing} on one node, which no node of the cluster has;" in said


def test_without_need_of_a_gpu_none_is_missing() -> None:
    room = Room({"CPU": 4}, {"CPU": 1}, [{"CPU": 4}])
    said = Watched(room, gpus_per_trial=0).said()
    assert said is not None
    assert "2 CPUs on one node, which other work" in said
    assert "4 CPUs in all, 1 CPU free" in said
    assert "GPU" not in said


def test_said_once_and_again_when_it_changes() -> None:
    watched = Watched()
    assert watched.said()
    assert watched.after(600) is None
    watched.room = Room(BUSY.total, {"CPU": 2, "GPU": 0.5}, BUSY.nodes)
    assert watched.after(1) is None, "what is free changes all the time"
    watched.room = Room({"CPU": 4}, {"CPU": 4}, [{"CPU": 4}])
    said = watched.after(1)
    assert said is not None
    assert said.startswith("no trial could start for 662 s: ")
    assert "no node of the cluster has; the cluster has 0 GPUs in all" in said


def test_nothing_is_said_before_its_time() -> None:
    watched = Watched()
    watched.after(0)
    assert watched.after(59.9) is None
    watched.after(0, waits=False)  # one ran in between
    assert watched.after(1) is None
    assert watched.after(59.9) is None
    assert watched.after(0.2)


def test_a_trial_that_is_about_to_start_where_there_is_room_is_no_news() -> None:
    assert Watched(Room(BUSY.total, BUSY.total, BUSY.nodes)).said() is None


@pytest.mark.parametrize(
    ("statuses", "is_said"),
    [
        (("TERMINATED", "PENDING"), True),
        (("RUNNING", "PENDING"), False),
        (("TERMINATED",), False),
        ((), False),
    ],
)
@pytest.mark.parametrize("is_terminal", [True, False])
def test_it_reaches_terminal_and_log_unless_a_trial_of_ours_runs(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    statuses: tuple[str, ...],
    is_said: bool,
    is_terminal: bool,
) -> None:
    now = 1000.0
    monkeypatch.setattr(ray_waiting, "room", lambda: Room({"CPU": 8}, {}, [{"CPU": 8}]))
    monkeypatch.setattr("sweep.engine.ray_waiting.time.monotonic", lambda: now)
    monkeypatch.setattr(logging.getLogger("segsweep"), "propagate", True)
    driver = make_driver(tmp_path)
    console = Console(file=io.StringIO(), force_terminal=is_terminal, record=True, width=1000)
    trials: list[Any] = [SimpleNamespace(status=status) for status in statuses]
    before = driver.ledger.path.read_text()
    with progress(console, driver.spec) as listener:
        driver.listeners = [listener]
        callback = WaitingCallback(driver)
        for _ in range(100):
            callback.on_step_begin(0, trials)
            now += 1.0
    assert console.export_text().count("! no trial could start for 60 s: each needs 1 CPU ") == is_said
    assert caplog.text.count("no trial could start") == is_said
    assert driver.ledger.path.read_text() == before, "no decision rests on it"
