"""Looks at the sweep's storage while Ray runs trials: what it has to say, and whether it holds too much."""

from __future__ import annotations

import time
from typing import Any

from ray.tune import Callback
from ray.tune.experiment import Trial

from sweep.engine.driver import Driver
from sweep.engine.retention import Retention

_SECONDS_BETWEEN_LOOKS = 1.0
_SECONDS_BETWEEN_SIZES = 15.0


class StorageCallback(Callback):
    """Tells the user of a store that is away, ends a sweep that another driver took over, keeps to the cap on
    checkpoints."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._retention = Retention(driver)
        self._next_look = 0.0
        self._next_sizes = 0.0

    def on_step_begin(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        """Called by Ray several times a second."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + _SECONDS_BETWEEN_LOOKS
        for news in self._driver.folder.news():
            self._driver.say(news)
        if self._driver.folder.lost and not self._driver.interrupted:
            self._driver.interrupted = self._driver.folder.lost
        if now >= self._next_sizes:
            self._retention.keep_to_cap()
            self._next_sizes = time.monotonic() + _SECONDS_BETWEEN_SIZES

    def on_experiment_end(self, trials: list[Trial], **info: Any) -> None:
        """The last trials have ended, too."""
        self._retention.keep_to_cap()
