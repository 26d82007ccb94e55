"""A ledger in an object store is whole, or it is said what is wrong."""

from __future__ import annotations

import pytest

from sweep.errors import StorageError
from sweep.storage.segments import Segment, chain, length
from sweep.storage.store import StoredObject


def objects(*segments: Segment) -> list[StoredObject]:
    return [StoredObject(one.name, one.end - one.start, 0) for one in reversed(segments)]


def test_segments_of_several_drivers_follow_each_other() -> None:
    whole = [Segment(0, 70, "aaaa"), Segment(70, 100, "aaaa"), Segment(100, 2_000_000_000, "bbbb")]
    found = chain([*objects(*whole), StoredObject("notes.txt", 5, 0)], "s3://b/one")
    assert found == whole
    assert length(found) == 2_000_000_000
    assert chain([], "") == [] and length([]) == 0


@pytest.mark.parametrize(
    "forked",
    [
        [Segment(0, 70, "aaaa"), Segment(70, 90, "aaaa"), Segment(70, 95, "bbbb")],
        [Segment(0, 70, "aaaa"), Segment(0, 70, "bbbb")],
        [Segment(0, 80, "aaaa"), Segment(70, 95, "bbbb")],  # the first went on after the second took over
    ],
)
def test_two_drivers_at_once_are_never_merged(forked: list[Segment]) -> None:
    with pytest.raises(
        StorageError, match=r"s3://b/one: two drivers wrote the ledger at once: .*aaaa.* overlap"
    ):
        chain(objects(*forked), "s3://b/one")


def test_missing_part_is_told() -> None:
    with pytest.raises(StorageError, match="nothing holds its bytes 70 to 90"):
        chain(objects(Segment(0, 70, "aaaa"), Segment(90, 95, "aaaa")), "s3://b/one")
