"""Sweeps that somebody else ran: measurements out of files, as the state that a ledger would give.

`csv_file.py` reads lines, `columns.py` says what the columns mean, `table.py` makes trials of the rows,
`recorded.py` finds the curves that a spec with `trainable: replay` wants.
"""

from sweep.importers.found import Found, FoundRun, Refusal, Validation
from sweep.importers.fresh import fresh_sweep
from sweep.importers.join import Joined, join, refusal_text
from sweep.importers.recorded import RecordedCurves, check_curves, curve_faults, recorded_curves
from sweep.importers.table import state_of_csv
from sweep.importers.terms import ImportTerms

__all__ = [
    "Found",
    "FoundRun",
    "ImportTerms",
    "Joined",
    "RecordedCurves",
    "Refusal",
    "Validation",
    "check_curves",
    "curve_faults",
    "fresh_sweep",
    "join",
    "recorded_curves",
    "refusal_text",
    "state_of_csv",
]
