"""What a sweep costs: iterations, hours, GPU-hours, gigabytes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from sweep.plan.arms import is_protected
from sweep.plan.controls import control_arms, is_control
from sweep.plan.trials import planned_trials, rungs
from sweep.spec import Spec

_EVERY_TRIAL_RUNS = "every trial runs to the last iteration"
_PROMOTE_TOOK = 0.6  # of all iterations, on recorded curves: docs/benchmarks.md


@dataclass(frozen=True)
class Cost:
    """`worst`: every trial runs to the last iteration. None where something needed is not known.

    Validation and the start of processes are not counted; `budget` is not taken into account.
    """

    arms: int
    trials: int
    iterations_worst: int
    iterations_expected: int
    trial_hours_worst: float | None
    trial_hours_expected: float | None
    gpu_hours_worst: float | None
    gpu_hours_expected: float | None
    wall_hours_worst: float | None
    wall_hours_expected: float | None
    checkpoint_gigabytes: float | None
    """10^9 bytes on disk in the end: one checkpoint a trial, kept whatever becomes of it."""
    assumption: str
    """What `expected` takes for granted."""


def estimate_cost(
    spec: Spec,
    seconds_per_iteration: float | None = None,
    concurrent_trials: int | None = None,
    checkpoint_bytes: int | None = None,
) -> Cost:
    """The cost of all trials of a spec, those of `optuna` and `curve` that are not yet known included.

    Args:
        spec: the sweep.
        seconds_per_iteration: as measured. Default: `resources.seconds_per_iteration`.
        concurrent_trials: trials at once. Default: `resources.concurrent_trials`.
        checkpoint_bytes: size of one checkpoint.
    """
    seconds = seconds_per_iteration or spec.resources.seconds_per_iteration
    at_once = concurrent_trials or spec.resources.concurrent_trials
    trials, expected = number_of_trials(spec), _expected_iterations(spec)
    last = spec.training.iterations
    hours, worst_hours, one_hours = (_hours(n, seconds) for n in (expected, trials * last, last))
    gpus = spec.resources.gpus_per_trial
    return Cost(
        arms=_number_of_arms(spec, trials),
        trials=trials,
        iterations_worst=trials * last,
        iterations_expected=round(expected),
        trial_hours_worst=worst_hours,
        trial_hours_expected=hours,
        gpu_hours_worst=None if worst_hours is None else worst_hours * gpus,
        gpu_hours_expected=None if hours is None else hours * gpus,
        wall_hours_worst=ceil(trials / at_once) * one_hours if one_hours and at_once else None,
        wall_hours_expected=max(hours / at_once, one_hours) if hours and one_hours and at_once else None,
        checkpoint_gigabytes=None if checkpoint_bytes is None else trials * checkpoint_bytes / 1e9,
        assumption=_assumption(spec),
    )


def _number_of_arms(spec: Spec, trials: int) -> int:
    """Of `curve` only those that are known beforehand: it may propose seeds as well as arms."""
    if spec.search.method == "curve":
        return len({trial.arm for trial in planned_trials(spec)})
    return trials // len(spec.search.seeds)


def number_of_trials(spec: Spec) -> int:
    """In all, those of `optuna` and `curve` that are not yet known included."""
    if spec.search.method == "curve":
        assert spec.search.trials is not None, "a spec without it is refused"
        return spec.search.trials + len(control_arms(spec)) * len(spec.search.seeds)
    if spec.search.method == "optuna":
        assert spec.search.trials is not None, "a spec without it is refused"
        return (spec.search.trials + len(control_arms(spec))) * len(spec.search.seeds)
    return len(planned_trials(spec))


def _expected_iterations(spec: Spec) -> float:
    trials = number_of_trials(spec)
    planned = [trial.parameters for trial in planned_trials(spec)]
    protected = sum(is_protected(spec, parameters) for parameters in planned)
    if spec.early_stopping.name == "promote":
        return _iterations_of_promote(spec, trials, protected)
    protected_peers = protected - sum(map(is_control, planned))
    running, spared = float(trials - protected), 0.0
    iterations = 0.0
    for number, (begin, end) in enumerate(pairwise((0, *rungs(spec))), start=1):
        iterations += (protected + running + spared) * (end - begin)
        if number >= spec.early_stopping.patience:
            given_up = _given_up(spec, running, protected_peers)
            running, spared = running - given_up, spared + given_up * spec.early_stopping.spare
    return iterations


def _given_up(spec: Spec, running: float, protected_peers: int) -> float:
    """How many of the trials that can be stopped a rule is against at a rung, those that are spared too."""
    unjudged = min(running, max(0, spec.early_stopping.min_peers - protected_peers))
    return (running - unjudged) * (1 - _kept_share(spec))


def _kept_share(spec: Spec) -> float:
    match spec.early_stopping.name:
        case "none":
            return 1.0
        case "median":
            return 0.5
        case _:
            return 1 / spec.early_stopping.reduction_factor


def _iterations_of_promote(spec: Spec, trials: int, protected: int) -> float:
    """At least every trial to the first rung and protected ones to the end; beyond, what is to be spent."""
    first, last = rungs(spec)[0], spec.training.iterations
    least = protected * last + (trials - protected) * first
    return max(least, trials * last * (spec.early_stopping.spend or _PROMOTE_TOOK))


def _hours(iterations: float, seconds_per_iteration: float | None) -> float | None:
    return None if seconds_per_iteration is None else iterations * seconds_per_iteration / 3600


def _assumption(spec: Spec) -> str:
    stopping = spec.early_stopping
    if stopping.name == "none" or len(rungs(spec)) == 1:
        return _EVERY_TRIAL_RUNS
    one_in = f"one in {stopping.reduction_factor:g}"
    of_whom = "of the trials that may be stopped"
    match stopping.name:
        case "median":
            return f"at each rung half {of_whom} go on; more do where gaps are within the noise"
        case "guarded":
            return (
                f"at each rung {one_in} {of_whom} goes on, which is the least: it depends on the curves, "
                "since whoever may yet overtake the leader goes on, too"
            )
        case "promote" if stopping.spend is not None:
            spent = f"{100 * stopping.spend:.0f} % of all iterations are spent"
            return f"{spent}, and every trial comes to the first rung"
        case "promote":
            return (
                f"{100 * _PROMOTE_TOOK:.0f} % of all iterations, about what recorded sweeps took; here it "
                "depends on the curves, and on nothing that is known beforehand"
            )
        case _:
            return f"at each rung {one_in} {of_whom} goes on; more do where gaps are within the noise"
