"""Where the time of a trial goes, by the clock of its training thread."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, TypeVar

from trainables.contract import TimeSpent

Item = TypeVar("Item")
Kind = Literal["data", "validation", "checkpointing"]


class Stopwatch:
    """Seconds over all attempts, of earlier ones as far as their checkpoints know. What is nothing else is
    training."""

    def __init__(self) -> None:
        self._before = 0.0
        self._began = time.monotonic()
        self._spent: dict[Kind, float] = {"data": 0.0, "validation": 0.0, "checkpointing": 0.0}

    @property
    def seconds(self) -> float:
        """Until now."""
        return self._before + time.monotonic() - self._began

    def spent(self, seconds: float) -> TimeSpent:
        """On what the first so many seconds went."""
        return TimeSpent(training=seconds - sum(self._spent.values()), **self._spent)

    @contextmanager
    def on(self, kind: Kind) -> Iterator[None]:
        """Counts what is done meanwhile."""
        begun = time.monotonic()
        try:
            yield
        finally:
            self._spent[kind] += time.monotonic() - begun

    def waiting_for(self, batches: Iterable[Item]) -> Iterator[Item]:
        """The batches; counts how long each is waited for."""
        remaining = iter(batches)
        while True:
            begun = time.monotonic()
            try:
                batch = next(remaining)
            except StopIteration:
                return
            finally:
                self._spent["data"] += time.monotonic() - begun
            yield batch

    def state_dict(self) -> dict[str, float]:
        """Of now, as plain numbers."""
        return {"seconds": self.seconds} | {str(kind): spent for kind, spent in self._spent.items()}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Goes on from a state; what this attempt took so far comes on top."""
        self._before += state["seconds"]
        for kind in self._spent:
            self._spent[kind] += state[kind]
