"""A sweep in an object store: worked on in a copy on this machine, which a thread keeps the store up with."""

from __future__ import annotations

import logging
import os
import shlex
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock

from sweep.errors import StorageError, SweepNotFoundError
from sweep.storage.folder import SweepFolder
from sweep.storage.lease import Lease, is_held
from sweep.storage.location import STORAGE_VARIABLE, StoreURI
from sweep.storage.mirror import Mirror
from sweep.storage.segments import FOLDER
from sweep.storage.store import Store, StoredObject
from sweep.storage.working_copy import WorkingCopy

_log = logging.getLogger("segsweep.storage")

_PATIENCE = 30.0  # seconds for what is left to be sent at the end


@dataclass(frozen=True)
class StoredSweep(SweepFolder):
    """A `SweepFolder` whose paths are those of the working copy. Methods raise StorageError."""

    uri: StoreURI
    """Of the storage."""
    _held: list[Mirror] = field(default_factory=list, repr=False, compare=False)
    """The mirror, while this object holds the sweep."""

    @classmethod
    def at(cls, uri: StoreURI, name: str) -> StoredSweep:
        """The sweep `name` of a store."""
        return cls(uri.working_copy, name, uri)

    @property
    def home(self) -> StoreURI:
        """As `SweepFolder.home`; `storage` is the folder of working copies."""
        return self.uri

    @property
    def place(self) -> str:
        """Where the sweep lies, for the user."""
        return str(self.uri / self.name)

    @property
    def argument(self) -> str:
        """NAME for a command that is shown: the sweep's URI, from which any machine can go on."""
        if str(self.uri) == os.environ.get(STORAGE_VARIABLE):
            return self.name
        return shlex.quote(self.place)

    def worker_settings(self, trial_id: str) -> dict[str, str]:
        """As `SweepFolder.worker_settings`: a node's own folders are not this machine's."""
        return {"store": str(self.uri), "sweep": self.name}

    def exists(self) -> bool:
        """Whether the store has the sweep, or this machine has one that the store never got."""
        if self._store.objects(f"{self.name}/{FOLDER}"):
            return True
        return self.ledger.exists() and not WorkingCopy(self.ledger).known()

    def must_exist(self) -> StoredSweep:
        """As `SweepFolder.must_exist`."""
        if "/" not in self.name and self.name not in ("", ".", "..") and self.exists():
            return self
        known = [name for name in self._store.folders() if self._store.objects(f"{name}/{FOLDER}")]
        raise SweepNotFoundError(
            f"no sweep {self.name!r} in {self.uri}; sweeps there: {', '.join(known) or 'none'}. Another "
            "storage is named with --storage"
        )

    def create(self) -> None:
        """As `SweepFolder.create`; what the working copy has of a sweep that was deleted is set aside."""
        super().create()
        self.fetch()

    def forget(self) -> None:
        """As `SweepFolder.forget`, in the store too."""
        if not self.exists():
            return
        self.path.mkdir(parents=True, exist_ok=True)
        with super().locked():
            lease = Lease(self._store, self.name)
            lease.acquire()
            self._store.delete_folder(self.name)
            shutil.rmtree(self.path)

    def fetch(self) -> None:
        """Brings the working copy up to the store, unless a driver on this machine is at work in it."""
        self.path.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path / "fetch.lock"):
            if not super().is_running():
                WorkingCopy(self.ledger).fetch(self._store, self.name)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the sweep, on this machine and in the store, and mirrors the working copy meanwhile."""
        self.path.mkdir(parents=True, exist_ok=True)
        with super().locked():
            lease = Lease(self._store, self.name)
            lease.acquire()
            try:
                segments = WorkingCopy(self.ledger).fetch(self._store, self.name)
                self._store.delete(f"{self.name}/stop/sweep")  # it was for the driver before
            except StorageError:
                lease.release()
                raise
            mirror = Mirror(self._store, self, lease, segments)
            mirror.start()
            self._held.append(mirror)
            try:
                yield
            finally:
                missing = self.flush()
                self._held.clear()
                if missing:
                    mirror.give_up()
                    _log.warning("%s misses a part of the sweep: %s", self.place, missing)
                else:
                    with suppress(StorageError):  # it runs out by itself
                        lease.release()

    def is_running(self) -> bool:
        """Whether some process holds the sweep, here or elsewhere."""
        return super().is_running() or is_held(self._store, self.name)

    def flush(self, patience: float = _PATIENCE) -> str | None:
        """Waits until the store has everything; else why it has not."""
        return self._held[0].finish(patience) if self._held else None

    def news(self) -> list[str]:
        """What the user should know of the storage and was not told yet."""
        return self._held[0].news() if self._held else []

    @property
    def lost(self) -> str | None:
        """Why this process must not go on with the sweep."""
        return self._held[0].lost if self._held else None

    def request_stop(self, trial_id: str | None) -> None:
        """Asks the driver, wherever it is: one on this machine without the store, which may be away."""
        if super().is_running():
            super().request_stop(trial_id)
            return
        self._store.write(f"{self.name}/stop/{trial_id or 'sweep'}", b"")

    def withdraw_stop_request(self, trial_id: str | None = None) -> None:
        """The request counts no more."""
        if self._held:
            self._held[0].withdraw_stop_request(trial_id)
        else:
            self._store.delete(f"{self.name}/stop/{trial_id or 'sweep'}")
            super().withdraw_stop_request(trial_id)

    def checkpoint_sizes(self) -> dict[str, int]:
        """As `SweepFolder.checkpoint_sizes`."""
        objects = self._store.objects(f"{self.name}/trials")
        return {
            one.name.removesuffix("/checkpoint.pt"): one.size
            for one in objects
            if one.name.endswith("/checkpoint.pt")
        }

    def has_checkpoint(self, trial_id: str) -> bool:
        """As `SweepFolder.has_checkpoint`."""
        return self._store.size(f"{self.name}/trials/{trial_id}/checkpoint.pt") is not None

    def local_checkpoint(self, trial_id: str, into: Path) -> Path | None:
        """As `SweepFolder.local_checkpoint`."""
        brought = into / "checkpoint.pt"
        is_there = self._store.download(f"{self.name}/trials/{trial_id}/checkpoint.pt", brought)
        return brought if is_there else None

    def delete_checkpoint(self, trial_id: str) -> None:
        """As `SweepFolder.delete_checkpoint`."""
        self._store.delete(f"{self.name}/trials/{trial_id}/checkpoint.pt")

    def publish(self, files: Iterable[Path]) -> None:
        """As `SweepFolder.publish`."""
        for file in files:
            self.write(file.relative_to(self.path).as_posix(), file.read_bytes())

    def objects(self) -> list[StoredObject]:
        """All that the store has of the sweep."""
        return self._store.objects(self.name)

    def write(self, name: str, content: bytes) -> None:
        """As `SweepFolder.write`."""
        self._store.write(f"{self.name}/{name}", content)

    def read(self, name: str) -> bytes | None:
        """As `SweepFolder.read`."""
        return self._store.read(f"{self.name}/{name}")

    def delete(self, folder: str) -> None:
        """As `SweepFolder.delete`."""
        self._store.delete_folder(f"{self.name}/{folder}")

    @property
    def _store(self) -> Store:
        return _stores.setdefault(self.uri, Store(self.uri))


_stores: dict[StoreURI, Store] = {}
"""One connection a store."""
