"""When Ray Tune is to end the whole sweep early."""

from __future__ import annotations

import time
from typing import Any

from ray.tune import Stopper

from sweep.engine.driver import Driver

_SECONDS_BETWEEN_LOOKS = 1.0


class InterruptStopper(Stopper):
    """Ends the sweep in good order after Ctrl-C, SIGTERM or `sweep stop`, and paused trials on request."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._next_look = 0.0

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """False: single trials are stopped by the scheduler."""
        return False

    def stop_all(self) -> bool:
        """Asked by Ray several times a second."""
        if not self._driver.interrupted and time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + _SECONDS_BETWEEN_LOOKS
            if self._driver.folder.stop_request().exists():
                self._driver.interrupted = "stopped by `sweep stop`"
            self._driver.end_paused_on_request()
        return self._driver.interrupted is not None
