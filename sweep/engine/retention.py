"""Which checkpoints go when those of a sweep take more than they may."""

from __future__ import annotations

import math
from collections.abc import Iterable

from sweep.engine.driver import Driver
from sweep.errors import StorageError
from sweep.ledger import SweepState, TrialState
from sweep.ledger.events import CheckpointDeleted

_FIRST_TO_GO = ("failed", "stopped", "finished")


class Retention:
    """`storage.checkpoint_gigabytes`: checkpoints of trials that have ended go, the least wanted first.

    Those of trials that run, are paused, or were interrupted are never touched.
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._has_complained = False

    def keep_to_cap(self) -> None:
        """Deletes what must go; each goes into the ledger first."""
        gigabytes = self._driver.spec.storage.checkpoint_gigabytes
        if gigabytes is None or self._driver.folder.lost:
            return
        try:
            sizes = self._driver.folder.checkpoint_sizes()
            excess = sum(sizes.values()) - gigabytes * 1e9
            for trial in least_wanted(self._driver.state, self._driver.spec.search.metric, sizes):
                if excess <= 0:
                    return
                self._delete(trial, sizes[trial.trial_id], gigabytes)
                excess -= sizes[trial.trial_id]
        except StorageError:
            if self._driver.fault is not None:
                raise  # the ledger could not be written
            return  # a store that is away is looked at again later
        if excess > 0:
            self._complain(sum(sizes.values()), gigabytes)

    def _delete(self, trial: TrialState, size: int, gigabytes: float) -> None:
        if trial.checkpoint_deleted is None:
            reason = f"deleted to keep all checkpoints within storage.checkpoint_gigabytes, {gigabytes:g}"
            self._driver.record(CheckpointDeleted(trial_id=trial.trial_id, reason=reason, size=size))
        self._driver.folder.delete_checkpoint(trial.trial_id)

    def _complain(self, size: float, gigabytes: float) -> None:
        if not self._has_complained:
            self._driver.say(
                f"the checkpoints took {size / 1e9:.3g} GB, more than storage.checkpoint_gigabytes, "
                f"{gigabytes:g}, and those that are left belong to trials that have not ended; none of them "
                "is deleted. Fewer resources.concurrent_trials need less, or give more room"
            )
        self._has_complained = True


def least_wanted(state: SweepState, metric: str, among: Iterable[str]) -> list[TrialState]:
    """Trials that have ended, those first whose checkpoint is missed least: failed, stopped, finished ones,
    each from the worst last value up, and those of the best arm last of all."""
    ended = [state.trials[trial_id] for trial_id in among if trial_id in state.trials]
    ended = [trial for trial in ended if trial.status in _FIRST_TO_GO]
    best = _best_arm(state, metric)

    def wanted(trial: TrialState) -> tuple[bool, int, float, str]:
        kind = _FIRST_TO_GO.index(trial.status)
        return trial.arm == best, kind, _last_value(trial, metric), trial.trial_id

    return sorted(ended, key=wanted)


def _last_value(trial: TrialState, metric: str) -> float:
    """What it measured last; the worst there is where that is nothing or no number."""
    if not trial.reports:
        return -math.inf
    value = trial.reports[max(trial.reports)].metrics.get(metric, math.nan)
    return -math.inf if math.isnan(value) else value


def _best_arm(state: SweepState, metric: str) -> str | None:
    """By the mean of the last values at the latest iteration that any trial reached; None before any."""
    latest = max((max(trial.reports, default=0) for trial in state.trials.values()), default=0)
    values = state.values_at(latest, metric)
    by_arm: dict[str, list[float]] = {}
    for trial_id, value in values.items():
        if not math.isnan(value):
            by_arm.setdefault(state.trials[trial_id].arm, []).append(value)
    return max(by_arm, key=lambda arm: _mean(by_arm[arm]), default=None)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
