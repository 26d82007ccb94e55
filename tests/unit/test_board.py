"""What a stopping rule sees of a sweep."""

import math
from collections.abc import Mapping

from sweep.ledger.events import TrialJudged, TrialPlanned, TrialPromoted, TrialReopened, TrialReported
from sweep.ledger.state import SweepState
from sweep.plan import rungs
from sweep.spec import Spec
from sweep.stopping import Board, Curve, board_of
from tests.builders import sweep_state
from tests.rungs import RUNGS, board_at, state_at

VALUES = {"t0": (30.0, 33.0, 35.0), "t1": (28.0, 29.0), "t2": (31.0,), "t3": ()}


def curves_of(board: Board) -> Mapping[str, Curve]:
    return {curve.trial_id: curve for curve in board.curves()}


def report(trial_id: str, iteration: int, value: float) -> TrialReported:
    return TrialReported(
        trial_id=trial_id,
        iteration=iteration,
        metrics={"val_miou": value},
        mixture={},
        counts={},
        seconds=1.0,
    )


def pause(state: SweepState, trial_id: str) -> None:
    state.apply(
        TrialJudged(
            trial_id=trial_id, rung=60, decision="pause", rule="r", reason="", value=30.0, cutoff=None
        )
    )


def test_peers_are_whoever_was_validated_at_exactly_the_rung() -> None:
    board = board_at(state_at(VALUES, ended=["t1"]), baseline=["t0"])
    board.state.apply(report("t3", 59, 99.0))
    case = board.case("t2", 60)
    assert {peer.trial_id: (peer.value, peer.baseline) for peer in case.peers} == {
        "t0": (30.0, True),
        "t1": (28.0, False),
    }
    assert [peer.trial_id for peer in board.case("t1", 150).peers] == ["t0"]


def test_the_candidate_is_what_the_plan_says_of_it() -> None:
    board = board_at(state_at(VALUES), protected=["t1"], baseline=["t0"])
    first = board.case("t0", 300).candidate
    assert (first.baseline, first.protected, first.is_last_rung) == (True, False, True)
    second = board.case("t1", 60).candidate
    assert (second.baseline, second.protected, second.is_last_rung) == (False, True, False)
    assert (second.arm, second.seed, second.value, second.metric) == ("t1", 1, 28.0, "val_miou")


def test_curves_hold_what_was_measured_at_rungs() -> None:
    board = board_at(state_at(VALUES, ended=["t1"]))
    curves = curves_of(board)
    assert curves["t0"].values == (30.0, 33.0, 35.0)
    assert [math.isnan(value) for value in curves["t1"].values] == [False, False, True]
    assert [curve.reached for curve in curves.values()] == [3, 2, 1, 0]
    assert [curve.open for curve in curves.values()] == [False, False, True, True]


def test_curves_follow_the_sweep() -> None:
    board = board_at(state_at(VALUES))
    before = curves_of(board)["t2"]
    board.state.apply(report("t2", 90, 99.0))
    assert curves_of(board)["t2"] == before or math.isnan(before.values[1])
    assert curves_of(board)["t2"].reached == 1, "iteration 90 is no rung"
    board.state.apply(report("t2", 150, math.nan))
    assert curves_of(board)["t2"].reached == 2, "it came to the rung, though it measured NaN there"
    board.state.apply(report("t2", 300, 34.0))
    assert curves_of(board)["t2"].values[2] == 34.0
    board.state.apply(TrialPlanned(trial_id="new", arm="new", parameters={"arm": "new"}, seed=9))
    assert curves_of(board)["new"].reached == 0


def test_a_paused_trial_is_open_but_does_not_run_until_it_is_promoted() -> None:
    board = board_at(state_at(VALUES))
    pause(board.state, "t2")
    paused = curves_of(board)["t2"]
    assert (paused.open, paused.paused, paused.running) == (True, True, False)
    board.state.apply(TrialPromoted(trial_id="t2", rung=60, reason=""))
    assert curves_of(board)["t2"].running
    board.state.interrupt_trials()
    assert curves_of(board)["t2"].running, "it will go on whatever the rule says"


def test_a_pause_outlives_the_driver() -> None:
    board = board_at(state_at(VALUES))
    pause(board.state, "t2")
    board.state.interrupt_trials()
    assert curves_of(board)["t2"].paused


def test_a_continued_trial_says_so() -> None:
    board = board_at(state_at(VALUES, ended=["t1"]))
    assert not board.case("t1", 150).candidate.continued
    board.state.apply(TrialReopened(trial_id="t1", to_the_end=True))
    assert board.case("t1", 150).candidate.continued


def test_controls_are_neither_peers_nor_curves() -> None:
    state = state_at(VALUES)
    control = {"arm": "control", "control": "copy"}
    state.apply(TrialPlanned(trial_id="c", arm="control", parameters=control, seed=0))
    state.apply(report("c", 60, 50.0))
    board = board_at(state)
    assert "c" not in curves_of(board)
    assert "c" not in {peer.trial_id for peer in board.case("t2", 60).peers}


def test_the_board_of_a_spec_knows_its_rungs_and_its_baseline() -> None:
    state = sweep_state(arms=[1.0, 0.5], seeds=[0], running={("real_ratio=0.5", 0): 60}, outcome=None)
    spec = Spec.model_validate(state.created.spec)
    board = board_of(state, spec)
    assert board.rungs == rungs(spec) == RUNGS
    assert board.case("t000", 60).candidate.baseline
    assert not board.case("t001", 60).candidate.baseline
    assert [curve.reached for curve in board.curves()] == [3, 1]
