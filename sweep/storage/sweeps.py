"""The sweeps of a storage, wherever it is."""

from __future__ import annotations

from sweep.storage.folder import SweepFolder, known_sweeps
from sweep.storage.location import Storage, StoreURI, storage_and_name
from sweep.storage.segments import FOLDER
from sweep.storage.store import Store
from sweep.storage.stored import StoredSweep


def sweep_in(storage: Storage, name: str) -> SweepFolder:
    """The sweep `name` of a storage, whether it exists or not."""
    return StoredSweep.at(storage, name) if isinstance(storage, StoreURI) else SweepFolder(storage, name)


def sweep_named(storage: Storage, name: str) -> SweepFolder:
    """The sweep that a command names: by name in the storage, or by `URI/NAME` or `/absolute/path/NAME`.

    Raises:
        SweepNotFoundError: there is none; the message lists those that are there.
        StorageError: the URI is none that is known, or the store does not answer.
    """
    return sweep_in(*storage_and_name(storage, name)).must_exist()


def sweeps_in(storage: Storage) -> list[SweepFolder]:
    """The sweeps of a storage by name; empty if there is no such folder. Raises StorageError."""
    if isinstance(storage, StoreURI):
        store = Store(storage)
        return [sweep_in(storage, name) for name in store.folders() if store.objects(f"{name}/{FOLDER}")]
    return known_sweeps(storage)
