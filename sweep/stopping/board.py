"""A sweep as its stopping rule sees it: a view of the ledger's state, whoever made that."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

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
        self._arms: dict[str, _Arm] = {}
        self._peers: dict[tuple[str, int], Peer] = {}
        """By trial_id and rung: a report never changes."""
        self._curves: dict[str, tuple[object, Curve]] = {}
        """By trial_id: all that a curve hangs on, and the curve."""

    def case(self, trial_id: str, rung: int) -> Case:
        """The trial at a rung that it was validated at, against all others there that count."""
        trial = self.state.trials[trial_id]
        arm = self._arm_of(trial)
        values = self.state.values_at(rung, self.metric)
        candidate = Candidate(
            trial_id=trial_id,
            arm=trial.arm,
            seed=trial.planned.seed,
            rung=rung,
            value=values.pop(trial_id),
            protected=arm.is_protected,
            baseline=arm.is_baseline,
            is_last_rung=rung == self.rungs[-1],
            metric=self.metric,
            continued=trial.continued,
        )
        others = ((self.state.trials[name], value) for name, value in values.items())
        peers = [self._peer(one, rung, value) for one, value in others if self._counts(one)]
        return Case(candidate=candidate, peers=peers, curves=_WhenAsked(self.curves), rungs=self.rungs)

    def curves(self) -> list[Curve]:
        """In the order of the plan; without controls, imported trials that are kept apart, and trials that
        the budget keeps from starting."""
        trials = self.state.trials.values()
        most = self._most_trials
        is_full = most is not None and sum(trial.was_tried for trial in trials) >= most
        counted = (trial for trial in trials if trial.was_tried or trial.imported or not is_full)
        return [self._curve(trial) for trial in counted if self._counts(trial)]

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

    def _peer(self, trial: TrialState, rung: int, value: float) -> Peer:
        key = (trial.trial_id, rung)
        if key not in self._peers:
            self._peers[key] = Peer(
                trial_id=trial.trial_id,
                arm=trial.arm,
                seed=trial.planned.seed,
                value=value,
                baseline=self._arm_of(trial).is_baseline,
            )
        return self._peers[key]

    def _curve(self, trial: TrialState) -> Curve:
        now = (len(trial.reports), trial.status, trial.promoted, trial.spared, trial.continued)
        before, curve = self._curves.get(trial.trial_id, (None, None))
        if curve is None or now != before:
            curve = self._newest_curve(trial)
            self._curves[trial.trial_id] = now, curve
        return curve

    def _newest_curve(self, trial: TrialState) -> Curve:
        arm = self._arm_of(trial)
        return Curve(
            trial_id=trial.trial_id,
            arm=trial.arm,
            real_ratio=arm.real_ratio,
            setting=arm.setting,
            values=tuple(self._value(trial, rung) for rung in self.rungs),
            reached=sum(rung <= max(trial.reports, default=0) for rung in self.rungs),
            open=trial.ended is None,
            paused=trial.waits,
            to_the_end=arm.is_protected or arm.is_baseline or trial.spared or trial.continued,
        )

    def _counts(self, trial: TrialState) -> bool:
        """Whether others may be held against it."""
        return not self._arm_of(trial).is_control and self.state.why_apart(trial) is None

    def _arm_of(self, trial: TrialState) -> _Arm:
        if trial.arm not in self._arms:
            parameters = trial.planned.parameters
            others = {path: value for path, value in parameters.items() if path != REAL_RATIO}
            self._arms[trial.arm] = _Arm(
                real_ratio=parameters.get(REAL_RATIO, 1.0),
                setting=repr(sorted(others.items())),
                is_protected=self._is_protected(parameters),
                is_baseline=self._is_baseline(parameters),
                is_control=is_control_trial(trial),
            )
        return self._arms[trial.arm]

    def _value(self, trial: TrialState, rung: int) -> float:
        report = trial.reports.get(rung)
        return math.nan if report is None else report.metrics.get(self.metric, math.nan)


class _WhenAsked(Sequence[Curve]):
    """Curves that are made when a rule looks at them: most judgements get by without."""

    def __init__(self, make: Callable[[], list[Curve]]) -> None:
        self._make = make

    @cached_property
    def _curves(self) -> list[Curve]:
        return self._make()

    def __len__(self) -> int:
        return len(self._curves)

    @overload
    def __getitem__(self, index: int) -> Curve: ...

    @overload
    def __getitem__(self, index: slice) -> list[Curve]: ...

    def __getitem__(self, index: int | slice) -> Curve | list[Curve]:
        return self._curves[index]


@dataclass(frozen=True, kw_only=True)
class _Arm:
    """What never changes of an arm."""

    real_ratio: float
    setting: str
    is_protected: bool
    is_baseline: bool
    is_control: bool


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
