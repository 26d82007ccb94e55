"""How long each step took, and what was seen: the table of docs/cluster.md."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Step:
    """A row of the table."""

    what: str
    seen: list[str] = field(default_factory=list)
    seconds: float | None = None
    """None while it runs, and for ever if it failed."""

    def saw(self, sentence: str) -> None:
        """What there was to see, for the last column."""
        self.seen.append(sentence)


@dataclass
class Timetable:
    """The steps so far."""

    steps: list[Step] = field(default_factory=list)

    @contextmanager
    def step(self, what: str) -> Iterator[Step]:
        """Times the block, as another row."""
        begun = Step(what)
        self.steps.append(begun)
        start = time.monotonic()
        yield begun
        begun.seconds = time.monotonic() - start

    def __str__(self) -> str:
        rows = [f"| {step.what} | {_shown(step.seconds)} | {'; '.join(step.seen)} |" for step in self.steps]
        return "\n".join(["| step | seconds | seen |", "|---|---|---|", *rows])


def _shown(seconds: float | None) -> str:
    return "did not end" if seconds is None else f"{seconds:.1f}"
