"""Sweeps that somebody else ran: measurements out of files, as the state that a ledger would give.

`csv_file.py` reads lines, `columns.py` says what the columns mean, `table.py` makes trials of the rows.
"""

from sweep.importers.table import state_of_csv

__all__ = ["state_of_csv"]
