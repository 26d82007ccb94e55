"""Our rules on recorded families: the Judge and the Board of live sweeps, asked once for each position.

A rule answers from what is visible: who was measured where, who ended, who waits. Over hundreds of orders
positions return, so answers are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sweep.ledger.events import (
    Decision,
    SweepCreated,
    TrialEnded,
    TrialOutcome,
    TrialPlanned,
    TrialReported,
)
from sweep.ledger.state import SweepState, TrialState, TrialStatus
from sweep.stopping import Board, Judge, Rule
from tests.benchmarks.families import RUNGS, Family

METRIC = "val_miou"

Place = tuple[int, TrialStatus]
"""How many rungs a trial has reached, and what it is doing."""
Position = tuple[Place, ...]


class Answers:
    """What a rule says in any position of a family."""

    def __init__(self, rule: Rule, family: Family) -> None:
        self.trials = {trial.trial_id: at for at, trial in enumerate(family.setting.trials)}
        self._judge = Judge(rule)  # patience 1, nobody spared: no answer hangs on the past
        self._family = family
        self._reports = [_reports(trial.trial_id, trial.values) for trial in family.setting.trials]
        self._decisions: dict[tuple[Position, int], Decision] = {}
        self._promotions: dict[Position, str | None] = {}

    def decision(self, position: Position, trial_id: str) -> Decision:
        """On the trial that has just reported."""
        key = position, self.trials[trial_id]
        if key not in self._decisions:
            rung = RUNGS[position[key[1]][0] - 1]
            self._decisions[key] = self._judge.judge(self._board(position), trial_id, rung).decision
        return self._decisions[key]

    def promotion(self, position: Position) -> str | None:
        """The paused trial that goes on."""
        if position not in self._promotions:
            promotion = self._judge.promotion(self._board(position))
            self._promotions[position] = promotion.trial_id if promotion else None
        return self._promotions[position]

    def _board(self, position: Position) -> Board:
        state = SweepState(created=_CREATED)
        for trial, reports, (reached, status) in zip(
            self._family.setting.trials, self._reports, position, strict=True
        ):
            planned = TrialPlanned(
                trial_id=trial.trial_id,
                arm=trial.arm,
                parameters={"real_ratio": trial.real_ratio},
                seed=trial.seed,
            )
            state.trials[trial.trial_id] = TrialState(
                planned=planned,
                status=status,
                reports=dict(reports[:reached]),
                iteration=RUNGS[reached - 1] if reached else 0,
                ended=_ended(trial.trial_id, status, RUNGS[reached - 1]),
            )
        return Board(state, RUNGS, METRIC)


class OurDecider:
    """Drives one simulated sweep by the answers."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._position: list[Place] = [(0, "planned")] * len(answers.trials)

    def on_start(self, trial_id: str) -> None:
        self._move(trial_id, status="running")

    def on_report(self, trial_id: str, number: int, value: float) -> Decision:
        self._move(trial_id, reached=number + 1)
        if number + 1 == len(RUNGS):
            self._move(trial_id, status="finished")
            return "continue"
        decision = self._answers.decision(tuple(self._position), trial_id)
        if decision != "continue":
            self._move(trial_id, status="paused" if decision == "pause" else "stopped")
        return decision

    def on_room(self) -> str | None:
        return self._answers.promotion(tuple(self._position))

    def _move(self, trial_id: str, reached: int | None = None, status: TrialStatus | None = None) -> None:
        at = self._answers.trials[trial_id]
        before = self._position[at]
        self._position[at] = (before[0] if reached is None else reached, status or before[1])


def _reports(trial_id: str, values: Mapping[int, float]) -> Sequence[tuple[int, TrialReported]]:
    return [
        (
            rung,
            TrialReported(
                trial_id=trial_id,
                iteration=rung,
                metrics={METRIC: values[rung]},
                mixture={},
                counts={},
                seconds=0.0,
            ),
        )
        for rung in RUNGS
    ]


def _ended(trial_id: str, status: TrialStatus, iteration: int) -> TrialEnded | None:
    outcomes: dict[TrialStatus, TrialOutcome] = {"finished": "finished", "stopped": "stopped"}
    if status not in outcomes:
        return None
    return TrialEnded(trial_id=trial_id, outcome=outcomes[status], reason="", iteration=iteration)


_CREATED = SweepCreated(
    sweep_id="recorded",
    name="recorded",
    format=1,
    spec={},
    spec_text="",
    protocol_id="",
    regime_id="",
    versions={},
    git_revision=None,
)
