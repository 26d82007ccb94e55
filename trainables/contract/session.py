"""The only thing a training function knows of whoever runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from trainables.contract.report import Progress, Report

CHECKPOINT_NAME = "checkpoint.pt"
"""Of a trial's only checkpoint, in its folder."""


class Session(Protocol):
    """A Ray trial on a cluster, a list in a test, a print in a debugger.

    A trial keeps exactly one checkpoint file, `folder / CHECKPOINT_NAME`, replaced atomically, and hands it
    to `keep` whenever it was written. All may raise to end the trial; a training function lets that pass.
    """

    folder: Path
    """The trial's own folder on this machine; exists."""

    def restore(self) -> Path | None:
        """The checkpoint to go on from; None on a first start."""
        ...

    def keep(self, checkpoint: Path) -> None:
        """From now on the trial goes on from this checkpoint, on any machine; the file here may go."""
        ...

    def report(self, report: Report, checkpoint: Path) -> None:
        """A validation; `checkpoint`, which was kept, holds the state right after it.

        After a restore the report that the checkpoint holds is reported again: its first sending may not
        have arrived. The receiver drops what it knows.
        """
        ...

    def progress(self, progress: Progress) -> None:
        """A sign of life, at every `training.log_interval` iterations."""
        ...
