"""How much a sweep may cost, and whether it has."""

from __future__ import annotations

import time
from collections.abc import Iterable

from sweep.ledger.events import (
    DriverEnded,
    DriverQueued,
    DriverStarted,
    Event,
    RunsImported,
    RunTracked,
    TrialEnded,
)
from sweep.ledger.state import SweepState
from sweep.spec import Spec


class Budget:
    """`budget` of the spec, over all drivers that the sweep ever had."""

    def __init__(self, spec: Spec, history: Iterable[Event]) -> None:
        self.limits = spec.budget
        self.gpus_per_trial = spec.resources.gpus_per_trial
        self._hours_before = _driver_seconds(history) / 3600
        self._start = time.time()
        self._paused_at: float | None = None

    def pause(self, now: float) -> None:
        """The sweep waits for others: that costs it nothing. Again while it waits: changes nothing."""
        self._paused_at = now if self._paused_at is None else self._paused_at

    def go_on(self, now: float) -> None:
        """The wait is over, if there was one."""
        if self._paused_at is not None:
            self._start += now - self._paused_at
            self._paused_at = None

    def spent(self, state: SweepState, now: float) -> str | None:
        """Which limit is reached, in words; None while there is some left."""
        at_work = (now if self._paused_at is None else self._paused_at) - self._start
        hours = self._hours_before + max(0.0, at_work) / 3600
        if self.limits.hours is not None and hours >= self.limits.hours:
            return f"the budget of {self.limits.hours:g} hours is spent"
        gpu_hours = sum(trial.seconds for trial in state.own_trials.values()) * self.gpus_per_trial / 3600
        if self.limits.gpu_hours is not None and gpu_hours >= self.limits.gpu_hours:
            return f"the budget of {self.limits.gpu_hours:g} GPU-hours is spent"
        return None

    def refuses_start(self, state: SweepState, now: float) -> str | None:
        """Why no further trial may start; None if one may."""
        started = sum(trial.was_tried for trial in state.trials.values())
        if self.limits.trials is not None and started >= self.limits.trials:
            return f"the budget of {self.limits.trials} trials is spent"
        return self.spent(state, now)


def _driver_seconds(history: Iterable[Event]) -> float:
    """Time for which a driver was at work; of one that was killed, up to its last event."""
    seconds, last = 0.0, None
    for event in history:
        if isinstance(event, RunTracked | TrialEnded):
            continue  # `sweep sync` and `sweep stop` write these too, long after the driver
        if last is not None and not isinstance(event, DriverStarted | RunsImported):  # nobody was at work
            seconds += max(0.0, event.time - last)  # a clock that was put back takes nothing away
        last = None if isinstance(event, DriverEnded | DriverQueued) else event.time
    return seconds
