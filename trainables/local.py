"""A session without a sweep: to debug one trial, and for tests."""

from __future__ import annotations

from pathlib import Path

from trainables.contract import CHECKPOINT_NAME, Progress, Report


class FolderSession:
    """`trainables.contract.Session` that keeps everything in lists and goes on from its folder.

    Args:
        folder: of the trial; made if missing. A checkpoint in it is gone on from.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.reports: list[Report] = []
        """In the order of their arrival; the first one after a restore is that of the checkpoint."""
        self.progresses: list[Progress] = []

    def restore(self) -> Path | None:
        """The checkpoint of the folder, if there is one."""
        path = self.folder / CHECKPOINT_NAME
        return path if path.exists() else None

    def keep(self, checkpoint: Path) -> None:
        """Nothing: it lies in the folder."""

    def report(self, report: Report, checkpoint: Path) -> None:
        """Keeps the report."""
        self.reports.append(report)

    def progress(self, progress: Progress) -> None:
        """Keeps the progress."""
        self.progresses.append(progress)
