"""`sweep status --watch`: follows the ledger while somebody holds the sweep, and changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sweep.commands import watch as command
from sweep.ledger import Ledger
from sweep.ledger.events import DriverStarted
from sweep.storage import SweepFolder
from tests.builders import sweep_events
from tests.terminal import Terminal


class Follower:
    """Writes some more events, and in the end lets the sweep go, each time that the watcher sleeps."""

    def __init__(self, folder: SweepFolder, events: list[Any]) -> None:
        self.folder, self.events, self.slept = folder, events, 0

    def sleep(self, seconds: float) -> None:
        self.slept += 1
        for event in self.events[:5]:
            Ledger(self.folder.ledger).append(event)
        del self.events[:5]


@pytest.fixture
def follower(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Follower:
    folder = SweepFolder(tmp_path / "sweeps", "fake")
    folder.create()
    events = sweep_events(arms=(1.0, 0.5), seeds=(0,), rungs=(60, 120))
    begin = next(i for i, event in enumerate(events) if isinstance(event, DriverStarted)) + 3
    for event in events[:begin]:
        Ledger(folder.ledger).append(event)
    following = Follower(folder, events[begin:])
    monkeypatch.setattr(command.time, "sleep", following.sleep)
    monkeypatch.setattr(SweepFolder, "is_running", lambda self: bool(following.events))
    return following


def test_a_log_gets_a_line_an_event_and_the_table_in_the_end(sweep: Terminal, follower: Follower) -> None:
    done = sweep("status", "fake", "--watch", "--storage", str(follower.folder.path.parent))
    assert done.code == 0
    assert done.out.count("val_miou") > 4
    assert "✓ t000 real_ratio=1.0 seed=0: finished at iteration 120" in done.out
    assert "fake: completed; 2 finished" in done.out
    assert follower.slept > 3


def test_ctrl_c_ends_the_watch_alone(
    sweep: Terminal, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command.time, "sleep", interrupted)
    done = sweep("status", "fake", "--watch", "--storage", str(follower.folder.path.parent))
    assert done.code == 0
    assert "fake runs on; `sweep stop" in done.out


def test_a_cluster_has_no_terminal(sweep: Terminal) -> None:
    done = sweep("status", "fake", "--watch", "--address", "http://127.0.0.1:1")
    assert done.code == 2
    assert "watched on its head node" in " ".join(done.err.replace("│", " ").split())
