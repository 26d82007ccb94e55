"""Where a sweep lies, and who may write there."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sweep.errors import NameInUseError, StorageError, SweepNotFoundError
from sweep.storage import SweepFolder, sweeps_in

HOLDER = """
import sys, time
from pathlib import Path
from sweep.storage import SweepFolder

with SweepFolder(Path(sys.argv[1]), "one").locked():
    print("held", flush=True)
    time.sleep(300)
"""


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    return created(tmp_path / "sweeps", "one")


@pytest.fixture
def holder(folder: SweepFolder) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the sweep."""
    arguments = [sys.executable, "-c", HOLDER, str(folder.storage)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def created(storage: Path, name: str) -> SweepFolder:
    folder = SweepFolder(storage, name)
    folder.create()
    folder.ledger.touch()
    return folder


def test_all_of_a_sweep_lies_in_its_folder(folder: SweepFolder) -> None:
    paths = [
        folder.ledger, folder.log, folder.report, folder.trial("t000"), folder.checkpoint("t000"),
        folder.stop_request(), folder.stop_request("t000"),
    ]  # fmt: skip
    assert len(set(paths)) == len(paths)
    assert all(path.is_relative_to(folder.storage / "one") for path in paths)
    assert folder.checkpoint("t000").parent == folder.trial("t000")


def test_a_created_sweep_exists_once_it_has_a_ledger(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path / "a" / "b", "one")
    folder.create()
    assert not folder.exists()
    folder.create()  # the first was killed before it wrote anything
    folder.ledger.touch()
    assert folder.exists()
    assert folder.must_exist() == folder


def test_a_name_is_taken_once(folder: SweepFolder) -> None:
    with pytest.raises(NameInUseError, match="`--name OTHER` starts another") as caught:
        folder.create()
    assert str(folder.path) in str(caught.value)


@pytest.mark.parametrize("storage", ["file", "file/below", "/proc/nowhere"])
def test_storage_that_cannot_be_written_is_told(tmp_path: Path, storage: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot write to the storage"):
        SweepFolder(tmp_path / storage, "one").create()


def test_unknown_sweep_is_told_with_those_that_are_there(folder: SweepFolder) -> None:
    created(folder.storage, "two")
    with pytest.raises(SweepNotFoundError, match=r"no sweep 'tow' in .*; sweeps there: one, two\."):
        SweepFolder(folder.storage, "tow").must_exist()
    with pytest.raises(SweepNotFoundError, match="sweeps there: none"):
        SweepFolder(folder.storage / "nowhere", "one").must_exist()


@pytest.mark.parametrize(
    "name", ["../outside", "one/../../outside", "one/inside", "..", ".", "", "./one", "one/"]
)
def test_a_name_is_no_path(folder: SweepFolder, name: str) -> None:
    """A sweep outside the storage, or inside another sweep, is none of the storage's."""
    created(folder.storage.parent, "outside")
    created(folder.path, "inside")
    (folder.storage / "ledger.jsonl").touch()
    (folder.storage.parent / "ledger.jsonl").touch()
    with pytest.raises(SweepNotFoundError, match="sweeps there: one"):
        SweepFolder(folder.storage, name).must_exist()


def test_sweeps_are_listed_by_name_and_nothing_else_is(folder: SweepFolder) -> None:
    created(folder.storage, "another")
    (folder.storage / "mlflow.db").touch()
    (folder.storage / "mlartifacts").mkdir()
    assert [sweep.name for sweep in sweeps_in(folder.storage)] == ["another", "one"]
    assert sweeps_in(folder.storage / "nowhere") == []
    assert sweeps_in(folder.storage / "mlflow.db") == []


def test_forget_leaves_nothing_of_this_sweep_and_all_of_others(folder: SweepFolder) -> None:
    other = created(folder.storage, "other")
    folder.forget()
    assert not folder.path.exists()
    assert other.exists()
    folder.forget()
    folder.create()


def test_lock_lasts_as_long_as_its_block(folder: SweepFolder) -> None:
    assert not folder.is_running()
    with folder.locked():
        assert folder.is_running()
        with (
            pytest.raises(NameInUseError, match=f"'one' is running: process {os.getpid()} on "),
            folder.locked(),
        ):
            pass
        assert folder.is_running(), "the one who was refused lets go of nothing"
    assert not folder.is_running()
    assert not SweepFolder(folder.storage, "nowhere").is_running()
    assert not (folder.storage / "nowhere").exists(), "to ask leaves no trace"


def test_error_inside_the_block_lets_go(folder: SweepFolder) -> None:
    with pytest.raises(ZeroDivisionError), folder.locked():
        _ = 1 / 0
    assert not folder.is_running()


def test_sweep_held_by_another_process_is_left_alone(
    folder: SweepFolder, holder: subprocess.Popen[str]
) -> None:
    assert folder.is_running()
    with pytest.raises(NameInUseError, match=f"process {holder.pid} on "), folder.locked():
        pass
    with pytest.raises(NameInUseError, match="is running"):
        folder.forget()
    assert folder.exists()


def test_kill_9_of_the_holder_lets_go(folder: SweepFolder, holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    deadline = time.monotonic() + 10
    while folder.is_running() and time.monotonic() < deadline:
        time.sleep(0.01)
    with folder.locked():
        assert folder.is_running()


def test_whoever_only_asks_keeps_nobody_out(folder: SweepFolder) -> None:
    with ThreadPoolExecutor() as pool, folder.locked():
        later = pool.submit(_holds, folder)
        time.sleep(0.2)
    assert later.result()


def _holds(folder: SweepFolder) -> bool:
    with folder.locked():
        return folder.is_running()


def test_full_disk_keeps_nobody_from_holding(folder: SweepFolder) -> None:
    """The ledger is what says that the disk is full, in words."""
    (folder.path / "holder").symlink_to("/dev/full")
    with folder.locked():
        assert folder.is_running()


@pytest.mark.parametrize(
    ("storage", "variable", "expected"),
    [
        ("sweeps", None, "one"),
        ("elsewhere", None, "one --storage {}/elsewhere"),
        ("else where", None, "one --storage '{}/else where'"),
        ("elsewhere", "elsewhere", "one"),
        ("sweeps", "elsewhere", "one --storage {}/sweeps"),
        ("sweeps", "", "one"),
    ],
)
def test_commands_that_are_shown_find_the_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, storage: str, variable: str | None, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEGSWEEP_STORAGE", raising=False)
    if variable is not None:
        monkeypatch.setenv("SEGSWEEP_STORAGE", variable)
    assert SweepFolder(tmp_path / storage, "one").argument == expected.format(tmp_path)


def test_lock_that_cannot_be_written_is_told(folder: SweepFolder) -> None:
    """A folder in its place stands for another user's file: tests may run as root, who may write anywhere."""
    (folder.path / "lock").mkdir()
    with pytest.raises(StorageError, match="cannot lock"), folder.locked():
        pass


def test_reader_who_may_not_write_still_sees_who_holds_it(folder: SweepFolder) -> None:
    (folder.path / "lock").mkdir()
    assert not folder.is_running()
    (folder.path / "holder").write_text("process 7 on there\n")
    assert folder.is_running()


def test_largest_checkpoint(folder: SweepFolder) -> None:
    assert folder.largest_checkpoint() is None
    for trial_id, size in (("t000", 10), ("t001", 30), ("t002", 20)):
        folder.trial(trial_id).mkdir(parents=True)
        folder.checkpoint(trial_id).write_bytes(b"x" * size)
    (folder.trial("t003")).mkdir()
    assert folder.largest_checkpoint() == 30


def test_a_storage_that_became_read_only_hides_nothing_of_why_a_sweep_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = SweepFolder(tmp_path, "a")
    folder.create()

    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    with pytest.raises(StorageError, match="the true reason"), folder.locked():
        monkeypatch.setattr(Path, "unlink", refuse)
        raise StorageError("the true reason")
    monkeypatch.undo()
    with folder.locked():
        pass
