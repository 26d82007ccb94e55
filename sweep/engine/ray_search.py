"""Hands the driver's trials to Ray Tune."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from ray.tune.search import Searcher

from sweep.engine.driver import Driver
from sweep.engine.ray_placement import AVOIDED, avoidable_nodes
from sweep.engine.sources import TrialSource, planned_trial
from sweep.engine.work import Work
from sweep.ledger.events import STOPPED_BY_HAND
from sweep.plan import PlannedTrial

MayStart = Callable[[int, bool], bool]
"""Whether another trial may start beside so many that Ray holds; told, too, whether others are to come."""


def always(held: int, more: bool) -> bool:
    """For a sweep that has Ray to itself."""
    return True


class LedgerSearcher(Searcher):
    """Gives Ray the next trial whenever there is room for one. Holds nothing that must survive a restart."""

    def __init__(self, driver: Driver, source: TrialSource, work: Work, may_start: MayStart = always) -> None:
        """`may_start`: whether another trial may start now, as far as others on the cluster go."""
        super().__init__()
        self._may_start = may_start
        self._driver = driver
        self._source = source
        self._work = work
        self._with_ray: dict[str, str] = {}
        """Ids of trials that Ray holds, by its own."""
        self._released: list[str] = []
        """Ids of trials that Ray held; what has become of them was not looked at yet."""
        self._broken_off: deque[str] = deque()
        """Ids of trials that lost their process and go on in another."""

    def suggest(self, trial_id: str) -> Any:  # Ray's annotation leaves FINISHED out
        """The `config` of `sweep.engine.session.run_trial`; FINISHED after the last."""
        self._driver.look_for_requests()  # Ray asks nobody else while there is nothing to run
        if self._driver.interrupted or self._driver.spent_hours():
            return Searcher.FINISHED
        if not self._may_start(len(self._with_ray), not self._source.exhausted):
            return None
        trial = self._retried() or self._source.next_trial()
        if trial is None:
            return Searcher.FINISHED if self._source.exhausted and not self._with_ray else None
        if self._driver.folder.stop_request(trial.trial_id).exists():
            began = self._driver.state.trials[trial.trial_id].attempts > 0
            self._driver.end(
                trial.trial_id, "stopped", STOPPED_BY_HAND if began else f"{STOPPED_BY_HAND} before it began"
            )
            return None
        self._with_ray[trial_id] = trial.trial_id
        self._driver.hands_out(trial.trial_id)
        return self._config(trial)

    def _config(self, trial: PlannedTrial) -> dict[str, Any]:
        return {
            "trial_id": trial.trial_id,
            "sweep_id": self._driver.state.created.sweep_id,
            **self._driver.folder.worker_settings(trial.trial_id),
            "gpus": self._driver.spec.resources.gpus_per_trial,
            "threads": max(1, int(self._driver.spec.resources.cpus_per_trial)),
            "stall_timeout": self._driver.spec.resources.stall_timeout,
            AVOIDED: avoidable_nodes(self._driver.failures.bad_nodes),
            **self._work(trial),
        }

    def on_trial_complete(self, trial_id: str, result: Any = None, error: bool = False) -> None:
        """Notes that Ray is done with it; what became of it the driver knows."""
        self._released.append(self._with_ray.pop(trial_id))

    def _retried(self) -> PlannedTrial | None:
        """The next trial that lost its process and goes on.

        Asked before anybody promotes a paused one: who was released and is to run lost its process.
        """
        self._broken_off.extend(filter(self._driver.is_to_run, self._released))
        self._released.clear()
        if not self._broken_off:
            return None
        return planned_trial(self._driver.state.trials[self._broken_off.popleft()])

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the ledger holds it all."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing: see `save`."""
