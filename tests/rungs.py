"""Trials at a rung and whole sweeps from plain numbers, for tests of stopping rules."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace

from sweep.ledger.events import (
    SweepCreated,
    TrialEnded,
    TrialJudged,
    TrialOutcome,
    TrialPlanned,
    TrialPromoted,
    TrialReported,
    TrialStarted,
)
from sweep.ledger.state import SweepState, replay
from sweep.stopping import Board, Candidate, Case, Curve, Judge, Peer

RUNGS = (60, 150, 300)

Curves = Mapping[str, Sequence[float]]
"""By trial id, values at the first rungs."""


def candidate_at(value: float, **changes: object) -> Candidate:
    plain = Candidate(
        trial_id="candidate",
        arm="real_ratio=0.1",
        seed=0,
        rung=60,
        value=value,
        protected=False,
        baseline=False,
        is_last_rung=False,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def peers_at(*given_values: float) -> list[Peer]:
    return [
        Peer(trial_id=f"peer-{i}", arm=f"real_ratio=0.{i + 2}", seed=0, value=value, baseline=i == 0)
        for i, value in enumerate(given_values)
    ]


def case_at(value: float, *others: float, **changes: object) -> Case:
    """At the first rung, every trial an arm of its own."""
    return Case(candidate=candidate_at(value, **changes), peers=peers_at(*others), rungs=RUNGS)


def curve_at(trial_id: str, *values: float, arm: str = "", **changes: object) -> Curve:
    """A running trial with values at the first rungs; finished if it has one at the last."""
    missing = (float("nan"),) * (len(RUNGS) - len(values))
    plain = Curve(
        trial_id=trial_id,
        arm=arm or trial_id,
        values=(*values, *missing),
        reached=len(values),
        open=len(values) < len(RUNGS),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def state_at(
    curves: Curves,
    *,
    rungs: Sequence[int] = RUNGS,
    arms: Mapping[str, str] | None = None,
    ended: Collection[str] = (),
    running: Collection[str] = (),
) -> SweepState:
    """A sweep in which trials have come as far as their values go; those with all of them have finished.

    `arms`: by trial id, each trial its own by default. `ended`: were stopped where their values end.
    `running`: have not ended even with all values.
    """
    state = replay([created_sweep("played")])
    for seed, trial_id in enumerate(curves):
        arm = (arms or {}).get(trial_id, trial_id)
        state.apply(TrialPlanned(trial_id=trial_id, arm=arm, parameters={"arm": arm}, seed=seed))
    for trial_id, values in curves.items():
        state.apply(TrialStarted(trial_id=trial_id, attempt=1, iteration=0, host="here"))
        for rung, value in zip(rungs, values, strict=False):
            state.apply(_reported(trial_id, rung, value))
        if trial_id in ended or (len(values) == len(rungs) and trial_id not in running):
            state.apply(
                _ended(trial_id, rungs[len(values) - 1], "stopped" if trial_id in ended else "finished")
            )
    return state


def board_at(
    state: SweepState,
    rungs: Sequence[int] = RUNGS,
    protected: Collection[str] = (),
    baseline: Collection[str] = (),
) -> Board:
    """`protected` and `baseline` name arms."""
    return Board(
        state,
        tuple(rungs),
        "val_miou",
        lambda parameters: parameters["arm"] in protected,
        lambda parameters: parameters["arm"] in baseline,
    )


def played(
    judge: Judge,
    curves: Curves,
    *,
    rungs: Sequence[int] = RUNGS,
    baseline: Collection[str] = (),
    protected: Collection[str] = (),
    arms: Mapping[str, str] | None = None,
) -> SweepState:
    """A whole sweep on one worker: trials come in the order of `curves`, which hold a value at every rung."""
    state = state_at(dict.fromkeys(curves, ()), rungs=rungs, arms=arms)
    board = board_at(state, rungs, protected=protected, baseline=baseline)
    for trial_id in curves:
        _train(state, board, judge, trial_id, curves[trial_id])
    while (promotion := judge.promotion(board)) is not None:
        rung = max(state.trials[promotion.trial_id].judged)
        state.apply(TrialPromoted(rung=rung, **asdict(promotion)))
        _train(state, board, judge, promotion.trial_id, curves[promotion.trial_id])
    return state


def _train(state: SweepState, board: Board, judge: Judge, trial_id: str, values: Sequence[float]) -> None:
    """Until the judge is against it, or to the end."""
    trial = state.trials[trial_id]
    state.apply(TrialStarted(trial_id=trial_id, attempt=trial.attempts + 1, iteration=0, host="here"))
    for rung, value in list(zip(board.rungs, values, strict=True))[len(trial.judged) :]:
        state.apply(_reported(trial_id, rung, value))
        judgement = judge.judge(board, trial_id, rung)
        state.apply(TrialJudged(trial_id=trial_id, rung=rung, **asdict(judgement)))
        if judgement.decision == "pause":
            return
        if judgement.decision == "stop":
            state.apply(_ended(trial_id, rung, "stopped"))
            return
    state.apply(_ended(trial_id, board.rungs[-1], "finished"))


def created_sweep(name: str) -> SweepCreated:
    """The first line of a ledger whose spec nobody reads."""
    return SweepCreated(
        sweep_id=name,
        name=name,
        format=1,
        spec={},
        spec_text="",
        protocol_id="",
        regime_id="",
        versions={},
        git_revision=None,
    )


def _ended(trial_id: str, rung: int, outcome: TrialOutcome) -> TrialEnded:
    return TrialEnded(trial_id=trial_id, outcome=outcome, reason="", iteration=rung)


def _reported(trial_id: str, rung: int, value: float) -> TrialReported:
    metrics = {"val_miou": value}
    return TrialReported(
        trial_id=trial_id, iteration=rung, metrics=metrics, mixture={}, counts={}, seconds=float(rung)
    )
