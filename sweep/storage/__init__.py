"""Where everything of a sweep lies, and who may write there: a folder, or an object store."""

from sweep.storage.checkpoints import StoredCheckpoint
from sweep.storage.folder import LEDGER, SweepFolder
from sweep.storage.location import (
    DEFAULT_STORAGE,
    STORAGE_VARIABLE,
    Storage,
    StoreURI,
    storage_and_name,
    storage_at,
)
from sweep.storage.stored import StoredSweep
from sweep.storage.sweeps import sweep_in, sweep_named, sweeps_in

__all__ = [
    "DEFAULT_STORAGE",
    "LEDGER",
    "STORAGE_VARIABLE",
    "Storage",
    "StoreURI",
    "StoredCheckpoint",
    "StoredSweep",
    "SweepFolder",
    "storage_and_name",
    "storage_at",
    "sweep_in",
    "sweep_named",
    "sweeps_in",
]
