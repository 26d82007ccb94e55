"""The checkpoint of one trial in an object store, from the node that trains it."""

from __future__ import annotations

import time
from pathlib import Path

from sweep.errors import StorageError
from sweep.storage.location import StoreURI
from sweep.storage.store import Store

_SECONDS_TO_RETRY = 300.0
_FIRST_WAIT = 1.0
_LONGEST_WAIT = 30.0


class StoredCheckpoint:
    """Kept in the store; on the node there is only the file that is being written or read."""

    def __init__(self, uri: StoreURI, sweep: str, trial_id: str, seconds: float = _SECONDS_TO_RETRY) -> None:
        """`seconds`: how long a store that is away is tried again."""
        self.folder = uri.working_copy / sweep / "trials" / trial_id
        """The trial's own folder on this node."""
        self._store = Store(uri)
        self._name = f"{sweep}/trials/{trial_id}/checkpoint.pt"
        self._seconds = seconds

    def keep(self, file: Path) -> None:
        """Replaces the checkpoint in the store; the file on this node goes.

        Raises:
            StorageError: the store cannot be written for minutes.
        """
        deadline, wait = time.monotonic() + self._seconds, _FIRST_WAIT
        while True:
            try:
                self._store.upload(file, self._name)
            except StorageError:
                if time.monotonic() + wait > deadline:
                    raise
                time.sleep(wait)
                wait = min(2 * wait, _LONGEST_WAIT)
            else:
                file.unlink()
                return

    def restore(self, file: Path) -> bool:
        """Writes the checkpoint to `file`; False if there is none. Raises StorageError, OSError."""
        return self._store.download(self._name, file)
