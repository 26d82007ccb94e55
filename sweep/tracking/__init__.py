"""MLflow as a view of the ledger: one parent run a sweep, one child run a trial for its whole life.

`runs.py` is the only file that imports MLflow.
"""

from sweep.tracking.background import BackgroundTracker
from sweep.tracking.target import TrackingTarget, tracking_target
from sweep.tracking.writer import LedgerWriter, sync

__all__ = ["BackgroundTracker", "LedgerWriter", "TrackingTarget", "sync", "tracking_target"]
