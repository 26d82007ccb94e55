"""The append-only record of a sweep; the truth that everything else is a view of."""

from sweep.ledger.file import Ledger
from sweep.ledger.lines import FORMAT
from sweep.ledger.state import DriverState, SweepState, TrialState, TrialStatus, replay

__all__ = ["FORMAT", "DriverState", "Ledger", "SweepState", "TrialState", "TrialStatus", "replay"]
