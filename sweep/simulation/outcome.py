"""What came out of a sweep, out of its ledger: for sweeps that something else than the loop has run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sweep.ledger.events import (
    Event,
    TrialEnded,
    TrialJudged,
    TrialPromoted,
    TrialReported,
    TrialStarted,
)
from sweep.simulation.loop import Outcome


def outcome_of(
    events: Iterable[Event],
    workers: int,
    rungs: Sequence[int],
    seconds_per_iteration: Mapping[str, float] | float = 1.0,
) -> Outcome:
    """The outcome of a sweep that has ended, and whose trials were validated at rungs alone.

    `seconds` are those that its trainings would have taken: a trial is taken by whoever is free first, a
    promoted one not before it was promoted. With one worker that is what `run` says; with several a ledger
    does not tell who waited for whom, so it is so only about.

    Args:
        events: of the ledger.
        workers: trials at once, at least 1.
        rungs: iterations, rising.
        seconds_per_iteration: of every trial, or by trial id.
    """
    tally = _Tally(workers, rungs, seconds_per_iteration)
    for event in events:
        tally.take(event)
    return tally.outcome()


class _Tally:
    """Who came how far, and when."""

    def __init__(
        self, workers: int, rungs: Sequence[int], seconds_per_iteration: Mapping[str, float] | float
    ) -> None:
        self._rungs = rungs
        self._pace = seconds_per_iteration
        self._free = [0.0] * workers
        """When each free worker got free."""
        self._running: set[str] = set()
        self._clock = 0.0
        """Of the last report."""
        self._own: dict[str, float] = {}
        """The clock of each trial, by trial id."""
        self._reached: dict[str, int] = {}
        self._ended: dict[str, list[str]] = {"finished": [], "stopped": [], "failed": []}
        self._paused: dict[str, None] = {}

    def take(self, event: Event) -> None:
        """The next one."""
        match event:
            case TrialStarted() if event.trial_id not in self._running:  # else it was retried
                self._running.add(event.trial_id)
                self._reached.setdefault(event.trial_id, 0)
                self._own[event.trial_id] = max(self._next_free(), self._own.get(event.trial_id, 0.0))
            case TrialReported():
                self._report(event.trial_id)
            case TrialJudged() if event.decision == "pause":
                self._paused[event.trial_id] = None
                self._leave(event.trial_id)
            case TrialPromoted():
                del self._paused[event.trial_id]
                self._own[event.trial_id] = self._clock
            case TrialEnded() if event.trial_id not in self._paused:
                self._ended[event.outcome].append(event.trial_id)
                self._leave(event.trial_id)

    def outcome(self) -> Outcome:
        """After the last event."""
        return Outcome(
            reached=self._reached,
            finished=tuple(self._ended["finished"]),
            stopped=tuple(self._ended["stopped"]),
            paused=tuple(self._paused),
            iterations=sum(self._rungs[count - 1] for count in self._reached.values() if count),
            seconds=max(self._own.values(), default=0.0),
        )

    def _next_free(self) -> float:
        self._free.sort()
        return self._free.pop(0)

    def _leave(self, trial_id: str) -> None:
        self._running.remove(trial_id)
        self._free.append(self._own[trial_id])

    def _report(self, trial_id: str) -> None:
        number = self._reached[trial_id]
        step = self._rungs[number] - (self._rungs[number - 1] if number else 0)
        pace = self._pace if isinstance(self._pace, float | int) else self._pace[trial_id]
        self._own[trial_id] += pace * step
        self._clock = max(self._clock, self._own[trial_id])
        self._reached[trial_id] += 1
