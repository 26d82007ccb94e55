"""MLflow as a view of the ledger: one parent run a sweep, one child run a trial for its whole life.

`writer.py` writes them, `reader.py` reads them back, `others.py` reads those of somebody else's code. It,
`client.py`, `runs.py` and `stored.py` import MLflow.
"""

from sweep.tracking.background import BackgroundTracker
from sweep.tracking.others import found_in_mlflow
from sweep.tracking.reader import state_of_runs
from sweep.tracking.target import TrackingTarget, target_of, tracking_target
from sweep.tracking.writer import LedgerWriter, sync

__all__ = [
    "BackgroundTracker",
    "LedgerWriter",
    "TrackingTarget",
    "found_in_mlflow",
    "state_of_runs",
    "sync",
    "target_of",
    "tracking_target",
]
