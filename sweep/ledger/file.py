"""The ledger of a sweep on disk: append-only JSON lines that survive a torn last line."""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sweep.errors import LedgerError, StorageError
from sweep.ledger.events import Event, TrialProgressed
from sweep.ledger.lines import DamagedLineError, NewerLineError, TornLineError, decode, encode
from trainables.atomic import sync


class Ledger:
    """Appends events to a file and reads them back. One process writes at a time; any number may read.

    Appending is safe from several threads. A file that does not exist is an empty ledger.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._known_whole = False  # the end of the file was looked at and holds no torn line
        self._waits = False  # for the disk, until the block of `together` ends
        self._is_behind = False  # the disk, because of that

    def append(self, event: Event) -> Event:
        """Write the event down and return it as it will be read again, its time set if it was 0.

        It is on disk when this returns, or when the block of `together` ends; save for TrialProgressed, which
        comes often and may be lost with the power. Raises StorageError, and leaves the file as it was, if the
        file cannot be written.
        """
        line = encode(event if event.time else replace(event, time=time.time()))
        recorded = decode(line)  # so that a running sweep works with the very values that a resume would read
        with self._lock, self._storage_errors("write"):
            is_kept = not isinstance(event, TrialProgressed)
            self._is_behind = self._is_behind or (is_kept and self._waits)
            self._write(line, durable=is_kept and not self._waits)
        return recorded

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Events appended meanwhile, by any thread, reach the disk at the end: one wait for all of them.

        Raises StorageError if they cannot.
        """
        self._waits = True
        try:
            yield
        finally:
            self._waits = False
            with self._lock, self._storage_errors("write"):
                if self._is_behind:
                    sync(self.path)
                    self._is_behind = False

    def read(self) -> Iterator[Event]:
        """All events, oldest first, without a torn last line. Raises LedgerError, StorageError."""
        yield from self.read_from(0)[0]

    def read_from(self, offset: int) -> tuple[list[Event], int]:
        """The events from a byte offset on, and the offset to go on from; 0 is the start.

        A line that is still being written, or was torn, is left for the next call. Raises LedgerError,
        StorageError.
        """
        with self._storage_errors("read"):
            content = self._content_from(offset)
        events: list[Event] = []
        with _no_garbage():
            for line in content[: _whole_length(content)].split(b"\n")[:-1]:
                events.append(self._decode(line, offset))
                offset += len(line) + 1
        return events, offset

    def _content_from(self, offset: int) -> bytes:
        try:
            with self.path.open("rb") as file:
                file.seek(offset)
                return file.read()
        except FileNotFoundError:
            return b""

    def _write(self, line: bytes, *, durable: bool) -> None:
        is_new = not self.path.exists()
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            if not self._known_whole:
                os.ftruncate(file, _whole_length(self.path.read_bytes()))
            self._known_whole = False
            _append_or_undo(file, line, durable=durable)
            self._known_whole = True
        finally:
            os.close(file)
        if is_new:
            sync(self.path.parent)  # so that the name of the new file survives a power cut

    def _decode(self, line: bytes, offset: int) -> Event:
        try:
            return decode(line)
        except NewerLineError as error:
            raise LedgerError(
                f"{self._place(offset)}: {error}. This sweep was written by a newer version of segsweep; "
                "update segsweep to read it."
            ) from None
        except DamagedLineError as error:
            raise LedgerError(
                f"{self._place(offset)}: the line is damaged: {error}. Put it back from a copy of the file, "
                "or delete the line to go on without what it recorded."
            ) from None

    def _place(self, offset: int) -> str:
        with self._storage_errors("read"), self.path.open("rb") as file:
            line_number = file.read(offset).count(b"\n") + 1
        return f"{self.path}:{line_number}"

    @contextlib.contextmanager
    def _storage_errors(self, action: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            hint = " Free some space, then resume the sweep." if error.errno == errno.ENOSPC else ""
            raise StorageError(f"{self.path}: cannot {action} the ledger: {error.strerror}.{hint}") from error


@contextlib.contextmanager
def _no_garbage() -> Iterator[None]:
    """Events hold no circles; to look for some in hundreds of thousands takes a third of the reading."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _whole_length(content: bytes) -> int:
    """Bytes up to the end of the last whole line.

    A last line without its newline is torn, and so is one that is no JSON at all: after a power cut the end
    of a line can be on disk and its beginning not.
    """
    end = content.rfind(b"\n") + 1
    start = content.rfind(b"\n", 0, max(end - 1, 0)) + 1
    try:
        decode(content[start:end])
    except TornLineError:
        return start
    except (DamagedLineError, NewerLineError):
        pass  # whole, but wrong: reading it says so
    return end


def _append_or_undo(file: int, line: bytes, *, durable: bool) -> None:
    """Append the line in one write. Raises OSError with the file as long as it was before."""
    length_before = os.fstat(file).st_size
    try:
        if os.write(file, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if durable:
            os.fsync(file)
    except OSError:
        with contextlib.suppress(OSError):  # the next append cuts off what could not be cut off here
            os.ftruncate(file, length_before)
        raise
