"""What early stopping saved, risked and showed: numbers, words, JSON and metrics."""

from collections.abc import Mapping
from typing import Any

import pytest

from sweep.analysis import analyse, telling_rung
from sweep.ledger.events import (
    STOPPED_BY_HAND,
    TrialEnded,
    TrialPromoted,
    TrialReopened,
    TrialReported,
    TrialStarted,
)
from sweep.ledger.state import SweepState
from sweep.report import comparison, latest_table_text, page
from sweep.report.audit import Audit, audit
from sweep.report.audit_words import audit_line, audit_section
from sweep.report.fits import Bullets, Grid
from sweep.report.machine import audit_json
from sweep.tracking.answers import audit_metrics
from tests.builders import sweep_state

FINALS = {1.0: 45.0, 0.5: 44.0, 0.25: 40.0, 0.125: 35.0, 0.0: 20.0}


def state_of(finals: Mapping[float, float] = FINALS, **changes: Any) -> SweepState:
    """One seed an arm; values grow towards the final one."""
    return sweep_state(
        **{
            "arms": list(finals),
            "seeds": [0],
            "curve": lambda parameters, _seed, i: finals[parameters["real_ratio"]] * (0.7 + i / 1000),
            "validate_every": None,
            **changes,
        }
    )


STOPPED = {("real_ratio=0.0", 0): 60, ("real_ratio=0.125", 0): 150}
CHANCES = {("real_ratio=0.0", 0): 0.001, ("real_ratio=0.125", 0): 0.03}


def continued(state: SweepState, trial_id: str, final: float) -> None:
    """A stopped trial goes on to the end on request."""
    report = state.trials["t000"].reports[300]
    state.apply(TrialReopened(trial_id=trial_id, to_the_end=True))
    state.apply(TrialStarted(trial_id=trial_id, attempt=2, iteration=60, host="here"))
    state.apply(
        TrialReported(
            trial_id=trial_id,
            iteration=300,
            metrics={**report.metrics, "val_miou": final},
            mixture=report.mixture,
            counts=report.counts,
            seconds=150.0,
        )
    )
    state.apply(TrialEnded(trial_id=trial_id, outcome="finished", reason="", iteration=300))


class TestSavings:
    def test_they_are_what_stopped_trials_had_left(self) -> None:
        saved = audit(state_of(stopped=STOPPED)).savings
        assert (saved.trials, saved.iterations) == (2, 240 + 150)
        assert saved.share == pytest.approx(390 / 1500)
        assert saved.trial_hours == pytest.approx(390 * 0.5 / 3600), "half a second an iteration"
        assert saved.gpu_hours is None, "these trials use no GPU"

    def test_gpu_hours_go_by_the_share_of_a_gpu_that_a_trial_has(self) -> None:
        state = state_of(stopped=STOPPED)
        state.created.spec["resources"]["gpus_per_trial"] = 0.5
        assert audit(state).savings.gpu_hours == pytest.approx(390 * 0.5 / 3600 / 2)

    def test_hours_are_unknown_where_nobody_took_the_time(self) -> None:
        state = state_of(stopped=STOPPED)
        state.trials["t004"].seconds = 0.0
        assert audit(state).savings.trial_hours is None

    def test_what_somebody_stopped_by_hand_or_failed_was_not_saved_by_a_rule(self) -> None:
        state = state_of(failed={("real_ratio=0.125", 0): 80}, running={("real_ratio=0.0", 0): 100})
        state.apply(TrialEnded(trial_id="t004", outcome="stopped", reason="by hand", iteration=100))
        assert audit(state).is_empty

    def test_a_paused_trial_that_somebody_stopped_was_not_saved_by_a_rule(self) -> None:
        state = state_of(paused={("real_ratio=0.0", 0): 60}, chances=CHANCES, outcome=None)
        state.apply(TrialEnded(trial_id="t004", outcome="stopped", reason=STOPPED_BY_HAND, iteration=60))
        found = audit(state)
        assert (found.savings.trials, found.risk.reckoned, found.risk.unreckoned) == (0, 0, 0)

    def test_a_paused_trial_saves_nothing_until_it_is_given_up(self) -> None:
        state = state_of(paused={("real_ratio=0.0", 0): 60}, chances=CHANCES, outcome=None)
        saved = audit(state).savings
        assert (saved.trials, saved.iterations, saved.waiting) == (0, 0, 1)
        state.apply(TrialEnded(trial_id="t004", outcome="stopped", reason="", iteration=60, overtakes=0.001))
        found = audit(state)
        assert (found.savings.trials, found.savings.iterations, found.savings.waiting) == (1, 240, 0)
        assert found.risk.expected == pytest.approx(0.001)


class TestRisk:
    def test_it_is_the_sum_of_the_chances_of_those_that_were_stopped(self) -> None:
        risk = audit(state_of(stopped=STOPPED, chances=CHANCES)).risk
        assert risk.expected == pytest.approx(0.031)
        assert (risk.reckoned, risk.unreckoned, risk.largest) == (2, 0, 0.03)

    def test_who_was_stopped_without_a_chance_is_counted_apart(self) -> None:
        some = {("real_ratio=0.125", 0): 0.03}
        risk = audit(state_of(stopped=STOPPED, chances=some)).risk
        assert (risk.expected, risk.reckoned, risk.unreckoned) == (0.03, 1, 1)


class TestEvidence:
    def spared(self, *finals: float, chance: float = 0.02) -> Audit:
        """Spared trials that end so; 45 leads."""
        arms = {1.0: 45.0} | {0.1 + number / 100: final for number, final in enumerate(finals)}
        keys = [(f"real_ratio={ratio}", 0) for ratio in list(arms)[1:]]
        return audit(state_of(arms, spared=keys, chances=dict.fromkeys(keys, chance)))

    def test_it_counts_spared_trials_that_end_above_the_leader(self) -> None:
        found = self.spared(44.0, 45.5, 30.0).spared
        assert [one.above for one in found.trials] == [False, True, False]
        assert (found.above, len(found.ended)) == (1, 3)

    def test_the_interval_is_that_of_clopper_and_pearson(self) -> None:
        low, high = self.spared(*[30.0] * 10).spared.interval or (1, 0)
        assert low == 0.0
        assert high == pytest.approx(1 - 0.025 ** (1 / 10))

    def test_two_spared_ones_above_the_leader_are_two_mistakes_though_one_is_above_the_other(self) -> None:
        assert self.spared(46.0, 47.0).spared.above == 2

    def test_chances_that_were_too_low_show(self) -> None:
        right, wrong = self.spared(44.0, 43.0, 42.0).spared, self.spared(46.0, 47.0, 42.0).spared
        assert right.expected == wrong.expected == pytest.approx(0.06)
        assert right.p_value == pytest.approx(1.0)
        assert wrong.p_value == pytest.approx(3 * 0.02**2 * 0.98 + 0.02**3)

    def test_seeds_of_an_arm_count_by_their_mean(self) -> None:
        """The lucky seed of a bad arm is no winner."""
        finals = {(1.0, 0): 45.0, (1.0, 1): 45.0, (0.0, 0): 46.0, (0.0, 1): 30.0}
        keys = [("real_ratio=0.0", 0), ("real_ratio=0.0", 1)]
        changes: dict[str, Any] = {
            "arms": [1.0, 0.0],
            "seeds": [0, 1],
            "curve": lambda parameters, seed, i: finals[parameters["real_ratio"], seed] * (0.7 + i / 1000),
            "spared": keys,
        }
        state = sweep_state(**changes)
        assert [one.above for one in audit(state).spared.trials] == [False, False]
        state.created.spec["early_stopping"]["seeds_together"] = False
        assert [one.above for one in audit(state).spared.trials] == [True, False]

    def test_seeds_judged_together_are_one_piece_of_evidence(self) -> None:
        """They share their chance and their fate: three in a row are no stranger than one."""
        finals = {1.0: 45.0, 0.0: 46.0}
        keys = [("real_ratio=0.0", seed) for seed in (0, 1, 2)]
        changes: dict[str, Any] = {
            "arms": [1.0, 0.0],
            "seeds": [0, 1, 2],
            "curve": lambda parameters, _seed, i: finals[parameters["real_ratio"]] * (0.7 + i / 1000),
            "spared": keys,
            "chances": dict(zip(keys, (0.02, 0.03, 0.01), strict=True)),
        }
        state = sweep_state(**changes)
        found = audit(state).spared
        assert (found.above, len(found.ended)) == (3, 3)
        assert found.expected == found.p_value == pytest.approx(0.03)
        assert found.interval == pytest.approx((0.025, 1.0))
        (told,) = [line for line in TestWords().bullets(state).splitlines() if "By the chances" in line]
        assert "0.03 of their 1 arm were to end above the leader, and were they right, 1 or more" in told
        state.created.spec["early_stopping"]["seeds_together"] = False
        assert audit(state).spared.p_value == pytest.approx(0.02 * 0.03 * 0.01)

    def test_who_has_not_ended_is_not_told_of(self) -> None:
        key = ("real_ratio=0.0", 0)
        found = audit(state_of(spared=[key], running={key: 200}, outcome=None)).spared
        assert (len(found.trials), found.ended, found.interval) == (1, (), None)
        failed = audit(state_of(spared=[key], failed={key: 200})).spared
        assert (len(failed.trials), failed.ended) == (1, ())

    def test_continued_trials_are_evidence_apart(self) -> None:
        state = state_of(stopped=STOPPED, chances=CHANCES)
        continued(state, "t004", final=50.0)
        found = audit(state)
        (one,) = found.continued.trials
        assert (one.trial_id, one.overtakes, one.above) == ("t004", 0.001, True)
        assert not found.spared.trials
        assert found.savings.trials == found.risk.reckoned == 1, "it is no longer stopped"

    def test_who_was_stopped_by_hand_and_continued_says_nothing_of_the_rule(self) -> None:
        state = state_of(running={("real_ratio=0.0", 0): 100})
        state.apply(TrialEnded(trial_id="t004", outcome="stopped", reason="by hand", iteration=100))
        continued(state, "t004", final=50.0)
        assert not audit(state).continued.trials

    def test_who_was_continued_while_it_was_paused_had_not_been_given_up(self) -> None:
        paused: dict[str, Any] = {"paused": {("real_ratio=0.0", 0): 60}, "chances": CHANCES, "outcome": None}
        state = state_of(**paused)
        continued(state, "t004", final=50.0)
        assert state.trials["t004"].continued
        assert not audit(state).continued.trials

        given_up = state_of(**paused)
        given_up.apply(TrialEnded(trial_id="t004", outcome="stopped", reason="given up", iteration=60))
        continued(given_up, "t004", final=50.0)
        assert [one.above for one in audit(given_up).continued.trials] == [True]

        by_hand = state_of(**paused)
        by_hand.apply(TrialEnded(trial_id="t004", outcome="stopped", reason=STOPPED_BY_HAND, iteration=60))
        continued(by_hand, "t004", final=50.0)
        assert not audit(by_hand).continued.trials

    def test_a_promoted_trial_was_not_given_up_but_a_spared_one_was(self) -> None:
        key = ("real_ratio=0.0", 0)
        for spared in (False, True):
            state = state_of(paused={key: 60}, chances=CHANCES, outcome=None)
            state.apply(TrialPromoted(trial_id="t004", rung=60, reason="", overtakes=0.002, spared=spared))
            continued(state, "t004", final=30.0)
            state.trials["t004"].continued = False
            found = audit(state)
            assert found.promoted == 1
            assert [one.overtakes for one in found.spared.trials] == [0.002] * spared


class TestWords:
    def bullets(self, state: SweepState) -> str:
        first = audit_section(state).blocks[0]
        assert isinstance(first, Bullets)
        return "\n".join(first.items)

    def test_all_of_it(self) -> None:
        key = ("real_ratio=0.25", 0)
        state = state_of(stopped=STOPPED, spared=[key], chances={**CHANCES, key: 0.04})
        text = self.bullets(state)
        assert "It saved 390 iterations (26 % of all trials to the end) and about 0.054 hours" in text
        assert "It risked 0.03 trials: the sum, over 2 stopped trials, of the chance that its arm" in text
        assert "0 of 1 trial ended above the leader; of all such trials 0 % to 98 % would (95 %" in text
        assert "By the chances reckoned then 0.04 of these were to end above the leader, which does" in text
        grid = audit_section(state).blocks[1]
        assert isinstance(grid, Grid)
        assert grid.rows == (("t002", "spared", "4.0 %", "no"),)

    def test_without_spared_trials_it_says_what_would_measure(self) -> None:
        text = self.bullets(state_of(stopped=STOPPED))
        assert "was not measured, since no trial was spared. early_stopping.spare: 0.1 would" in text
        assert "For 2 trials no chance to overtake the leader was reckoned when they were stopped" in text

    def test_where_nothing_was_stopped_one_sentence_says_so(self) -> None:
        assert audit_section(state_of()).blocks == (
            "No trial was stopped: nothing was saved, and nothing risked.",
        )
        waiting = state_of(waiting=[(f"real_ratio={ratio}", 0) for ratio in FINALS], outcome=None)
        assert audit_section(waiting).blocks == ("No trial has been judged, so nothing was saved or risked.",)
        assert audit_line(waiting) == ""

    def test_chances_that_were_too_low_are_said_to_be(self) -> None:
        keys = [("real_ratio=0.25", 0), ("real_ratio=0.125", 0)]
        state = state_of(FINALS | {0.25: 46.0, 0.125: 47.0}, spared=keys, chances=dict.fromkeys(keys, 0.02))
        assert "2 or more would with a probability of < 0.1 % alone: they were too low" in self.bullets(state)

    def test_of_continued_trials_it_counts_and_infers_nothing(self) -> None:
        state = state_of(stopped=STOPPED, chances=CHANCES)
        continued(state, "t004", final=50.0)
        (told,) = [line for line in self.bullets(state).splitlines() if "continued on request" in line]
        assert "1 of 1 trial ended above the leader. Somebody chose them, so that nothing follows" in told
        assert "By the chances reckoned then" not in self.bullets(state)

    def test_the_line_on_the_terminal_and_the_page_have_it(self) -> None:
        state = state_of(stopped=STOPPED, chances=CHANCES)
        line = (
            "Early stopping saved 390 iterations (26 % of all trials to the end) and about 0.054 hours of "
            "training by stopping 2 trials. Expected number of stopped trials that would have overtaken the "
            "leader: 0.03."
        )
        assert audit_line(state) == line
        assert latest_table_text(state, width=400).endswith(line)
        text = page(state, analysis=analyse(state, telling_rung(state)))
        assert "## What early stopping saved and risked\n\n- It saved 390 iterations" in text


def test_machines_get_the_same_numbers() -> None:
    key = ("real_ratio=0.25", 0)
    state = state_of(stopped=STOPPED, spared=[key], chances={**CHANCES, key: 0.04})
    found = comparison(state, 300)["early_stopping"]
    assert found == audit_json(audit(state))
    assert (found["stopped"], found["saved_iterations"], found["risk_not_reckoned"]) == (2, 390, 0)
    assert found["risk"] == pytest.approx(0.031)
    assert found["spared"]["trials"] == [
        {"trial_id": "t002", "arm": "real_ratio=0.25", "overtakes": 0.04, "above": False}
    ]
    assert found["continued"] == {"trials": [], "ended": 0, "above": 0}
    metrics = audit_metrics(state)
    assert metrics["audit/risk"] == pytest.approx(0.031)
    assert (metrics["audit/saved_iterations"], metrics["audit/spared_ended"]) == (390, 1)
    assert "audit/saved_gpu_hours" not in metrics


def test_a_risk_that_nobody_reckoned_is_not_0() -> None:
    state = state_of(stopped=STOPPED)
    assert audit_json(audit(state))["risk"] is None
    assert "audit/risk" not in audit_metrics(state)
    assert audit_metrics(state_of())["audit/risk"] == 0.0
