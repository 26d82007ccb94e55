"""A trial's process on a node, without Ray."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sweep.engine import session as module
from sweep.engine.messages import Broken, Message, Started
from sweep.engine.session import RaySession, run_trial
from sweep.errors import StorageError
from sweep.storage import StoredCheckpoint
from tests.unit.test_driver import make_driver
from trainables.contract import TrialError


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Message]:
    """What the process tells the driver."""
    messages: list[Message] = []
    monkeypatch.setattr(RaySession, "send", lambda self, message: messages.append(message))
    monkeypatch.setattr(module, "_work", lambda config, session: None)
    monkeypatch.setattr(module.ray, "get_runtime_context", lambda: SimpleNamespace(get_node_id=lambda: "n1"))
    return messages


def config_of(folder: Path, sweep_id: str) -> dict[str, Any]:
    return {"folder": str(folder), "sweep_id": sweep_id, "threads": 1, "gpus": 0, "stall_timeout": None}


def test_node_that_sees_the_sweep_makes_the_trial_s_folder(tmp_path: Path, sent: list[Message]) -> None:
    driver = make_driver(tmp_path)
    folder = driver.folder.trial("t000")
    run_trial(config_of(folder, driver.state.created.sweep_id))
    assert [type(message) for message in sent] == [Started]
    assert folder.is_dir()


@pytest.mark.parametrize("other", ["nowhere", "tiny"])
def test_node_without_the_storage_says_so_and_writes_nothing(
    tmp_path: Path, sent: list[Message], other: str
) -> None:
    """Nothing is there, or another sweep of that name on the node's own disk."""
    driver = make_driver(tmp_path)
    folder = tmp_path / other / "trials" / "t000"
    with pytest.raises(FileNotFoundError):
        run_trial(config_of(folder, "another" if other == "tiny" else driver.state.created.sweep_id))
    broken = sent[-1]
    assert isinstance(broken, Broken)
    assert (broken.permanent, broken.storage) == (False, False), "another node may well see it"
    assert f"does not see the sweep in {tmp_path / other}: mount the storage there" in broken.reason
    assert not folder.exists()


@pytest.mark.parametrize("ends_sweep", [True, False])
def test_store_that_stays_away_ends_the_sweep_but_a_node_without_rights_does_not(
    tmp_path: Path, sent: list[Message], monkeypatch: pytest.MonkeyPatch, ends_sweep: bool
) -> None:
    """A checkpoint that cannot be kept, and one that a node which joined late cannot read."""

    def work(config: dict[str, Any], session: RaySession) -> None:
        if not ends_sweep:
            session.restore()
        checkpoint = session.folder / "checkpoint.pt"
        checkpoint.write_bytes(b"1234")
        session.keep(checkpoint)

    config = {"store": "s3://bucket/a?endpoint_override=127.0.0.1:1&scheme=http", "sweep": "one"}
    config |= {"trial_id": "t000", "sweep_id": "1", "threads": 1, "gpus": 0, "stall_timeout": None}
    monkeypatch.setenv("SEGSWEEP_CACHE", str(tmp_path))
    monkeypatch.setattr(StoredCheckpoint, "patience", 0.1)
    monkeypatch.setattr(module, "_work", work)
    with pytest.raises((StorageError, ConnectionError)):
        run_trial(config)
    broken = sent[-1]
    assert isinstance(broken, Broken)
    assert (broken.permanent, broken.storage) == (False, ends_sweep)
    assert "s3://bucket/a/one/trials/t000/checkpoint.pt" in broken.reason


def test_fault_of_the_trial_s_own_is_permanent(
    tmp_path: Path, sent: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(config: dict[str, Any], session: RaySession) -> None:
        raise TrialError("a.png cannot be read")

    driver = make_driver(tmp_path)
    monkeypatch.setattr(module, "_work", work)
    run_trial(config_of(driver.folder.trial("t000"), driver.state.created.sweep_id))
    assert sent[-1] == Broken("a.png cannot be read", permanent=True)
