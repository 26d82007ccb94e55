"""Which trial runs next: from the plan, or asked of Optuna while the sweep runs."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from typing import Protocol

from sweep.ledger.state import SweepState, TrialState
from sweep.plan import PlannedTrial, starting_order
from sweep.results import comparable
from sweep.spec import Spec


class TrialSource(Protocol):
    """Hands out trials one by one."""

    def next_trial(self) -> PlannedTrial | None:
        """The next trial; None where there is none now (see `exhausted`)."""
        ...

    @property
    def exhausted(self) -> bool:
        """Whether none will ever come."""
        ...


class PlanSource:
    """The trials of a plan in a given order."""

    def __init__(self, trials: Iterable[PlannedTrial]) -> None:
        self._waiting = deque(trials)

    def next_trial(self) -> PlannedTrial | None:
        """The next trial; None after the last."""
        return self._waiting.popleft() if self._waiting else None

    @property
    def exhausted(self) -> bool:
        """Whether the last has been handed out."""
        return not self._waiting


class BudgetedSource:
    """Another source, up to `budget.trials`. Trials that had begun are paid for and go on.

    Counts what it hands out: before a process says that it has started, Ray asks for the next trial. One that
    was stopped before it began gives its place back.
    """

    def __init__(self, source: TrialSource, spec: Spec, state: SweepState) -> None:
        self._source = source
        self._state = state
        self._limit = math.inf if spec.budget.trials is None else spec.budget.trials
        self._going_on = {
            trial_id for trial_id, trial in state.trials.items() if trial.was_tried and _is_to_run(trial)
        }
        self._handed_out: set[str] = set()

    def next_trial(self) -> PlannedTrial | None:
        """The next trial; None after the last that the budget allows."""
        trial = self._source.next_trial() if self._has_place() else None
        if trial is not None:
            self._handed_out.add(trial.trial_id)
        return trial

    @property
    def exhausted(self) -> bool:
        """Whether none will come any more, as far as is known: see `BudgetedSource`."""
        return not self._has_place() or self._source.exhausted

    def _has_place(self) -> bool:
        if self._going_on - self._handed_out:
            return True
        trials = self._state.trials.items()
        return self._limit > sum(
            trial.was_tried or (trial_id in self._handed_out and trial.ended is None)
            for trial_id, trial in trials
        )


def search_is_complete(spec: Spec, state: SweepState) -> bool:
    """Whether all trials of the search are planned, beside which there are controls and what was added."""
    of_search = [t.planned for t in comparable(state).trials.values() if not t.planned.added]
    wanted = spec.search.trials or 0
    counts_trials = spec.search.method == "curve"
    return (len(of_search) if counts_trials else len({planned.arm for planned in of_search})) >= wanted


def unfinished_trials(spec: Spec, state: SweepState) -> list[PlannedTrial]:
    """What is left of a sweep: those that had begun first, then the others in starting order.

    Those that had begun go first, because their reports are peers that the others will be judged against.
    Paused trials are not among them, unless they were promoted already.
    """
    planned = [planned_trial(trial) for trial in state.own_trials.values()]
    left = [trial for trial in starting_order(spec, planned) if _is_to_run(state.trials[trial.trial_id])]
    return sorted(left, key=lambda trial: state.trials[trial.trial_id].attempts == 0)


def planned_trial(trial: TrialState) -> PlannedTrial:
    """A trial of the ledger as the plan has it."""
    planned = trial.planned
    return PlannedTrial(planned.trial_id, planned.arm, planned.parameters, planned.seed)


def _is_to_run(trial: TrialState) -> bool:
    return trial.ended is None and not trial.waits
