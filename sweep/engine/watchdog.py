"""Ends a process that hangs, wherever it hangs."""

from __future__ import annotations

import faulthandler
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STACKS = "stall.txt"
"""File in the trial's folder that says where every thread of the process stood when it was ended."""


class Watchdog:
    """Ends this process with `STACKS` left behind if nothing is heard of it for too long.

    Python's faulthandler does it, in a thread that needs no interpreter lock: also a process that waits for a
    dead disk, or for a kernel of a GPU that never returns, is ended.
    """

    def __init__(self, folder: Path, seconds: float | None) -> None:
        """`seconds`: of silence; None: for ever."""
        self._seconds = seconds
        self._file = (folder / STACKS).open("a") if seconds is not None else None
        self._before = self._file.tell() if self._file is not None else 0

    def watch(self) -> None:
        """Counts from now."""
        if self._seconds is not None and self._file is not None:
            faulthandler.dump_traceback_later(self._seconds, exit=True, file=self._file)

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Does not count while the process waits for somebody else; then from the beginning."""
        faulthandler.cancel_dump_traceback_later()
        try:
            yield
        finally:
            self.watch()

    def end(self) -> None:
        """Counts no more; of the file what an attempt before this one left is kept."""
        faulthandler.cancel_dump_traceback_later()
        if self._file is not None:
            self._file.close()
            if not self._before:
                Path(self._file.name).unlink(missing_ok=True)
