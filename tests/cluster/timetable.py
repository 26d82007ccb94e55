"""How long each step took, and what was seen: the table of docs/cluster.md."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

HEADING = "| step | seconds | seen |\n|---|---|---|"


@dataclass
class Step:
    """A row of the table."""

    what: str
    seen: list[str] = field(default_factory=list)
    seconds: float | None = None
    """None if it failed."""

    def row(self) -> str:
        """As a line of a Markdown table."""
        seconds = "did not end" if self.seconds is None else f"{self.seconds:.1f}"
        return f"| {self.what} | {seconds} | {'; '.join(self.seen)} |"

    def saw(self, sentence: str) -> None:
        """What there was to see, for the last column."""
        self.seen.append(sentence)


@contextmanager
def step(what: str) -> Iterator[Step]:
    """Times the block, and prints it as a row; whoever waits for minutes wants to see it go on."""
    begun = Step(what)
    start = time.monotonic()
    try:
        yield begun
        begun.seconds = time.monotonic() - start
    finally:
        print(begun.row(), flush=True)
