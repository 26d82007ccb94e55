"""Brings the working copy of a ledger up to what an object store holds of it."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sweep.storage.segments import FOLDER, Segment, chain, length
from sweep.storage.store import Store

_log = logging.getLogger("segsweep.storage")


@dataclass(frozen=True)
class WorkingCopy:
    """A ledger on this machine, and the file that says which of its bytes the store is known to hold."""

    ledger: Path

    def known(self) -> list[Segment]:
        """The chain of segments that the ledger begins with; empty if nothing is known."""
        try:
            return [Segment(*each) for each in json.loads(self._notes.read_bytes())]
        except (OSError, ValueError, TypeError):
            return []

    def note(self, segments: Sequence[Segment]) -> None:
        """Keeps in mind that the store holds these."""
        text = json.dumps([[one.start, one.end, one.driver] for one in segments])
        _write_whole(self._notes, text.encode())

    def whole_lines(self, start: int = 0) -> bytes:
        """The ledger from a byte on, without a last line that is still being written, or is torn."""
        try:
            with self.ledger.open("rb") as file:
                file.seek(start)
                content = file.read()
        except FileNotFoundError:
            return b""
        content = content[: content.rfind(b"\n") + 1]
        last = content.rfind(b"\n", 0, max(len(content) - 1, 0)) + 1
        return content if _is_json(content[last:]) else content[:last]

    def fetch(self, store: Store, name: str) -> list[Segment]:
        """Adds what the store has of the sweep and this copy has not; the chain of segments.

        Lines that only this copy has, since a driver on this machine was killed before it sent them, stay if
        nobody has gone on without them. Else they are set aside in a file beside the ledger.

        Raises:
            StorageError: the store cannot be read, or its segments are no whole ledger.
        """
        where = str(store.uri / name)
        segments = chain(store.objects(f"{name}/{FOLDER}"), where)
        known = self.known()
        if not _continues(known, segments):
            self._set_aside("the store holds another sweep of this name, or none any more")
            known = []
        had = length(known)
        fresh = b"".join(_bytes_from(had, one, store, name) for one in segments if one.end > had)
        own = self.whole_lines(had)
        if not (fresh.startswith(own) or own.startswith(fresh)):
            self._set_aside("another driver has gone on without the last lines of this copy")
            fresh, own = self._all(segments, store, name), b""
            had = 0
        if len(fresh) > len(own):
            _write_whole(self.ledger, self._first(had) + fresh)
        if segments != known:
            self.note(segments)
        return segments

    def _all(self, segments: Sequence[Segment], store: Store, name: str) -> bytes:
        return b"".join(_bytes_from(0, one, store, name) for one in segments)

    def _first(self, size: int) -> bytes:
        return self.ledger.read_bytes()[:size] if size else b""

    def _set_aside(self, why: str) -> None:
        self._notes.unlink(missing_ok=True)
        if self.ledger.exists():
            aside = self.ledger.with_name(f"ledger-{time.time_ns()}.jsonl")
            self.ledger.rename(aside)
            _log.warning("%s; the old copy of its ledger is kept in %s", why, aside)

    @property
    def _notes(self) -> Path:
        return self.ledger.with_name("segments.json")


def _continues(known: Sequence[Segment], now: Sequence[Segment]) -> bool:
    """Whether `now` is `known` with the last segment grown and others behind it, or nothing is known."""
    if len(known) > len(now):
        return False
    return all(
        (old.start, old.driver) == (new.start, new.driver) and new.end >= old.end
        for old, new in zip(known, now, strict=False)
    )


def _bytes_from(start: int, segment: Segment, store: Store, name: str) -> bytes:
    """The segment without what lies before `start`, cut to the size that was listed: it may have grown."""
    content = store.read(f"{name}/{FOLDER}/{segment.name}") or b""
    return content[: segment.end - segment.start][max(0, start - segment.start) :]


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _write_whole(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
