"""Ray Tune asks, the driver answers.

Ray's own schedulers keep their rungs in memory and lose them on a restart, judge at the first report *at or
after* a rung, and let NaN pass. Ours holds nothing: the driver judges from the ledger.
"""

from __future__ import annotations

from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from sweep.engine.driver import Driver
from sweep.engine.messages import decode


class LedgerScheduler(FIFOScheduler):
    """Passes every message of a trial to the driver and its decision back to Ray."""

    def __init__(self, driver: Driver) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._driver = driver

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        """CONTINUE or STOP."""
        message = decode(result)
        if message is None:
            return TrialScheduler.CONTINUE
        goes_on = self._driver.handle(trial.config["trial_id"], message)
        return TrialScheduler.CONTINUE if goes_on else TrialScheduler.STOP
