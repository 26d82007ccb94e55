"""Looks at Ray Tune once a second for trials that cannot start."""

from __future__ import annotations

import time
from typing import Any

from ray.tune import Callback
from ray.tune.experiment import Trial

from sweep.engine.cluster import room
from sweep.engine.driver import Driver
from sweep.engine.ray_queue import Turn
from sweep.engine.waiting import LongWait

_SECONDS_BETWEEN_LOOKS = 1.0


class WaitingCallback(Callback):
    """Tells the driver what a cluster lacks when trials wait for long."""

    def __init__(self, driver: Driver, turn: Turn | None = None) -> None:
        """`turn`: is told whether the cluster has what a trial needs; None: there are no other sweeps."""
        self._driver = driver
        self._turn = turn
        self._wait = LongWait(driver.spec.resources, room, driver.folder.argument)
        self._next_look = 0.0

    def on_step_begin(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        """Called by Ray several times a second. Only Ray knows which processes run: a ledger has no line of
        one that was lost with its node."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + _SECONDS_BETWEEN_LOOKS
        statuses = {trial.status for trial in trials}
        news = self._wait.news(waits=Trial.PENDING in statuses and Trial.RUNNING not in statuses, now=now)
        if news is not None:
            self._driver.say(news)
        if self._turn is not None:
            self._turn.is_stuck = self._wait.is_hopeless
