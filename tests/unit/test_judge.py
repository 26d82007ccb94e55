"""What the judge adds to every rule: protection, patience, spared trials, what becomes of paused ones."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import pytest

from sweep.ledger.events import Decision, TrialJudged, TrialPromoted, TrialReported
from sweep.ledger.state import SweepState
from sweep.stopping import Board, Case, Curve, Judge, Judgement, Promotion, Proposal
from tests.rungs import RUNGS, board_at, played, state_at


@dataclass(frozen=True)
class Always:
    """A rule that says the same to everybody, and remembers what it was asked."""

    decision: Decision = "stop"
    asked: list[Case] = field(default_factory=list)
    name = "always"

    def propose(self, case: Case) -> Proposal:
        self.asked.append(case)
        return Proposal(decision=self.decision, reason="I say so", cutoff=99.0, overtakes=0.125)


@dataclass(frozen=True)
class Queue:
    """A rule that pauses everybody and promotes the given ones, once each."""

    next_ones: list[str]
    name = "queue"

    def propose(self, case: Case) -> Proposal:
        return Proposal(decision="pause", reason="waits", overtakes=0.25)

    def promote(self, curves: Sequence[Curve], rungs: tuple[int, ...]) -> Promotion | None:
        return Promotion(trial_id=self.next_ones.pop(0), reason="its turn") if self.next_ones else None

    def chances(self, curves: Sequence[Curve], rungs: tuple[int, ...]) -> dict[str, float]:
        return {curve.trial_id: 0.25 for curve in curves if curve.open}


class OnceNothingRuns(Queue):
    """Promotes nobody beside others."""

    def promote(self, curves: Sequence[Curve], rungs: tuple[int, ...]) -> Promotion | None:
        return None if any(curve.running for curve in curves) else super().promote(curves, rungs)


OTHERS = {"t0": (30.0,), "t1": (31.0,)}


def test_a_stop_carries_all_that_it_rests_on() -> None:
    judgement = Judge(Always()).judge(board_at(state_at({**OTHERS, "own": (20.0,)})), "own", RUNGS[0])
    assert judgement == Judgement(
        decision="stop",
        rule="always",
        reason="I say so",
        value=20.0,
        cutoff=99.0,
        peers={"t0": 30.0, "t1": 31.0},
        proposed="stop",
        overtakes=0.125,
        spared=False,
    )


@pytest.mark.parametrize(
    ("board", "why"),
    [
        (board_at(state_at({**OTHERS, "own": (20.0,)}), baseline=["own"]), "own is the baseline"),
        (board_at(state_at({**OTHERS, "own": (20.0,)}), protected=["own"]), "own is protected"),
        (board_at(state_at({"t0": (30.0,), "own": (20.0,)})), "1 other trial has a value at rung 60, and"),
        (board_at(state_at({"own": (20.0,)})), "0 other trials have a value at rung 60, and min_peers is 2"),
    ],
)
def test_a_rule_is_not_even_asked_about_what_must_go_on(board: Board, why: str) -> None:
    rule = Always()
    judgement = Judge(rule, min_peers=2).judge(board, "own", RUNGS[0])
    assert (judgement.decision, judgement.proposed, judgement.overtakes) == ("continue", "continue", None)
    assert judgement.reason.startswith(why)
    assert not rule.asked


def test_a_pause_needs_no_peers() -> None:
    board = board_at(state_at({"own": (20.0,)}))
    assert Judge(Queue([]), min_peers=3).judge(board, "own", RUNGS[0]).decision == "pause"


class TestPatience:
    def judgements(self, patience: int, *against: bool) -> list[Judgement]:
        """At rung after rung, the rule being against the trial or not."""
        rungs = tuple(range(10, 10 * len(against) + 20, 10))
        values = [1.0] * len(against)
        state = state_at({"t0": values, "own": values}, rungs=rungs)
        board, found = board_at(state, rungs), []
        for rung, stop in zip(rungs, against, strict=False):
            judge = Judge(Always("stop" if stop else "continue"), patience=patience)
            found.append(judge.judge(board, "own", rung))
            state.apply(TrialJudged(trial_id="own", rung=rung, **asdict(found[-1])))
        return found

    def test_the_rule_must_be_against_it_at_that_many_rungs(self) -> None:
        found = self.judgements(3, True, True, True)
        assert [one.decision for one in found] == ["continue", "continue", "stop"]
        assert [one.proposed for one in found] == ["stop", "stop", "stop"]
        assert found[0].reason == "I say so; at 1 rung in a row, and patience is 3"
        assert found[1].reason.endswith("at 2 rungs in a row, and patience is 3")
        assert found[2].reason == "I say so"

    def test_they_must_be_in_a_row(self) -> None:
        found = self.judgements(2, True, False, True, True)
        assert [one.decision for one in found] == ["continue", "continue", "continue", "stop"]

    def test_a_patience_of_1_waits_for_nothing(self) -> None:
        assert [one.decision for one in self.judgements(1, True)] == ["stop"]


class TestSpare:
    def spared(self, share: float, seed: int = 0) -> set[str]:
        """Of 400 trials, each in a sweep of its own."""
        judge = Judge(Always(), min_peers=0, spare=share, seed=seed)
        boards = {name: board_at(state_at({name: (30.0,)})) for name in (f"t{i:03d}" for i in range(400))}
        found = {trial_id: judge.judge(board, trial_id, RUNGS[0]) for trial_id, board in boards.items()}
        assert all((one.decision == "continue") == one.spared for one in found.values())
        return {trial_id for trial_id, one in found.items() if one.spared}

    def test_about_the_share_that_was_asked_for_runs_on(self) -> None:
        trials, share = 400, 0.25
        sd = math.sqrt(trials * share * (1 - share))
        assert abs(len(self.spared(share)) - trials * share) < 4 * sd
        assert self.spared(0.0) == set()
        assert len(self.spared(1.0)) == trials

    def test_they_are_the_same_in_every_driver_and_others_in_another_sweep(self) -> None:
        assert self.spared(0.25) == self.spared(0.25)
        assert self.spared(0.25) != self.spared(0.25, seed=1)
        assert self.spared(0.1) < self.spared(0.25), "who asks for more gets the same ones and others"

    def test_a_spared_trial_says_so_and_runs_to_the_end(self) -> None:
        curves = {"t0": (30.0, 40.0, 50.0), "own": (20.0, 20.0, 20.0)}
        state = played(Judge(Always(), spare=1.0), curves)
        own = state.trials["own"]
        assert own.spared and own.status == "finished"
        assert own.judged[RUNGS[0]].reason == "I say so; spared, to show whether that would have been right"
        assert (own.judged[RUNGS[0]].proposed, own.judged[RUNGS[0]].overtakes) == ("stop", 0.125)
        assert own.judged[RUNGS[1]].reason == "own was spared before, so it runs to the end"

    def test_patience_comes_first(self) -> None:
        state = played(
            Judge(Always(), spare=1.0, patience=2), {"t0": (1.0, 1.0, 1.0), "own": (1.0, 1.0, 1.0)}
        )
        judged = state.trials["own"].judged
        assert [judged[rung].spared for rung in RUNGS] == [False, True, False]


class TestPromotion:
    def paused(self, *trial_ids: str, running: Sequence[str] = ()) -> SweepState:
        state = state_at({trial_id: (30.0,) for trial_id in (*trial_ids, *running)})
        board = board_at(state)
        for trial_id in trial_ids:
            judgement = Judge(Queue([])).judge(board, trial_id, RUNGS[0])
            state.apply(TrialJudged(trial_id=trial_id, rung=RUNGS[0], **asdict(judgement)))
        return state

    def test_it_is_what_the_rule_says(self) -> None:
        board = board_at(self.paused("a", "b"))
        assert Judge(Queue(["b"])).promotion(board) == Promotion(trial_id="b", reason="its turn")
        assert Judge(Queue([])).promotion(board) is None

    def test_a_rule_that_does_not_pause_promotes_nobody(self) -> None:
        judge, board = Judge(Always()), board_at(self.paused("a"))
        assert judge.promotion(board) is None
        assert judge.chances(board) == {}

    def test_without_paused_trials_there_is_nobody_to_promote(self) -> None:
        assert Judge(Queue(["a"])).promotion(board_at(state_at({"a": (30.0,)}))) is None

    def test_chances_are_those_of_the_rule(self) -> None:
        board = board_at(self.paused("a", running=["b"]))
        assert Judge(Queue([])).chances(board) == {"a": 0.25, "b": 0.25}

    def test_what_is_given_up_may_be_spared_once_nothing_runs(self) -> None:
        judge = Judge(Queue([]), spare=1.0)
        assert judge.promotion(board_at(self.paused("a", running=["b"]))) is None
        promotion = judge.promotion(board_at(self.paused("a")))
        assert promotion is not None and promotion.spared and promotion.overtakes == 0.25
        assert promotion.reason == "given up, but spared, to show whether that would have been right"

    def test_a_promoted_trial_counts_as_running_until_it_starts(self) -> None:
        state = self.paused("a", "b")
        state.apply(TrialPromoted(trial_id="a", rung=RUNGS[0], reason=""))
        curves = {curve.trial_id: curve for curve in board_at(state).curves()}
        assert curves["a"].running and not curves["b"].running
        assert Judge(Queue([]), spare=1.0).promotion(board_at(state)) is None

    def test_spared_ones_run_side_by_side(self) -> None:
        judge, state = Judge(Queue([]), spare=1.0), self.paused("a", "b", "c")
        for trial_id in ("a", "b", "c"):
            promotion = judge.promotion(board_at(state))
            assert promotion is not None and promotion.spared and promotion.trial_id == trial_id
            assert promotion.overtakes == 0.25
            state.apply(TrialPromoted(rung=RUNGS[0], **asdict(promotion)))
        assert judge.promotion(board_at(state)) is None

    def test_beside_one_that_is_not_spared_nobody_is_given_up(self) -> None:
        state = self.paused("a", "b", running=["c"])
        state.apply(TrialPromoted(trial_id="a", rung=RUNGS[0], reason="", spared=True))
        assert Judge(Queue([]), spare=1.0).promotion(board_at(state)) is None

    def test_while_spared_ones_run_nobody_is_given_up_whom_the_rule_wants_once_nothing_runs(self) -> None:
        state = self.paused("a", "b", "c")
        state.apply(TrialPromoted(trial_id="a", rung=RUNGS[0], reason="", spared=True))
        rule = OnceNothingRuns(["b"])
        assert Judge(rule, spare=1.0).promotion(board_at(state)) is None
        assert not rule.next_ones, "it was asked as if nothing ran"

    def test_a_spared_one_is_not_paused_again(self) -> None:
        state = played(Judge(Queue([]), spare=1.0), {"a": (30.0, 31.0, 32.0), "b": (20.0, 21.0, 22.0)})
        assert [trial.status for trial in state.trials.values()] == ["finished", "finished"]
        assert all(trial.spared for trial in state.trials.values())


def test_nan_is_judged_like_any_value() -> None:
    board = board_at(state_at({**OTHERS, "own": ()}))
    board.state.apply(_nan_report())
    judgement = Judge(Always()).judge(board, "own", RUNGS[0])
    assert judgement.decision == "stop" and math.isnan(judgement.value)


def _nan_report() -> TrialReported:
    return TrialReported(
        trial_id="own", iteration=RUNGS[0], metrics={"val_miou": math.nan}, mixture={}, counts={}, seconds=1.0
    )
