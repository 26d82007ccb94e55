"""Sweeps that somebody else ran: measurements out of files, as the state that a ledger would give.

Readers make `found.py` of what they read: `mmsegmentation.py` of work dirs, `table.py` of rows out of
`csv_file.py`, `parquet_file.py`, `markdown_file.py` and `wandb.py`; `formats.py` says which reads what.
`prepare.py` mends what was found, `join.py` makes events of a ledger of it, `fresh.py` a new sweep,
`direct.py` a state that is written nowhere. `recorded.py` finds the curves that a replay wants.
"""

from sweep.importers.direct import state_of_csv, state_of_path
from sweep.importers.formats import Format, merged, read
from sweep.importers.found import Found, FoundRun, Refusal, Validation
from sweep.importers.fresh import fresh_sweep
from sweep.importers.join import Joined, join, refusal_text
from sweep.importers.names import OurName, column_map
from sweep.importers.prepare import Preparation
from sweep.importers.recorded import RecordedCurves, check_curves, curve_faults, recorded_curves
from sweep.importers.terms import ImportTerms, parameter_of

__all__ = [
    "Format",
    "Found",
    "FoundRun",
    "ImportTerms",
    "Joined",
    "OurName",
    "Preparation",
    "RecordedCurves",
    "Refusal",
    "Validation",
    "check_curves",
    "column_map",
    "curve_faults",
    "fresh_sweep",
    "join",
    "merged",
    "parameter_of",
    "read",
    "recorded_curves",
    "refusal_text",
    "state_of_csv",
    "state_of_path",
]
