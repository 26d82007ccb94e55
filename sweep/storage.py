"""Where everything of a sweep lies, and who may write there."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from sweep.errors import NameInUseError, StorageError, SweepNotFoundError

LEDGER = "ledger.jsonl"
DEFAULT_STORAGE = Path("sweeps")
STORAGE_VARIABLE = "SEGSWEEP_STORAGE"
"""Environment variable that names another one."""

_PATIENCE = 1.0  # seconds; whoever asks whether a sweep is running holds it for a moment


@dataclass(frozen=True)
class SweepFolder:
    """The paths of one sweep: `STORAGE/NAME/...`."""

    storage: Path
    name: str

    @property
    def path(self) -> Path:
        """The sweep's own folder."""
        return self.storage / self.name

    @property
    def ledger(self) -> Path:
        """The truth about the sweep."""
        return self.path / LEDGER

    @property
    def log(self) -> Path:
        """What Ray, MLflow and other libraries had to say."""
        return self.path / "sweep.log"

    @property
    def report(self) -> Path:
        """Tables and figures."""
        return self.path / "report"

    def trial(self, trial_id: str) -> Path:
        """A trial's own folder."""
        return self.path / "trials" / trial_id

    def checkpoint(self, trial_id: str) -> Path:
        """A trial's only checkpoint."""
        return self.trial(trial_id) / "checkpoint.pt"

    def largest_checkpoint(self) -> int | None:
        """Size in bytes; None before any was written."""
        files = (self.path / "trials").glob("*/checkpoint.pt")
        return max((file.stat().st_size for file in files), default=None)

    def stop_request(self, trial_id: str | None = None) -> Path:
        """The file that asks the driver to stop a trial, or with None the sweep."""
        return self.path / "stop" / (trial_id or "sweep")

    @property
    def argument(self) -> str:
        """NAME for a command that is shown, with `--storage` behind it where that is needed."""
        looked_at = Path(os.environ.get(STORAGE_VARIABLE) or DEFAULT_STORAGE)
        if self.storage.absolute() == looked_at.absolute():
            return self.name
        return f"{self.name} --storage {shlex.quote(str(self.storage))}"

    def exists(self) -> bool:
        """Whether a sweep of this name was created here."""
        return self.ledger.exists()

    def must_exist(self) -> SweepFolder:
        """Itself.

        Raises:
            SweepNotFoundError: there is no such sweep; the message lists those that are there.
        """
        known = [folder.name for folder in sweeps_in(self.storage)]
        if self.name in known:  # not a path, such as ../x, that leads to a sweep elsewhere
            return self
        raise SweepNotFoundError(
            f"no sweep {self.name!r} in {self.storage.absolute()}; sweeps there: "
            f"{', '.join(known) or 'none'}. Another storage is named with --storage"
        )

    def create(self) -> None:
        """Makes the folder.

        Raises:
            NameInUseError: a sweep of this name exists.
            StorageError: the storage cannot be written.
        """
        if self.exists():
            raise NameInUseError(
                f"a sweep {self.name!r} exists already in {self.storage}. `sweep resume {self.argument}` "
                f"goes on with it, `--name OTHER` starts another, deleting {self.path} forgets it"
            )
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"cannot write to the storage {self.storage}: {error.strerror}") from error

    def forget(self) -> None:
        """Deletes the sweep, if there is one.

        Raises:
            NameInUseError: it is running.
        """
        if self.exists():
            with self.locked():
                shutil.rmtree(self.path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the sweep: only one process may write its ledger. The kernel lets go when the holder dies.

        Raises:
            NameInUseError: another process holds it; the message says which.
            StorageError: the storage cannot be written.
        """
        lock, holder = self._lock(), self.path / "holder"
        try:
            lock.acquire(timeout=_PATIENCE, poll_interval=0.05)
        except Timeout:
            raise NameInUseError(
                f"the sweep {self.name!r} is running: {_read_or(holder, 'unknown')}"
            ) from None
        except OSError as error:
            raise StorageError(f"cannot lock the sweep in {self.path}: {error.strerror}") from error
        try:
            with suppress(OSError):  # on a full disk it is the ledger that says so
                holder.write_text(f"process {os.getpid()} on {socket.gethostname()}\n")
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    def is_running(self) -> bool:
        """Whether some process holds the sweep."""
        if not self.path.exists():
            return False
        try:
            with self._lock():
                return False
        except Timeout:
            return True
        except OSError:  # we may only read here: what the holder left is the best there is
            return (self.path / "holder").exists()

    def _lock(self) -> FileLock:
        return FileLock(self.path / "lock", timeout=0)


def sweeps_in(storage: Path) -> list[SweepFolder]:
    """The sweeps of a storage by name; empty if there is no such folder."""
    if not storage.is_dir():
        return []
    return [
        SweepFolder(storage, path.name) for path in sorted(storage.iterdir()) if (path / LEDGER).is_file()
    ]


def _read_or(path: Path, default: str) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return default
