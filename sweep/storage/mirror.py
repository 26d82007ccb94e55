"""A thread that brings what a driver writes on this machine to the object store, and requests back."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from sweep.storage.folder import SweepFolder
from sweep.storage.lease import SECONDS_BETWEEN_RENEWALS, Lease, LeaseLostError
from sweep.storage.segments import FOLDER, Segment, length
from sweep.storage.store import Store
from sweep.storage.working_copy import WorkingCopy

_log = logging.getLogger("segsweep.storage")

_SECONDS_BETWEEN_LOOKS = 2.0
_SECONDS_BETWEEN_FILES = 20.0
_LONGEST_WAIT = 15.0  # shorter than the lease lives, so that a store that comes back finds it alive
_SEGMENT_IS_FULL = 64 * 2**10  # bytes; a smaller one is replaced by a longer one rather than followed


class Mirror:
    """Of one sweep, whose lease this process has. A store that is away holds nothing up."""

    def __init__(self, store: Store, folder: SweepFolder, lease: Lease, segments: list[Segment]) -> None:
        """`segments`: what the store has of the ledger."""
        self._store = store
        self._folder = folder
        self._lease = lease
        self._copy = WorkingCopy(folder.ledger)
        self._segments = segments
        self._sent: dict[Path, tuple[int, int]] = {}
        """Size and time of each file as it was last sent."""
        self._asked: set[str] = set()
        """Names of the stop requests that were passed on."""
        self._asking = threading.Lock()
        self._due: dict[Callable[[], None], float] = {}
        self._finishing = threading.Event()
        self._done = threading.Event()
        self._news: deque[str] = deque()
        self.fault: str | None = None
        """Why the store lags behind; None while it does not."""
        self.lost: str | None = None
        """Why nothing is written there any more; None while all is well."""
        self._thread = threading.Thread(target=self._run, name="mirror", daemon=True)

    def start(self) -> None:
        """Begins to mirror."""
        self._thread.start()

    def news(self) -> list[str]:
        """What the user should know and was not told yet."""
        return [self._news.popleft() for _ in range(len(self._news))]

    def finish(self, patience: float) -> str | None:
        """Waits until the store has everything; once it was waited for in vain, no more.

        Returns:
            None if it has; else why not, in words. What is missing stays in the working copy.
        """
        seconds = 0.0 if self._finishing.is_set() else patience
        self._finishing.set()
        if self._done.wait(seconds) and self.lost is None:
            return None
        return self.lost or self.fault or f"the store did not answer within {patience:.0f} s"

    def give_up(self) -> None:
        """Tries no more."""
        self._done.set()

    def withdraw_stop_request(self, trial_id: str | None) -> None:
        """The request is neither in the store nor here any more. Raises StorageError."""
        with self._asking:
            self._store.delete(f"{self._folder.name}/stop/{trial_id or 'sweep'}")
            self._asked.discard(trial_id or "sweep")
            self._folder.stop_request(trial_id).unlink(missing_ok=True)

    def _run(self) -> None:
        wait = _SECONDS_BETWEEN_LOOKS
        while not self._done.is_set():
            finishing = self._finishing.wait(wait)
            try:
                self._look(finishing=finishing)
            except LeaseLostError as error:
                self.lost = str(error)
                self._done.set()
            except Exception as error:  # whatever it is, the sweep goes on
                wait = min(2 * wait, _LONGEST_WAIT)
                self._say_that_it_is_away(error)
                if finishing:
                    time.sleep(1.0)
            else:
                wait = _SECONDS_BETWEEN_LOOKS
                self._say_that_it_is_back()
                if finishing:
                    self._done.set()

    def _look(self, *, finishing: bool) -> None:
        if not self._lease.is_trusted:
            self._due.clear()
        self._if_due(self._lease.renew, SECONDS_BETWEEN_RENEWALS)
        self._send_ledger()
        self._pass_on_stop_requests()
        if finishing:
            self._due.pop(self._send_files, None)
        self._if_due(self._send_files, _SECONDS_BETWEEN_FILES)

    def _if_due(self, action: Callable[[], None], period: float) -> None:
        if time.monotonic() >= self._due.get(action, 0.0):
            action()
            self._due[action] = time.monotonic() + period

    def _send_ledger(self) -> None:
        """Replaces this driver's last segment by a longer one, or adds one."""
        end = length(self._segments)
        last = self._segments[-1] if self._segments else None
        grows = (
            last is not None and last.driver == self._lease.nonce and last.end - last.start < _SEGMENT_IS_FULL
        )
        start = last.start if last is not None and grows else end
        content = self._copy.whole_lines(start)
        if start + len(content) <= end:
            return
        segment = Segment(start, start + len(content), self._lease.nonce)
        self._store.write(f"{self._folder.name}/{FOLDER}/{segment.name}", content)
        self._segments = [*(self._segments[:-1] if grows else self._segments), segment]
        self._copy.note(self._segments)

    def _send_files(self) -> None:
        """The log and the report, where they have changed."""
        report = sorted(self._folder.report.glob("[!.]*")) if self._folder.report.is_dir() else []
        for file in (self._folder.log, *report):
            if not file.exists():
                continue
            found = file.stat()
            version = (found.st_size, found.st_mtime_ns)
            if self._sent.get(file) != version:
                inside = file.relative_to(self._folder.ledger.parent).as_posix()
                self._store.write(f"{self._folder.name}/{inside}", file.read_bytes())
                self._sent[file] = version

    def _pass_on_stop_requests(self) -> None:
        with self._asking:
            for one in self._store.objects(f"{self._folder.name}/stop"):
                if one.name not in self._asked:
                    request = self._folder.stop_request(one.name)
                    request.parent.mkdir(parents=True, exist_ok=True)
                    request.touch()
                    self._asked.add(one.name)

    def _say_that_it_is_away(self, error: Exception) -> None:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        if reason != self.fault:
            _log.warning("the storage is behind: %s", reason)
        if self.fault is None:
            self._news.append(f"{reason}. The sweep goes on; what is missing there is sent later")
        self.fault = reason

    def _say_that_it_is_back(self) -> None:
        if self.fault is not None:
            self._news.append("the storage answers again and has everything")
        self.fault = None
