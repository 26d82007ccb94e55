"""MLflow as a view of the ledger: one parent run a sweep, one child run a trial for its whole life.

`writer.py` writes them, `reader.py` reads them back, `others.py` reads those of somebody else's code. It,
`client.py`, `runs.py` and `stored.py` import MLflow, which takes a second or more: so does this package only
once it is asked to write.
"""

from sweep.tracking.background import BackgroundTracker
from sweep.tracking.target import TrackingTarget, target_of, tracking_target

__all__ = ["BackgroundTracker", "TrackingTarget", "target_of", "tracking_target"]
