"""The checkpoint of one trial in an object store, from the node that trains it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sweep.errors import StorageError
from sweep.storage.location import StoreURI
from sweep.storage.store import Store

_FIRST_WAIT = 1.0
_LONGEST_WAIT = 30.0

T = TypeVar("T")


class StoredCheckpoint:
    """Kept in the store; on the node there is only the file that is being written or read."""

    patience = 300.0
    """How long a store that is away is tried again, in seconds."""

    def __init__(self, uri: StoreURI, sweep: str, trial_id: str) -> None:
        self.folder = uri.working_copy / sweep / "trials" / trial_id
        """The trial's own folder on this node."""
        self._store = Store(uri)
        self._name = f"{sweep}/trials/{trial_id}/checkpoint.pt"

    def keep(self, file: Path) -> None:
        """Replaces the checkpoint in the store; the file on this node goes.

        Raises:
            StorageError: the store could not be written for minutes.
        """
        self._patiently(lambda: self._store.upload(file, self._name))
        file.unlink()

    def restore(self, file: Path) -> bool:
        """Writes the checkpoint to `file`; False if there is none.

        Raises:
            StorageError: the store could not be read for minutes.
            OSError: the file cannot be written.
        """
        return self._patiently(lambda: self._store.download(self._name, file))

    def leave(self, name: str, content: bytes) -> None:
        """Writes a file of the trial beside the checkpoint. Raises StorageError."""
        self._store.write(f"{self._name.rpartition('/')[0]}/{name}", content)

    def _patiently(self, action: Callable[[], T]) -> T:
        deadline, wait = time.monotonic() + self.patience, _FIRST_WAIT
        while True:
            try:
                return action()
            except StorageError:
                if time.monotonic() + wait > deadline:
                    raise
            time.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT)
