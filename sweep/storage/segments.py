"""The ledger in an object store: segments of whole lines that follow each other without gaps.

A segment is named for the byte of the ledger at which it begins and for the driver that wrote it. The names
and sizes alone thus say whether a ledger is whole, and whether two drivers wrote it at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sweep.errors import StorageError
from sweep.storage.store import StoredObject

FOLDER = "ledger"
_NAME = re.compile(r"(\d{15})-([0-9a-f]+)\.jsonl")


@dataclass(frozen=True)
class Segment:
    """Bytes `start` to `end` of a ledger."""

    start: int
    end: int
    driver: str
    """Nonce of the driver that wrote it."""

    @property
    def name(self) -> str:
        """Of its object; sorts by `start`."""
        return f"{self.start:015d}-{self.driver}.jsonl"


def chain(objects: Iterable[StoredObject], where: str) -> list[Segment]:
    """The segments of a ledger in their order; `where` names it in errors.

    Raises:
        StorageError: they do not follow each other: two drivers wrote at once, or one is missing.
    """
    segments = [
        Segment(int(found[1]), int(found[1]) + one.size, found[2])
        for one in objects
        if (found := _NAME.fullmatch(one.name))
    ]
    segments.sort(key=lambda segment: (segment.start, segment.end))
    end, before = 0, None
    for segment in segments:
        if segment.start < end and before is not None:
            raise StorageError(
                f"{where}: two drivers wrote the ledger at once: {before.name} and {segment.name} overlap. "
                "Look at both, and delete the segments of one of them; they are text"
            )
        if segment.start > end:
            raise StorageError(
                f"{where}: a part of the ledger is missing: nothing holds its bytes {end} to "
                f"{segment.start}. Put the segment back from a copy of the store"
            )
        end, before = segment.end, segment
    return segments


def length(segments: Sequence[Segment]) -> int:
    """Bytes of the ledger that a chain holds."""
    return segments[-1].end if segments else 0
