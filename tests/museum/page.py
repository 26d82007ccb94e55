"""docs/museum.md: the docstrings of the exhibits, room by room."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from types import ModuleType

from tests.museum import test_comparing, test_data, test_ratios, test_records, test_results, test_stopping
from tests.museum.exhibit import PARTS, exhibits_of

ROOMS: Sequence[ModuleType] = (
    test_ratios, test_comparing, test_stopping, test_records, test_data, test_results
)  # fmt: skip
_OPENING = """# Museum of failures

Every failure below happened to somebody, and hardly one raised an error: each gave a number, and the number
was believed. Each exhibit is a test that makes the trap again and then shows what segsweep does about it: it
refuses, repairs or reports. This page is made of those tests (`python -m tests.museum`), and the name under
each exhibit is where the proof stands.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_OPENING, *(line for room in ROOMS for line in _room(room))])


def _room(room: ModuleType) -> Iterator[str]:
    title, _, told = (inspect.getdoc(room) or "").partition("\n\n")
    yield f"## {title.rstrip('.')}\n"
    yield " ".join(told.split()) + "\n"
    for one in exhibits_of(room):
        yield f"### {one.title}\n"
        for part, text in zip(PARTS, one.paragraphs, strict=True):
            yield f"**{part}.** {text}\n"
        yield f"<sub>[tests/museum/{one.test}](../tests/museum/{one.test.partition('::')[0]})</sub>\n"
