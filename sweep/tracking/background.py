"""Feeds MLflow from the ledger beside a running sweep. A slow, locked or dead store holds nothing up."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sweep.ledger import Ledger
from sweep.ledger.events import Event
from sweep.ledger.state import SweepState, replay
from sweep.storage import SweepFolder
from sweep.tracking.target import TrackingTarget

if TYPE_CHECKING:
    from sweep.tracking.writer import LedgerWriter

_log = logging.getLogger("mlflow.segsweep")

_SECONDS_BETWEEN_WRITES = 2.0
_LONGEST_WAIT = 60.0
_LONGEST_START = 30.0
_NICE = 10


class BackgroundTracker:
    """A thread that writes what the ledger gains, once the first trial trains. What it misses, `sweep sync`
    writes later."""

    def __init__(self, folder: SweepFolder, ledger: Ledger, target: TrackingTarget) -> None:
        self._folder = folder
        self._ledger = ledger
        self._target = target
        self._finishing = threading.Event()
        self._done = threading.Event()
        self._given_up = threading.Event()
        self._fault: str | None = None
        self._thread = threading.Thread(target=self._run, name="mlflow", daemon=True)

    def start(self) -> None:
        """Begins to write, from the beginning of the ledger."""
        self._thread.start()

    def finish(self, patience: float = 60.0) -> str | None:
        """Waits until the whole ledger and the report are written.

        Returns:
            None if they are; else why not, in words. The thread then gives up.
        """
        self._finishing.set()
        if self._done.wait(patience):
            return None
        self._given_up.set()
        return self._fault or f"the store did not answer within {patience:.0f} s"

    def _run(self) -> None:
        _give_way()
        writer: LedgerWriter | None = None
        state: SweepState | None = None
        waiting: list[Event] = []
        offset = 0
        wait = _SECONDS_BETWEEN_WRITES
        latest = time.monotonic() + _LONGEST_START
        while True:
            finishing = self._finishing.wait(wait)
            try:
                events, offset = self._ledger.read_from(offset)
                waiting += events
                state = _grown(state, events)
                if writer is None and not finishing and time.monotonic() < latest and not _trains(state):
                    continue
                if writer is None:
                    from sweep.tracking.writer import LedgerWriter  # MLflow takes seconds to import

                    writer = LedgerWriter(self._ledger, self._target)
                writer.write(state, waiting)
                if finishing:
                    writer.write_report(state, self._folder)
            except Exception as error:
                self._fault = self._target.reason_of(error)
                _log.warning("MLflow is behind: %s", self._fault)
                wait = min(wait * 2, _LONGEST_WAIT)
                if self._given_up.is_set():
                    return
                if finishing:
                    time.sleep(1.0)
                continue
            waiting, wait, self._fault = [], _SECONDS_BETWEEN_WRITES, None
            if finishing:
                self._done.set()
                return


def _give_way() -> None:
    """Trials on this machine come first, where the kernel knows of single threads."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


def _trains(state: SweepState) -> bool:
    """Whether a first trial is at work: until then MLflow, seconds of CPU, would only keep it waiting."""
    return any(trial.reports or trial.progress or trial.imported for trial in state.trials.values())


def _grown(state: SweepState | None, events: Sequence[Event]) -> SweepState:
    if state is None:
        return replay(events)
    for event in events:
        state.apply(event)
    return state
