"""Workers, trials and a decider: what would have happened, event by event. Knows nothing of ledgers or rules.

One thing happens at a time. Of reports at the same moment that trial's comes first which a worker took first,
and a worker that becomes free takes its next trial before the next report. New trials come before paused
ones, as on Ray.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sweep.ledger.events import Decision


class Decider(Protocol):
    """Says what becomes of trials: a rule of ours, or anybody else's."""

    def on_start(self, trial_id: str) -> None:
        """A worker took the trial: a new one, or one that was paused."""
        ...

    def on_report(self, trial_id: str, number: int, value: float) -> Decision:
        """What becomes of the trial that has been validated at the rung of this index, from 0.

        At the last rung it is over whatever is answered.
        """
        ...

    def on_room(self) -> str | None:
        """The paused trial that goes on; None: none yet. Asked while a worker is free and no new trial waits.

        None while nothing runs ends the sweep; while something runs it is asked again after every report.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A simulated sweep."""

    reached: Mapping[str, int]
    """By trial id, how many rungs it was trained to; in the order of arrival."""
    finished: tuple[str, ...]
    """Trained to the last rung; in the order in which they got there, as below."""
    stopped: tuple[str, ...]
    paused: tuple[str, ...]
    """And never promoted, so that they ended there."""
    iterations: int
    """Trained by all trials together."""
    seconds: float
    """On the clock, from the first start to the last report."""


def run(
    curves: Mapping[str, Sequence[float]],
    order: Sequence[str],
    workers: int,
    rungs: Sequence[int],
    decider: Decider,
    seconds_per_iteration: Mapping[str, float] | float = 1.0,
) -> Outcome:
    """Runs the trials of `order`, as workers become free, through the decider.

    Args:
        curves: by trial id, the value at every rung.
        order: the trials, as they arrive; all of them have curves.
        workers: trials at once, at least 1.
        rungs: iterations, rising; the last is the end of a training.
        decider: is told and asked as things happen.
        seconds_per_iteration: of every trial, or by trial id.
    """
    assert workers >= 1, f"{workers} workers"
    assert all(len(curves[trial_id]) == len(rungs) for trial_id in order), "a value at every rung is needed"
    floor = _Floor(curves, order, rungs, decider, seconds_per_iteration)
    floor.fill(workers)
    while floor.running:
        floor.report()
        floor.fill(workers)
    return floor.outcome()


class _Floor:
    """What runs, waits, and has ended."""

    def __init__(
        self,
        curves: Mapping[str, Sequence[float]],
        order: Sequence[str],
        rungs: Sequence[int],
        decider: Decider,
        seconds_per_iteration: Mapping[str, float] | float,
    ) -> None:
        self.running: list[tuple[float, int, str]] = []
        """A heap: when the trial reports next, the how-manieth start it was, its id."""
        self._curves = curves
        self._rungs = rungs
        self._steps = [after - before for before, after in zip([0, *rungs], rungs, strict=False)]
        self._decider = decider
        self._pace = seconds_per_iteration
        self._new = iter(order)
        self._clock = 0.0
        self._starts = 0
        self._reached: dict[str, int] = {}
        self._ended: dict[str, list[str]] = {"finish": [], "stop": []}
        self._paused: dict[str, None] = {}

    def fill(self, workers: int) -> None:
        """Gives every free worker a trial, as far as there are any."""
        while len(self.running) < workers and (trial_id := self._next()) is not None:
            self._reached.setdefault(trial_id, 0)
            self._decider.on_start(trial_id)
            self._starts += 1
            self._train(trial_id, self._starts)

    def report(self) -> None:
        """The next report, and what becomes of its trial."""
        self._clock, start, trial_id = heapq.heappop(self.running)
        number = self._reached[trial_id]
        self._reached[trial_id] += 1
        decision = self._decider.on_report(trial_id, number, self._curves[trial_id][number])
        if number + 1 == len(self._rungs):
            self._ended["finish"].append(trial_id)
        elif decision == "continue":
            self._train(trial_id, start)
        elif decision == "pause":
            self._paused[trial_id] = None
        else:
            self._ended["stop"].append(trial_id)

    def outcome(self) -> Outcome:
        """When all is over."""
        return Outcome(
            reached=self._reached,
            finished=tuple(self._ended["finish"]),
            stopped=tuple(self._ended["stop"]),
            paused=tuple(self._paused),
            iterations=sum(self._rungs[count - 1] for count in self._reached.values()),
            seconds=self._clock,
        )

    def _next(self) -> str | None:
        trial_id = next(self._new, None)
        if trial_id is None and self._paused:
            trial_id = self._decider.on_room()
            if trial_id is not None:
                assert trial_id in self._paused, f"{trial_id} is promoted, but not paused"
                del self._paused[trial_id]
        return trial_id

    def _train(self, trial_id: str, start: int) -> None:
        pace = self._pace if isinstance(self._pace, float | int) else self._pace[trial_id]
        seconds = pace * self._steps[self._reached[trial_id]]
        heapq.heappush(self.running, (self._clock + seconds, start, trial_id))
