"""Every error that a user can meet, and the exit codes.

An error says where (file and line), which key, what was given, what is allowed and how to mend it. It
reaches the terminal without a traceback.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """What the process `sweep` ends with."""

    OK = 0
    TRIALS_FAILED = 1
    USAGE = 2
    INTERRUPTED = 130


class SweepError(Exception):
    """A fault the user can mend. `str()` of it is the whole message."""

    exit_code: ExitCode = ExitCode.USAGE


@dataclass(frozen=True)
class Fault:
    """One fault of a spec: `ratios.yaml:5: search.parameters.real_ratio.values[3] is 1.2; it must be ...`."""

    path: str  # dotted path of the key, "" for the file as a whole
    message: str  # what was given, what is allowed, how to mend it; reads on from the path
    line: int | None = None  # counted from 1; None where the key is absent from the file
    setting: str | None = None  # `--set KEY=VALUE` where the value comes from the command line

    def describe(self, file: str) -> str:
        """The fault as one line."""
        where = self.setting or (f"{file}:{self.line}" if self.line else file)
        return f"{where}: {self.path} {self.message}" if self.path else f"{where}: {self.message}"


class SpecError(SweepError):
    """All faults of one spec at once, in the order of their lines."""

    def __init__(self, file: str, faults: Sequence[Fault]) -> None:
        self.file = file
        self.faults = tuple(sorted(faults, key=lambda fault: fault.line or 0))
        super().__init__("\n".join(fault.describe(file) for fault in self.faults))


class TableError(SpecError):
    """All faults of one file of measurements at once, in the order of their lines."""


class SourceError(SweepError):
    """What a command is to read or to show is not said, or said in ways that contradict each other."""


class SweepNotFoundError(SweepError):
    """No sweep of that name in the storage."""


class NameInUseError(SweepError):
    """A sweep of that name exists already, or is running."""


class StorageError(SweepError):
    """The storage cannot be read or written."""


class ClusterError(SweepError):
    """No trial could ever run: no Ray answers, or it lacks what a trial needs."""


class NotifyError(SweepError):
    """Nobody could be told of anything: the webhook that the spec names is not known here."""


class LedgerError(SweepError):
    """The ledger is damaged elsewhere than in its last line, or was written by a newer version."""


class ChangedError(SweepError):
    """What a sweep trains on or measures by is not what it was when it began."""
