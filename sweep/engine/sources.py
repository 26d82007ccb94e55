"""Which trial runs next: from the plan, or asked of Optuna while the sweep runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Protocol

from sweep.ledger.state import SweepState
from sweep.plan import PlannedTrial, starting_order
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


def unfinished_trials(spec: Spec, state: SweepState) -> list[PlannedTrial]:
    """What is left of a sweep: those that had begun first, then the others in starting order.

    Those that had begun go first, because their reports are peers that the others will be judged against.
    """
    planned = [
        PlannedTrial(trial.planned.trial_id, trial.planned.arm, trial.planned.parameters, trial.planned.seed)
        for trial in state.trials.values()
    ]
    left = [trial for trial in starting_order(spec, planned) if state.trials[trial.trial_id].ended is None]
    return sorted(left, key=lambda trial: state.trials[trial.trial_id].attempts == 0)
