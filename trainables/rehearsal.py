"""One training by a trainable of one's own, watched: `python -m trainables.rehearsal TASK`.

Every call of the session becomes a line of JSON in the file that the task names. `sweep check-trainable`
runs it.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from pydantic import Field, PositiveInt

from trainables.contract import Progress, Report, TrialConfig
from trainables.contract.section import Section
from trainables.local import FolderSession
from trainables.own import load_trainable


class Task(Section):
    """What is to be done."""

    trainable: str
    """`package.module:function`."""
    code: tuple[Path, ...] = ()
    """As `load_trainable` has it."""
    config: TrialConfig
    folder: Path
    """Of the trial. A checkpoint in it is gone on from."""
    events: Path
    """The file that is written to."""
    stop_at_report: PositiveInt | None = Field(default=None)
    """The number of the report at which the session raises, as it does when a trial is stopped."""


class StoppedError(Exception):
    """The trial is over; a training function lets it pass."""


class WatchedSession(FolderSession):
    """Tells every call, and raises where the trial is to be stopped."""

    def __init__(self, folder: Path, events: TextIO, stop_at_report: int | None) -> None:
        super().__init__(folder)
        self.stopped_at: float | None = None
        self._events = events
        self._stop_at_report = stop_at_report

    def keep(self, checkpoint: Path) -> None:
        """Tells which file."""
        self.tell("keep", checkpoint=str(checkpoint), is_file=checkpoint.is_file())
        super().keep(checkpoint)

    def report(self, report: Report, checkpoint: Path) -> None:
        """Tells it, and whether the checkpoint was kept."""
        super().report(report, checkpoint)
        self.tell("report", report=asdict(report), checkpoint=str(checkpoint), is_file=checkpoint.is_file())
        if len(self.reports) == self._stop_at_report:
            self.stopped_at = time.monotonic()
            raise StoppedError("the trial is stopped")

    def progress(self, progress: Progress) -> None:
        """Tells it."""
        super().progress(progress)
        self.tell("progress", iteration=progress.iteration)

    def tell(self, kind: str, **fields: Any) -> None:
        """A line."""
        self._events.write(json.dumps({"kind": kind, **fields}) + "\n")
        self._events.flush()


def rehearse(task: Task) -> None:
    """Runs the training to its end, or to where it is stopped, and tells how it ended and what it left."""
    with task.events.open("a") as events:
        session = WatchedSession(task.folder, events, task.stop_at_report)
        error = ""
        try:
            load_trainable(task.trainable, task.code)(task.config, session)
            how = "returned"
        except StoppedError:
            how = "stopped"
        except Exception as raised:
            how, error = "raised", f"{type(raised).__name__}: {raised}"
            traceback.print_exc()
        after = 0.0 if session.stopped_at is None else time.monotonic() - session.stopped_at
        session.tell("end", how=how, error=error, seconds_after_stop=after, left=_left_behind())


def _left_behind() -> list[str]:
    """Threads that would keep the process alive, and child processes (Linux)."""
    threads = [
        f"thread {one.name}"
        for one in threading.enumerate()
        if one is not threading.main_thread() and not one.daemon
    ]
    children = Path(f"/proc/self/task/{threading.get_native_id()}/children")
    return threads + [f"process {pid}" for pid in (children.read_text().split() if children.exists() else [])]


if __name__ == "__main__":
    rehearse(Task.model_validate_json(Path(sys.argv[1]).read_text()))
