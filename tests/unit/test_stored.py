"""A sweep in a real S3 server: one writer, nothing lost, nothing merged."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sweep.errors import NameInUseError, StorageError, SweepNotFoundError
from sweep.storage import (
    StoredCheckpoint,
    StoredSweep,
    StoreURI,
    storage_at,
    sweep_in,
    sweep_named,
    sweeps_in,
)
from sweep.storage import lease as lease_module
from sweep.storage.lease import Lease, LeaseLostError
from sweep.storage.store import Store
from tests.store import ENVIRONMENT, Server, environment, s3_server

HOLDER = """
import sys, time
from sweep.storage import storage_at, sweep_in

with sweep_in(storage_at(sys.argv[1]), "one").locked():
    print("held", flush=True)
    time.sleep(300)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with s3_server() as server, environment(ENVIRONMENT):
        yield server


@pytest.fixture
def uri(server: Server, tmp_path: Path) -> StoreURI:
    """A storage of its own."""
    found = storage_at(server.uri)
    assert isinstance(found, StoreURI)
    return found / tmp_path.name


Machine = Callable[[str], StoredSweep]


@pytest.fixture
def sweep_on(uri: StoreURI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """The sweep `one`, seen from a machine with working copies of its own."""

    def sweep(machine: str) -> StoredSweep:
        monkeypatch.setenv("SEGSWEEP_CACHE", str(tmp_path / machine))
        return StoredSweep.at(uri, "one")

    return sweep


def line(number: int) -> str:
    return json.dumps({"event": "Test", "number": number}) + "\n"


def append(sweep: StoredSweep, *numbers: int) -> None:
    with sweep.ledger.open("a") as file:
        file.writelines(map(line, numbers))


def numbers(sweep: StoredSweep) -> list[int]:
    sweep.fetch()
    return [json.loads(text)["number"] for text in sweep.ledger.read_text().splitlines()]


def run(sweep: StoredSweep, *to_append: int) -> None:
    with sweep.locked():
        append(sweep, *to_append)


def test_another_machine_sees_what_was_written(sweep_on: Machine, uri: StoreURI) -> None:
    head = sweep_on("head")
    assert not head.exists()
    head.create()
    run(head, 0, 1)
    with head.locked():
        append(head, 2)
        with head.ledger.open("a") as file:
            file.write('{"event": "torn')
    laptop = sweep_on("laptop")
    assert numbers(laptop) == [0, 1, 2]
    with pytest.raises(NameInUseError, match="`sweep resume"):
        laptop.create()
    assert [one.name for one in sweeps_in(uri)] == ["one"]
    assert sweep_named(Path("sweeps"), f"{uri / 'one'}") == laptop
    run(laptop, 3)
    assert numbers(sweep_on("head")) == [0, 1, 2, 3]
    assert len([one for one in laptop.objects() if one.name.startswith("ledger/")]) == 3


def test_unknown_sweeps(sweep_on: Machine, uri: StoreURI) -> None:
    run(sweep_on("head"), 0)
    with pytest.raises(SweepNotFoundError, match=r"no sweep 'two' in s3://bucket/.*; sweeps there: one"):
        sweep_in(uri, "two").must_exist()
    for name in ("", ".", "..", "one/ledger", "../x"):
        with pytest.raises(SweepNotFoundError):
            sweep_in(uri, name).must_exist()


def test_lines_reach_the_store_while_the_sweep_runs(sweep_on: Machine) -> None:
    head = sweep_on("head")
    with head.locked():
        append(head, 0)
        laptop = sweep_on("laptop")
        until(lambda: laptop.exists())
        append(head, 1)
        until(lambda: numbers(laptop) == [0, 1])
        assert laptop.is_running()
        assert len([one for one in laptop.objects() if one.name.startswith("ledger/")]) == 1, "it grows"
    assert not laptop.is_running()


def test_lines_that_a_killed_driver_did_not_send_are_sent_by_the_next(sweep_on: Machine) -> None:
    head = sweep_on("head")
    run(head, 0, 1)
    append(head, 2)
    run(head, 3)
    assert numbers(sweep_on("laptop")) == [0, 1, 2, 3]


def test_lines_that_another_driver_went_on_without_are_set_aside(sweep_on: Machine) -> None:
    head = sweep_on("head")
    run(head, 0, 1)
    append(head, 2)
    run(sweep_on("laptop"), 3)
    head = sweep_on("head")
    assert numbers(head) == [0, 1, 3]
    (aside,) = head.path.glob("ledger-*.jsonl")
    assert aside.read_text() == "".join(map(line, (0, 1, 2)))


def test_sweep_that_was_deleted_and_begun_anew_is_fetched_anew(sweep_on: Machine) -> None:
    run(sweep_on("laptop"), 0, 1)
    head = sweep_on("head")
    assert numbers(head) == [0, 1]
    sweep_on("laptop").forget()
    head = sweep_on("head")
    assert not head.exists()
    run(sweep_on("laptop"), 7)
    assert numbers(sweep_on("head")) == [7]


def test_forks_are_told_to_whoever_reads(sweep_on: Machine) -> None:
    head = sweep_on("head")
    run(head, 0)
    head.write(f"ledger/{0:015d}-abcdef.jsonl", line(5).encode())
    with pytest.raises(StorageError, match="two drivers wrote the ledger at once"):
        sweep_on("laptop").fetch()


def test_one_driver_at_a_time(sweep_on: Machine) -> None:
    head = sweep_on("head")
    with head.locked():
        append(head, 0)
        laptop = sweep_on("laptop")
        with pytest.raises(NameInUseError, match=r"'one' is running: process \d+ on .*free again in \d+ s"):
            run(laptop)
        until(laptop.exists)
        with pytest.raises(NameInUseError):
            laptop.forget()
    run(laptop, 1)
    assert numbers(laptop) == [0, 1]


def test_kill_9_on_this_machine_lets_go_at_once(sweep_on: Machine, uri: StoreURI) -> None:
    sweep_on("head")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(uri)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        laptop = sweep_on("laptop")
        assert laptop.is_running()
        holder.kill()
    assert not laptop.is_running()
    run(laptop, 1)
    assert numbers(laptop) == [1]


@pytest.fixture
def short_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases that die within seconds, of processes that cannot be asked."""
    monkeypatch.setattr(lease_module, "SECONDS_TO_LIVE", 3.0)
    monkeypatch.setattr(lease_module, "_SECONDS_TO_TRUST", 2.0)
    monkeypatch.setattr(lease_module, "_is_of_dead_process", lambda *_: False)


def test_lease_that_is_not_renewed_dies_and_its_owner_is_told(uri: StoreURI, short_lives: None) -> None:
    first, second = Lease(Store(uri), "one"), Lease(Store(uri), "one")
    first.acquire()
    with pytest.raises(NameInUseError):
        second.acquire()
    time.sleep(4.5)
    assert not first.is_trusted
    second.acquire()
    with pytest.raises(LeaseLostError, match="another driver has taken the sweep over"):
        first.renew()
    second.renew()
    second.release()


def test_lease_outlives_a_store_that_was_away_if_nobody_else_came(uri: StoreURI, short_lives: None) -> None:
    lease = Lease(Store(uri), "one")
    lease.acquire()
    time.sleep(4.5)
    lease.renew()
    assert lease.is_trusted
    with pytest.raises(NameInUseError):
        Lease(Store(uri), "one").acquire()


def test_driver_that_lost_its_lease_writes_nothing_more(sweep_on: Machine, uri: StoreURI) -> None:
    head = sweep_on("head")
    with head.locked():
        append(head, 0)
        laptop = sweep_on("laptop")
        until(lambda: laptop.exists())
        Store(uri).delete_folder("one/lease")  # as another driver does that finds it dead
        append(head, 1)
        until(lambda: head.lost is not None)
        append(head, 2)
        assert "taken the sweep over" in str(head.flush())
    assert 2 not in numbers(laptop)


def test_stop_request_reaches_the_driver_and_can_be_withdrawn(sweep_on: Machine) -> None:
    head = sweep_on("head")
    with head.locked():
        append(head, 0)
        laptop = sweep_on("laptop")
        laptop.request_stop("t001")
        until(head.stop_request("t001").exists)
        head.withdraw_stop_request("t001")
        laptop.request_stop(None)
        until(head.stop_request().exists)
        head.withdraw_stop_request()
        head.request_stop("t002")
        assert head.stop_request("t002").exists(), "on the driver's own machine without the store"
        assert not head.stop_request("t001").exists()
    run(head)
    assert [one.name for one in head.objects() if one.name.startswith("stop/")] == []


def test_log_and_report_are_brought_along(sweep_on: Machine) -> None:
    head = sweep_on("head")
    with head.locked():
        append(head, 0)
        head.log.write_text("log")
        head.report.mkdir()
        (head.report / "report.md").write_text("page")
        (head.report / ".half.part").write_text("pa")
    assert (head.read("sweep.log"), head.read("report/report.md")) == (b"log", b"page")
    assert head.read("report/.half.part") is None


def test_checkpoints_are_kept_in_the_store(sweep_on: Machine, uri: StoreURI, tmp_path: Path) -> None:
    sweep = sweep_on("node")
    assert sweep.largest_checkpoint() is None and not sweep.has_checkpoint("t000")
    checkpoint = StoredCheckpoint(uri, "one", "t000")
    checkpoint.folder.mkdir(parents=True)
    file = checkpoint.folder / "checkpoint.pt"
    assert not checkpoint.restore(file)
    content = bytes(range(256)) * 2**17  # 32 MiB: more than one part
    for part in (content, content[:100]):
        file.write_bytes(part)
        checkpoint.keep(file)
        assert list(checkpoint.folder.iterdir()) == [], "nodes do not fill up"
        assert sweep.checkpoint_sizes() == {"t000": len(part)}
        other = tmp_path / "other"
        assert StoredCheckpoint(uri, "one", "t000").restore(other)
        assert other.read_bytes() == part
    assert sweep.has_checkpoint("t000")
    sweep.delete_checkpoint("t000")
    assert not sweep.has_checkpoint("t000")


def test_dead_endpoint_is_an_error_before_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = storage_at("s3://bucket/a?endpoint_override=127.0.0.1:1&scheme=http")
    with pytest.raises(
        StorageError, match=r"(?s)cannot read s3://bucket/a/one/ledger\?.*Is the store up"
    ) as caught:
        sweep_in(nowhere, "one").exists()
    assert ENVIRONMENT["AWS_SECRET_ACCESS_KEY"] not in str(caught.value)
    monkeypatch.setattr(StoredCheckpoint, "patience", 0.1)
    with pytest.raises(StorageError):
        StoredCheckpoint(nowhere, "one", "t000").keep(existing(tmp_path / "checkpoint.pt"))


def test_bucket_that_is_not_there_is_told(server: Server) -> None:
    other = storage_at(server.uri.replace("s3://bucket/", "s3://other/"))
    sweep = sweep_in(other, "one")
    with pytest.raises(StorageError, match="s3://other/sweeps/one"), sweep.locked():
        pass


def existing(path: Path) -> Path:
    path.write_bytes(b"1234")
    return path


def until(holds: Callable[[], bool], patience: float = 60.0) -> None:
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_cache_may_be_lost(sweep_on: Machine) -> None:
    head = sweep_on("head")
    run(head, 0, 1)
    shutil.rmtree(head.storage)
    assert numbers(head) == [0, 1]
