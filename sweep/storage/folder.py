"""A sweep in a folder that all nodes see: its paths, and who may write there."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from sweep.errors import NameInUseError, StorageError, SweepNotFoundError
from sweep.storage.location import DEFAULT_STORAGE, STORAGE_VARIABLE, Storage

LEDGER = "ledger.jsonl"

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

    def checkpoint_sizes(self) -> dict[str, int]:
        """In bytes, by the id of the trial; of those that have one."""
        files = (self.path / "trials").glob("*/checkpoint.pt")
        try:
            return {file.parent.name: file.stat().st_size for file in files}
        except OSError as error:
            raise StorageError(f"cannot read the checkpoints in {self.path}: {error.strerror}") from error

    def largest_checkpoint(self) -> int | None:
        """Size in bytes; None before any was written."""
        return max(self.checkpoint_sizes().values(), default=None)

    def has_checkpoint(self, trial_id: str) -> bool:
        """Whether the trial would go on rather than begin."""
        return self.checkpoint(trial_id).exists()

    def local_checkpoint(self, trial_id: str, into: Path) -> Path | None:
        """A file of this machine that is the trial's checkpoint; None if it has none. Raises StorageError.

        `into`: a folder to bring it to, if it lies elsewhere.
        """
        own = self.checkpoint(trial_id)
        return own if own.exists() else None

    def delete_checkpoint(self, trial_id: str) -> None:
        """The trial would begin anew. Raises StorageError."""
        with self._write_errors():
            self.checkpoint(trial_id).unlink(missing_ok=True)

    def stop_request(self, trial_id: str | None = None) -> Path:
        """The file that asks the driver to stop a trial, or with None the sweep."""
        return self.path / "stop" / (trial_id or "sweep")

    def request_stop(self, trial_id: str | None) -> None:
        """Asks the driver, which looks for the request. Raises StorageError."""
        request = self.stop_request(trial_id)
        with self._write_errors():
            request.parent.mkdir(parents=True, exist_ok=True)
            request.touch()

    def withdraw_stop_request(self, trial_id: str | None = None) -> None:
        """The request counts no more. Raises StorageError."""
        with self._write_errors():
            self.stop_request(trial_id).unlink(missing_ok=True)

    @property
    def home(self) -> Storage:
        """The storage that holds it, as a spec names it."""
        return self.storage

    @property
    def place(self) -> str:
        """Where the sweep lies, for the user."""
        return str(self.path)

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
        known = [folder.name for folder in known_sweeps(self.storage)]
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
                f"a sweep {self.name!r} exists already: {self.place}. `sweep resume {self.argument}` "
                f"goes on with it, `--name OTHER` starts another, deleting {self.place} forgets it"
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
            with suppress(OSError):  # read-only by now: why the sweep ends was said already
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

    def fetch(self) -> None:
        """Brings what lies on this machine up to the storage: here they are one."""

    def flush(self) -> str | None:
        """Waits until the storage has everything that was written; else why it has not."""
        return None

    def news(self) -> list[str]:
        """What the user should know of the storage and was not told yet."""
        return []

    @property
    def lost(self) -> str | None:
        """Why this process must not go on with the sweep, which it held; None while all is well."""
        return None

    def worker_settings(self, trial_id: str) -> dict[str, str]:
        """Where `sweep.engine.session.run_trial` finds the trial's folder on any node."""
        return {"folder": str(self.trial(trial_id))}

    def publish(self, files: Iterable[Path]) -> None:
        """Brings files of the sweep to the storage, where they already are."""

    def write(self, name: str, content: bytes) -> None:
        """Makes or replaces a file of the sweep. Raises StorageError."""
        with self._write_errors():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_bytes(content)

    def read(self, name: str) -> bytes | None:
        """A file of the sweep; None if there is none. Raises StorageError."""
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(f"{self.path / name} cannot be read: {error.strerror}") from error

    def delete(self, folder: str) -> None:
        """Deletes a folder of the sweep, if there is one."""
        shutil.rmtree(self.path / folder, ignore_errors=True)

    @contextmanager
    def _write_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageError(f"cannot write to {self.path}: {error.strerror}") from error

    def _lock(self) -> FileLock:
        return FileLock(self.path / "lock", timeout=0)


def known_sweeps(storage: Path) -> list[SweepFolder]:
    """The sweeps of a folder by name; empty if there is no such folder."""
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
