"""Other people's stopping rules, each by its own code through its own interface, and two plain yardsticks.

Time is the rung's number, 1 to 5, for Optuna, and percent of the budget for Ray.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna.trial import TrialState
from ray.tune.schedulers import ASHAScheduler, MedianStoppingRule, TrialScheduler

from sweep.ledger.events import Decision
from tests.benchmarks.families import RUNGS

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # PatientPruner is one

LAST = len(RUNGS) - 1


class Stopper:
    """A decider that pauses nobody."""

    def on_start(self, trial_id: str) -> None:
        """Nothing to be told."""

    def on_report(self, trial_id: str, number: int, value: float) -> Decision:
        """To be said by each."""
        raise NotImplementedError

    def on_room(self) -> None:
        """Nobody waits."""


@dataclass(eq=False)
class _RayTrial:
    """All that Ray's schedulers read of a trial."""

    trial_id: str
    status: str = "RUNNING"


class _NobodyWaits:
    """All that they read of the controller: no trial is pending, so that none yields to another."""

    def get_live_trials(self) -> list[_RayTrial]:
        return []


class RayStopper(Stopper):
    """A scheduler of Ray Tune, called as Ray's TuneController calls it."""

    def __init__(self, scheduler: Any) -> None:
        self._scheduler = scheduler
        self._trials: dict[str, _RayTrial] = {}
        self._controller = _NobodyWaits()

    def on_start(self, trial_id: str) -> None:
        self._trials[trial_id] = _RayTrial(trial_id)
        self._scheduler.on_trial_add(self._controller, self._trials[trial_id])

    def on_report(self, trial_id: str, number: int, value: float) -> Decision:
        result = {"percent": RUNGS[number], "value": value}
        trial = self._trials[trial_id]
        action = self._scheduler.on_trial_result(self._controller, trial, result)
        if number < LAST and action == TrialScheduler.CONTINUE:
            return "continue"
        self._scheduler.on_trial_complete(
            self._controller, trial, result
        )  # so does Ray, for stopped ones too
        return "stop"


def ray_asha(reduction_factor: float, grace: int) -> Callable[[], RayStopper]:
    """Ray's stock ASHA; `grace` in percent of the budget."""
    return lambda: RayStopper(
        ASHAScheduler(
            time_attr="percent",
            metric="value",
            mode="max",
            max_t=100,
            grace_period=grace,
            reduction_factor=reduction_factor,
        )
    )


def ray_median(grace: int, min_samples: int) -> Callable[[], RayStopper]:
    """Ray's median stopping rule; `grace` in percent of the budget."""
    return lambda: RayStopper(
        MedianStoppingRule(
            time_attr="percent",
            metric="value",
            mode="max",
            grace_period=grace,
            min_samples_required=min_samples,
        )
    )


class OptunaStopper(Stopper):
    """A pruner of Optuna in a study of its own, asked and told."""

    def __init__(self, pruner: optuna.pruners.BasePruner) -> None:
        self._study = optuna.create_study(direction="maximize", pruner=pruner)
        self._trials: dict[str, optuna.trial.Trial] = {}

    def on_start(self, trial_id: str) -> None:
        self._trials[trial_id] = self._study.ask()

    def on_report(self, trial_id: str, number: int, value: float) -> Decision:
        trial = self._trials[trial_id]
        trial.report(value, step=number + 1)
        if number < LAST and trial.should_prune():
            self._study.tell(trial, state=TrialState.PRUNED)
            return "stop"
        if number == LAST:
            self._study.tell(trial, value)
        return "continue"


def optuna_halving(reduction_factor: int, min_resource: int) -> Callable[[], OptunaStopper]:
    """`min_resource` in rungs."""
    return lambda: OptunaStopper(
        optuna.pruners.SuccessiveHalvingPruner(min_resource=min_resource, reduction_factor=reduction_factor)
    )


def optuna_percentile(percentile: float, startup: int) -> Callable[[], OptunaStopper]:
    """`startup` trials end before any is pruned; Optuna's default of 5 is most of a family."""
    return lambda: OptunaStopper(optuna.pruners.PercentilePruner(percentile, n_startup_trials=startup))


def optuna_median(startup: int) -> Callable[[], OptunaStopper]:
    """As above."""
    return lambda: OptunaStopper(optuna.pruners.MedianPruner(n_startup_trials=startup))


def optuna_patient(patience: int, startup: int) -> Callable[[], OptunaStopper]:
    """The median pruner, where a trial hasn't gained for `patience` rungs."""
    return lambda: OptunaStopper(
        optuna.pruners.PatientPruner(optuna.pruners.MedianPruner(n_startup_trials=startup), patience=patience)
    )


@dataclass
class GapStopper(Stopper):
    """A fixed cut-off: stops who is behind the leader of its rung by more than so many points."""

    points: Sequence[float]
    """At each rung."""
    best: dict[int, float] = field(default_factory=dict)

    def on_report(self, trial_id: str, number: int, value: float) -> Decision:
        self.best[number] = max(self.best.get(number, value), value)
        return "stop" if number < LAST and value < self.best[number] - self.points[number] else "continue"


def fixed_gap(*points: float) -> Callable[[], GapStopper]:
    """One number for all rungs, or one for each."""
    return lambda: GapStopper(points * LAST if len(points) == 1 else points)


@dataclass
class OracleStopper(Stopper):
    """Knows the winner: all others stop at the first rung."""

    winners: frozenset[str]

    def on_report(self, trial_id: str, number: int, value: float) -> Decision:
        return "continue" if trial_id in self.winners else "stop"
