"""Hands the driver's trials to Ray Tune."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ray.tune.search import Searcher

from sweep.engine.driver import Driver
from sweep.engine.sources import TrialSource
from sweep.ledger.events import STOPPED_BY_HAND
from sweep.plan import PlannedTrial, trial_config
from sweep.spec import Spec

Work = Callable[[PlannedTrial], dict[str, Any]]
"""What a trial's process is to do: the part of its `config` that `sweep.engine.session.run_trial` acts on."""


def training(spec: Spec) -> Work:
    """Training, with the spec's sections and the trial's parameters."""
    return lambda trial: {"trial": trial_config(spec, trial).model_dump(mode="json")}


class LedgerSearcher(Searcher):
    """Gives Ray the next trial whenever there is room for one. Holds nothing that must survive a restart."""

    def __init__(self, driver: Driver, source: TrialSource, work: Work) -> None:
        super().__init__()
        self._driver = driver
        self._source = source
        self._work = work
        self._with_ray: dict[str, str] = {}
        """Ids of trials that Ray holds, by its own."""
        self._done: set[str] = set()
        """Ids of trials that Ray has completed."""

    def suggest(self, trial_id: str) -> Any:  # Ray's annotation leaves FINISHED out
        """The `config` of `sweep.engine.session.run_trial`; FINISHED after the last."""
        if self._driver.interrupted or self._driver.spent_hours():
            return Searcher.FINISHED
        trial = self._source.next_trial()
        if trial is None:
            return Searcher.FINISHED if self._source.exhausted or self._waits_in_vain() else None
        if self._driver.folder.stop_request(trial.trial_id).exists():
            began = self._driver.state.trials[trial.trial_id].attempts > 0
            self._driver.end(
                trial.trial_id, "stopped", STOPPED_BY_HAND if began else f"{STOPPED_BY_HAND} before it began"
            )
            return None
        self._with_ray[trial_id] = trial.trial_id
        return self._config(trial)

    def _config(self, trial: PlannedTrial) -> dict[str, Any]:
        return {
            "trial_id": trial.trial_id,
            "sweep_id": self._driver.state.created.sweep_id,
            **self._driver.folder.worker_settings(trial.trial_id),
            "gpus": self._driver.spec.resources.gpus_per_trial,
            "threads": max(1, int(self._driver.spec.resources.cpus_per_trial)),
            **self._work(trial),
        }

    def on_trial_complete(self, trial_id: str, result: Any = None, error: bool = False) -> None:
        """Notes that Ray is done with it; what became of it the driver knows."""
        self._done.add(self._with_ray.pop(trial_id))

    def _waits_in_vain(self) -> bool:
        """Whether Ray holds no trial, yet one that it held is neither over nor paused: no news will come."""
        trials = (self._driver.state.trials[trial_id] for trial_id in self._done)
        return not self._with_ray and any(trial.ended is None and not trial.waits for trial in trials)

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the ledger holds it all."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing: see `save`."""
