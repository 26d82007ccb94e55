"""When Ray Tune is to end the whole sweep early."""

from __future__ import annotations

from typing import Any

from ray.tune import Stopper

from sweep.engine.driver import Driver


class InterruptStopper(Stopper):
    """Ends the sweep in good order after Ctrl-C, SIGTERM or `sweep stop`, and paused trials on request."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """False: single trials are stopped by the scheduler."""
        return False

    def stop_all(self) -> bool:
        """Asked by Ray several times a second."""
        self._driver.look_for_requests()
        return self._driver.interrupted is not None
