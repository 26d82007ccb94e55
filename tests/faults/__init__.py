"""The fault matrix: what becomes of a sweep when something goes wrong at a defined moment.

`case.py` says what a case is and what is expected of it, `stage.py` runs the commands, `comparison.py` holds
the sweep against an undisturbed one, `cases/` has the faults, `injected.py` those that happen inside a
process. `python -m tests.faults` prints the table of docs/reliability.md; pytest asserts the expectations.
"""
