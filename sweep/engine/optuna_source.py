"""Arms that Optuna proposes from what the ledger holds.

The study is rebuilt from the ledger for every proposal, so nothing of it can be lost. A stopped arm is told
as PRUNED with its values at the rungs, never as COMPLETE with an early value: Optuna's TPE sorts pruned
trials by step before value, so it never holds values of different iterations against each other.
"""

from __future__ import annotations

import logging
import math
import statistics
from collections import defaultdict, deque
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, create_trial
from optuna.trial import TrialState as OptunaState

from sweep.engine.driver import Driver
from sweep.engine.sources import search_is_complete, unfinished_trials
from sweep.ledger.state import TrialState
from sweep.plan import PlannedTrial, arm_name, arm_parameters, make_trials, rungs, shortened
from sweep.results import comparable
from sweep.spec import ParameterConfig, Spec
from sweep.spec.space import draws_whole_numbers

logging.getLogger("optuna").setLevel(logging.WARNING)

_DUPLICATES_BEFORE_GIVING_UP = 20


class OptunaSource:
    """Asks for a new arm whenever the planned trials have all been handed out."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._waiting = deque(unfinished_trials(driver.spec, driver.state))
        self._gave_up = False

    def next_trial(self) -> PlannedTrial | None:
        """The next trial; None once `search.trials` arms were handed out."""
        if not self._waiting and not self._arms_are_complete():
            self._plan_another_arm()
        return self._waiting.popleft() if self._waiting else None

    @property
    def exhausted(self) -> bool:
        """Whether `search.trials` arms were handed out, or Optuna has nothing new to propose."""
        return not self._waiting and (self._gave_up or self._arms_are_complete())

    def _arms_are_complete(self) -> bool:
        return search_is_complete(self._driver.spec, self._driver.state)

    def _plan_another_arm(self) -> None:
        spec, state = self._driver.spec, self._driver.state
        known = set(_trials_by_arm(self._driver))
        for attempt in range(_DUPLICATES_BEFORE_GIVING_UP):
            parameters = arm_parameters(spec, propose(self._driver, attempt))
            if arm_name(parameters) not in known:
                trials = make_trials(spec, [parameters], first_number=len(state.own_trials))
                self._driver.plan(trials)
                self._waiting.extend(trials)
                return
        self._gave_up = True


def propose(driver: Driver, attempt: int = 0) -> dict[str, Any]:
    """One set of parameters by TPE, the same one for the same ledger and attempt."""
    spec = driver.spec
    arms = _trials_by_arm(driver)
    seed = spec.search.seed * 1_000_003 + len(arms) * 101 + attempt
    sampler = optuna.samplers.TPESampler(seed=seed % 2**32, multivariate=False, constant_liar=True)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    distributions = {path: distribution(path, one) for path, one in spec.search.parameters.items()}
    for trials in arms.values():
        if _can_be_told(trials[0].planned.parameters, distributions):
            study.add_trial(told(spec, trials, distributions))
    proposed = study.ask(distributions).params
    return {path: _short(value, distributions[path]) for path, value in proposed.items()}


def told(spec: Spec, trials: list[TrialState], distributions: dict[str, BaseDistribution]) -> FrozenTrial:
    """An arm as Optuna is told it.

    COMPLETE with the mean over seeds at the last iteration if every seed was trained that far; PRUNED if a
    seed was stopped, FAIL if one failed, RUNNING otherwise.
    """
    outcomes = {trial.ended.outcome if trial.ended else "running" for trial in trials}
    steps = {rung: _mean_at(spec, trials, rung) for rung in rungs(spec)}
    intermediate = {rung: value for rung, value in steps.items() if value is not None}
    last = intermediate.get(rungs(spec)[-1])
    if outcomes == {"finished"} and last is not None and math.isfinite(last):
        state = OptunaState.COMPLETE
    elif "running" in outcomes:
        state = OptunaState.RUNNING
    else:
        state = OptunaState.PRUNED if "stopped" in outcomes else OptunaState.FAIL
    parameters = trials[0].planned.parameters
    return create_trial(
        state=state,
        params={name: parameters[name] for name in distributions if name in parameters},
        distributions={name: dist for name, dist in distributions.items() if name in parameters},
        value=last if state == OptunaState.COMPLETE else None,
        intermediate_values=intermediate,
    )


def distribution(path: str, parameter: ParameterConfig) -> BaseDistribution:
    """A searched parameter in Optuna's terms."""
    if parameter.choices is not None:
        return CategoricalDistribution(parameter.choices)
    assert parameter.min is not None and parameter.max is not None
    if draws_whole_numbers(path):
        return IntDistribution(int(parameter.min), int(parameter.max), log=parameter.is_log)
    return FloatDistribution(parameter.min, parameter.max, log=parameter.is_log)


def _can_be_told(parameters: dict[str, Any], distributions: dict[str, BaseDistribution]) -> bool:
    """Whether Optuna could have proposed it; an arm that was added to the sweep may lie elsewhere."""
    return all(
        path not in parameters or _contains(within, parameters[path])
        for path, within in distributions.items()
    )


def _contains(within: BaseDistribution, value: Any) -> bool:
    if isinstance(within, CategoricalDistribution):
        return value in within.choices
    assert isinstance(within, FloatDistribution | IntDistribution)
    return bool(within.low <= value <= within.high)


def _short(value: Any, within: BaseDistribution) -> Any:
    return shortened(value, within.low, within.high) if isinstance(within, FloatDistribution) else value


def _mean_at(spec: Spec, trials: list[TrialState], rung: int) -> float | None:
    """Mean over seeds, only where every seed was measured at this iteration."""
    values = [trial.reports[rung].metrics[spec.search.metric] for trial in trials if rung in trial.reports]
    return statistics.fmean(values) if len(values) == len(trials) else None


def _trials_by_arm(driver: Driver) -> dict[str, list[TrialState]]:
    """Of the search; Optuna hears nothing of the controls, nor of imported trials, whose parameters may be
    none of its."""
    arms: defaultdict[str, list[TrialState]] = defaultdict(list)
    for trial in comparable(driver.state).own_trials.values():
        arms[trial.planned.arm].append(trial)
    return dict(arms)
