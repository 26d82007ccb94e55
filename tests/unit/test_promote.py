"""Pause and promote: whole sweeps on one worker."""

import math
from collections.abc import Mapping, Sequence

import pytest

from sweep.ledger.state import SweepState
from sweep.spec import EarlyStoppingConfig
from sweep.stopping import Curve, Judge, Promote
from sweep.stopping.aims import Winner
from sweep.stopping.rules import rule_of
from tests.rungs import RUNGS, curve_at, played

GOOD, CLOSE, BAD, HOPELESS = (40.0, 45.0, 48.0), (39.5, 44.5, 47.5), (30.0, 33.0, 35.0), (12.0, 13.0, 14.0)
FIELD = {"bad": BAD, "good": GOOD, "hopeless": HOPELESS, "close": CLOSE, "bad2": BAD}


def judge_of(spare: float = 0.0, **options: object) -> Judge:
    config = EarlyStoppingConfig.model_validate({"name": "promote", **options})
    return Judge(rule_of(config), spare=spare)


def iterations(state: SweepState) -> int:
    return sum(trial.iteration for trial in state.trials.values())


def promotions(state: SweepState) -> dict[str, int]:
    return {trial_id: len(trial.promotions) for trial_id, trial in state.trials.items() if trial.promotions}


@pytest.mark.parametrize("aim", ["winner", "curve"])
@pytest.mark.parametrize("order", [sorted(FIELD), sorted(FIELD, reverse=True)], ids=str)
def test_the_best_comes_to_the_end_and_the_hopeless_waits(aim: str, order: Sequence[str]) -> None:
    state = played(judge_of(aim=aim, tolerance=5.0), {name: FIELD[name] for name in order})
    assert max(iterations(state), 1) < 5 * RUNGS[-1], "something was saved"
    if aim == "winner":
        assert state.trials["good"].status == "finished"
        assert state.trials["hopeless"].status == "paused"
        assert state.trials["hopeless"].iteration == RUNGS[0]


def test_nobody_goes_beyond_the_first_rung_before_all_have_come_to_it() -> None:
    rule = rule_of(EarlyStoppingConfig(name="promote"))
    assert isinstance(rule, Promote)
    waits = curve_at("good", 40.0, paused=True)
    assert rule.promote([waits, curve_at("other", 20.0, paused=True), curve_at("new")], RUNGS) is None
    promotion = rule.promote([waits, curve_at("other", 20.0, paused=True)], RUNGS)
    assert promotion is not None and promotion.trial_id == "good"
    assert promotion.overtakes is not None and promotion.overtakes > 0.5


def test_who_has_diverged_stops_no_other_from_going_on() -> None:
    """A protected trial is NaN at its first rung and runs on."""
    rule = rule_of(EarlyStoppingConfig(name="promote"))
    assert isinstance(rule, Promote)
    curves = [curve_at("good", 40.0, paused=True), curve_at("protected", math.nan)]
    promotion = rule.promote(curves, RUNGS)
    assert promotion is not None and promotion.trial_id == "good"


def test_a_trial_that_would_be_promoted_at_once_is_not_paused() -> None:
    state = played(judge_of(), {"bad": BAD, "good": GOOD})
    assert [one.decision for one in state.trials["good"].judged.values()] == ["continue"] * 3
    assert not promotions(state)


def test_who_is_overtaken_while_it_waits_is_not_promoted_who_may_matter_is() -> None:
    state = played(judge_of(), {"bad": BAD, "close": CLOSE, "good": GOOD, "bad2": BAD})
    assert state.trials["good"].status == "finished"
    assert "close" in promotions(state) or state.trials["close"].status == "finished"
    assert not {"bad", "bad2"} & set(promotions(state))
    chances = [one.overtakes for trial in state.trials.values() for one in trial.promotions.values()]
    assert all(chance is not None and chance >= 0.05 for chance in chances)


@pytest.mark.parametrize("aim", ["winner", "curve"])
@pytest.mark.parametrize("spend", [0.3, 0.5, 0.8, 1.0])
def test_spend_is_what_is_spent_whatever_the_evidence(aim: str, spend: float) -> None:
    state = played(judge_of(aim=aim, spend=spend), FIELD)
    budget = spend * len(FIELD) * RUNGS[-1]
    longest_step = RUNGS[-1] - RUNGS[-2]
    assert iterations(state) <= budget + longest_step
    if aim == "curve" or spend == 1:  # the winner's rest may be too little to bring anybody to the end
        assert budget - longest_step <= iterations(state)
    if aim == "winner" and spend > 0.3:
        assert any(trial.status == "finished" for trial in state.trials.values())


class TestWhatMayStillBeSpent:
    """Of four trials at the first of four rungs; the numbers are whole trainings."""

    RUNGS = (100, 200, 300, 400)

    def choose(self, left: float, chances: Mapping[str, float], **reached: int) -> str | None:
        curves = [
            Curve(
                trial_id=name,
                arm=name,
                values=(40.0,) * 4,
                reached=count,
                open=count < 4,
                paused=count < 4,
            )
            for name, count in reached.items()
        ]
        choice = Winner(0.0).choose(curves, self.RUNGS, chances, left)
        return choice.trial_id if choice else None

    def test_the_favourite_goes_as_long_as_it_can_come_to_its_end(self) -> None:
        assert self.choose(0.75, {"a": 0.7, "b": 0.4}, a=1, b=1) == "a"

    def test_who_cannot_come_to_the_end_any_more_leaves_it_to_who_can(self) -> None:
        assert self.choose(0.5, {"a": 0.7, "b": 0.4}, a=1, b=2) == "b"

    def test_beside_the_favourite_only_what_leaves_its_rest(self) -> None:
        running = Curve(trial_id="a", arm="a", values=(40.0,) * 4, reached=1)
        other = Curve(trial_id="b", arm="b", values=(40.0,) * 4, reached=1, paused=True)
        chances = {"a": 0.7, "b": 0.4}
        assert Winner(0.0).choose([running, other], self.RUNGS, chances, 0.75) is not None
        assert Winner(0.0).choose([running, other], self.RUNGS, chances, 0.74) is None

    def test_where_the_leader_has_finished_nobody_starts_what_it_cannot_end(self) -> None:
        assert self.choose(0.5, {"a": 0.3, "b": 0.2}, a=1, b=2, leader=4) == "b"
        assert self.choose(0.49, {"a": 0.3, "b": 0.2}, a=1, b=2, leader=4) is None

    def test_where_nobody_can_come_to_the_end_the_best_goes_as_far_as_it_can(self) -> None:
        assert self.choose(0.25, {"a": 0.6, "b": 0.5}, a=1, b=1) == "a"


def test_the_baseline_runs_on_and_is_never_paused() -> None:
    state = played(judge_of(), FIELD, baseline=["hopeless"])
    assert state.trials["hopeless"].status == "finished"
    assert all(one.decision == "continue" for one in state.trials["hopeless"].judged.values())


def test_the_spared_come_to_the_end_when_all_else_is_over() -> None:
    state = played(judge_of(spare=1.0), FIELD)
    assert {trial.status for trial in state.trials.values()} == {"finished"}
    assert state.trials["hopeless"].spared and not state.trials["good"].spared


def test_what_one_more_value_would_tell_decides_for_the_curve() -> None:
    """Of trials that are equal but for how far they came, the promotion is stated with what is known."""
    ratios: Mapping[str, float] = {"a": 0.0, "b": 0.5, "c": 1.0}
    rule = rule_of(EarlyStoppingConfig(name="promote", aim="curve", tolerance=0.1))
    assert isinstance(rule, Promote)
    curves = [curve_at(name, 30.0, real_ratio=ratio, paused=True) for name, ratio in ratios.items()]
    promotion = rule.promote(curves, RUNGS)
    assert promotion is not None and promotion.trial_id in ratios
    assert "curve over real_ratio" in promotion.reason
    relaxed = rule_of(EarlyStoppingConfig(name="promote", aim="curve", tolerance=100.0))
    assert isinstance(relaxed, Promote) and relaxed.promote(curves, RUNGS) is None
