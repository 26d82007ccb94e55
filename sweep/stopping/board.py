"""A sweep as its stopping rule sees it: a view of the ledger's state, whoever made that."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from sweep.ledger.state import SweepState, TrialState
from sweep.plan import is_baseline, is_protected, rungs
from sweep.results import is_control_trial
from sweep.spec import Spec
from sweep.spec.space import REAL_RATIO
from sweep.stopping.rule import Candidate, Case, Curve, Peer

Parameters = Mapping[str, Any]


class Board:
    """Cases and curves of a sweep whose `state` goes on changing."""

    def __init__(
        self,
        state: SweepState,
        rungs: tuple[int, ...],
        metric: str,
        is_protected: Callable[[Parameters], bool] = lambda _: False,
        is_baseline: Callable[[Parameters], bool] = lambda _: False,
        most_trials: int | None = None,
    ) -> None:
        """`rungs` rise, the last is the end of a training; the functions are asked about an arm's parameters;
        `most_trials` is how many may begin."""
        self.state = state
        self.rungs = rungs
        self.metric = metric
        self._is_protected = is_protected
        self._is_baseline = is_baseline
        self._most_trials = most_trials
        self._baselines: dict[str, bool] = {}
        self._settings: dict[str, str] = {}
        self._values: dict[str, tuple[int, tuple[float, ...]]] = {}
        """By trial_id: how many reports the values were read from, and the values."""

    def case(self, trial_id: str, rung: int) -> Case:
        """The trial at a rung that it was validated at, against all others there but controls."""
        trial, parameters = self.state.trials[trial_id], self.state.trials[trial_id].planned.parameters
        values = self.state.values_at(rung, self.metric)
        candidate = Candidate(
            trial_id=trial_id,
            arm=trial.arm,
            seed=trial.planned.seed,
            rung=rung,
            value=values[trial_id],
            protected=self._is_protected(parameters),
            baseline=self._is_baseline(parameters),
            is_last_rung=rung == self.rungs[-1],
            metric=self.metric,
            continued=trial.continued,
        )
        others = (self.state.trials[name] for name in values if name != trial_id)
        peers = [self._peer(one, values[one.trial_id]) for one in others if not is_control_trial(one)]
        return Case(candidate=candidate, peers=peers, curves=self.curves(), rungs=self.rungs)

    def curves(self) -> list[Curve]:
        """In the order of the plan; without controls, and trials that the budget keeps from starting."""
        trials = self.state.trials.values()
        begun = sum(trial.attempts > 0 for trial in trials)
        fewest_attempts = int(self._most_trials is not None and begun >= self._most_trials)
        counted = (trial for trial in trials if trial.attempts >= fewest_attempts)
        return [self._curve(trial) for trial in counted if not is_control_trial(trial)]

    def rungs_against(self, trial_id: str, rung: int) -> int:
        """How many rungs in a row, up to the one before `rung`, the rule was against the trial."""
        judged = self.state.trials[trial_id].judged
        count = 0
        for before in reversed([one for one in self.rungs if one < rung]):
            if before not in judged or judged[before].proposed != "stop":
                break
            count += 1
        return count

    def is_spared(self, trial_id: str) -> bool:
        """Whether the trial should have been stopped and runs to the end all the same."""
        return self.state.trials[trial_id].spared

    def _peer(self, trial: TrialState, value: float) -> Peer:
        if trial.arm not in self._baselines:
            self._baselines[trial.arm] = self._is_baseline(trial.planned.parameters)
        return Peer(
            trial_id=trial.trial_id,
            arm=trial.arm,
            seed=trial.planned.seed,
            value=value,
            baseline=self._baselines[trial.arm],
        )

    def _curve(self, trial: TrialState) -> Curve:
        return Curve(
            trial_id=trial.trial_id,
            arm=trial.arm,
            real_ratio=trial.planned.parameters.get(REAL_RATIO, 1.0),
            setting=self._setting_of(trial),
            values=self._values_of(trial),
            reached=sum(rung <= max(trial.reports, default=0) for rung in self.rungs),
            open=trial.ended is None,
            paused=trial.waits,
        )

    def _setting_of(self, trial: TrialState) -> str:
        if trial.arm not in self._settings:
            others = {path: v for path, v in trial.planned.parameters.items() if path != REAL_RATIO}
            self._settings[trial.arm] = repr(sorted(others.items()))
        return self._settings[trial.arm]

    def _values_of(self, trial: TrialState) -> tuple[float, ...]:
        count, values = self._values.get(trial.trial_id, (-1, ()))
        if count != len(trial.reports):
            values = tuple(self._value(trial, rung) for rung in self.rungs)
            self._values[trial.trial_id] = (len(trial.reports), values)
        return values

    def _value(self, trial: TrialState, rung: int) -> float:
        report = trial.reports.get(rung)
        return math.nan if report is None else report.metrics.get(self.metric, math.nan)


def board_of(state: SweepState, spec: Spec) -> Board:
    """The board of a sweep of this spec."""
    return Board(
        state,
        rungs(spec),
        spec.search.metric,
        lambda parameters: is_protected(spec, parameters),
        lambda parameters: is_baseline(spec, parameters),
        spec.budget.trials,
    )
