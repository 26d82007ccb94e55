"""The trials of a sweep, their order and their configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sweep.spec import Point, Spec
from trainables.contract import TrialConfig


@dataclass(frozen=True)
class PlannedTrial:
    """One training that is to be done."""

    trial_id: str
    """`t000`, numbered in the order of the plan."""
    arm: str
    parameters: dict[str, Any]
    """Of the arm, by dotted path; `real_ratio` is always there and a float."""
    seed: int


def planned_trials(spec: Spec) -> tuple[PlannedTrial, ...]:
    """All trials of a grid or random search; of `optuna` only those known beforehand."""
    raise NotImplementedError


def starting_order(spec: Spec, trials: Sequence[PlannedTrial]) -> tuple[PlannedTrial, ...]:
    """Trials of `points_first` first, the others behind them, both shuffled by `search.seed`."""
    raise NotImplementedError


def make_trials(spec: Spec, arms: Sequence[Point], first_number: int) -> tuple[PlannedTrial, ...]:
    """A trial of every arm with every seed; ids count on from `first_number`."""
    raise NotImplementedError


def rungs(spec: Spec) -> tuple[int, ...]:
    """Iterations at which trials are compared, rising; the last iteration is the last of them."""
    raise NotImplementedError


def trial_config(spec: Spec, trial: PlannedTrial, smoke: bool = False) -> TrialConfig:
    """What the trial is told; with `smoke` it ends after 4 iterations."""
    raise NotImplementedError
