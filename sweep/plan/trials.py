"""The trials of a sweep, their order and their configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from sweep.plan.arms import arm_name, arm_parameters
from sweep.plan.controls import control_arms, is_control
from sweep.plan.draw import drawn_points
from sweep.spec import Point, Spec
from sweep.spec.change import changed
from sweep.spec.search_faults import first_arms
from sweep.spec.space import CONTROL, combinations, distinct_arms, identity
from trainables.contract import TrialConfig
from trainables.contract.section import Section

S = TypeVar("S", bound=Section)


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
    """All trials of a grid or random search; of `optuna` and `curve` those known beforehand.

    The arms of `points_first` come first, then the baseline, then all others, then the controls.
    """
    return make_trials(spec, [*_arms(spec), *control_arms(spec)], first_number=0)


def make_trials(spec: Spec, arms: Sequence[Point], first_number: int) -> tuple[PlannedTrial, ...]:
    """A trial of every arm with every seed; ids count on from `first_number`."""
    runs = [(arm_parameters(spec, arm), seed) for arm in arms for seed in spec.search.seeds]
    return tuple(
        PlannedTrial(f"t{number:03d}", arm_name(parameters), parameters, seed)
        for number, (parameters, seed) in enumerate(runs, start=first_number)
    )


def starting_order(spec: Spec, trials: Sequence[PlannedTrial]) -> tuple[PlannedTrial, ...]:
    """Trials of `points_first`, then the controls, then all others; each group shuffled by `search.seed`.

    Without its controls a sweep's numbers are worth nothing, so what they show is known early. ASHA judges a
    trial by those that reached its rung before; a grid that starts from its worst value to its best would
    never see one stopped, and the other way round all of them.
    """
    order = np.random.default_rng(spec.search.seed).permutation(len(trials))
    shuffled = [trials[number] for number in order]
    first = {identity(arm_parameters(spec, point)) for point in spec.search.points_first}

    def group(trial: PlannedTrial) -> tuple[bool, bool]:
        return identity(trial.parameters) not in first, not is_control(trial.parameters)

    return tuple(sorted(shuffled, key=group))


def rungs(spec: Spec) -> tuple[int, ...]:
    """Iterations at which trials are compared, rising; the last iteration is the last of them."""
    last = spec.training.iterations
    return (*(rung for rung in spec.early_stopping.rungs if rung < last), last)


def trial_config(spec: Spec, trial: PlannedTrial) -> TrialConfig:
    """What the trial is told: the spec's sections with its parameters put in."""
    return TrialConfig(
        data=with_parameters("data", spec.data, trial.parameters),
        model=with_parameters("model", spec.model, trial.parameters),
        training=with_parameters("training", spec.training, trial.parameters),
        options=with_parameters("options", spec.options, trial.parameters).by_name,
        real_ratio=trial.parameters["real_ratio"],
        seed=trial.seed,
        control=trial.parameters.get(CONTROL),
        validate_at=tuple(sorted({*rungs(spec), *_validations_between(spec)})),
    )


def _arms(spec: Spec) -> list[Point]:
    first = first_arms(spec.search, spec.baseline)
    if spec.search.method == "grid":
        return distinct_arms(_chain(first, combinations(spec.search)))
    if spec.search.method == "random":
        return _random_arms(spec, first)
    return first


def _random_arms(spec: Spec, first: list[Point]) -> list[Point]:
    assert spec.search.trials is not None, "a spec without it is refused"
    arms = {identity(arm): arm for arm in first}
    for point in drawn_points(spec.search):
        if len(arms) >= spec.search.trials:
            break
        arm = arm_parameters(spec, point)
        arms.setdefault(identity(arm), arm)
    return list(arms.values())


def _chain(first: list[Point], rest: Iterator[Point]) -> Iterator[Point]:
    yield from first
    yield from rest


def _validations_between(spec: Spec) -> range:
    interval = spec.training.validation_interval
    return range(interval, spec.training.iterations, interval) if interval else range(0)


def with_parameters(name: str, section: S, parameters: Mapping[str, Any]) -> S:
    """The section called `name` with those of the parameters put in that are keys of it."""
    prefix = f"{name}."
    own = {path.removeprefix(prefix): value for path, value in parameters.items() if path.startswith(prefix)}
    return changed(section, own) if own else section
