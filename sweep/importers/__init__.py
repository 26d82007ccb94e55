"""Sweeps that somebody else ran: measurements out of files, as the state that a ledger would give.

`csv_file.py` reads lines, `columns.py` says what the columns mean, `table.py` makes trials of the rows,
`recorded.py` finds the curves that a spec with `trainable: replay` wants.
"""

from sweep.importers.recorded import RecordedCurves, check_curves, curve_faults, recorded_curves
from sweep.importers.table import state_of_csv

__all__ = ["RecordedCurves", "check_curves", "curve_faults", "recorded_curves", "state_of_csv"]
