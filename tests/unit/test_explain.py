import math
from dataclasses import replace

import pytest

from sweep.errors import SweepError
from sweep.ledger.events import TrialPromoted
from sweep.stopping import Judgement, explain, judged_event
from tests.builders import sweep_state


def test_a_stopped_trial_is_explained_with_all_that_the_decision_rests_on() -> None:
    state = sweep_state(
        arms=[1.0, 0.5, 0.0],
        seeds=[0],
        curve=lambda parameters, _seed, iteration: 10 * parameters["real_ratio"] + iteration / 10,
        stopped={("real_ratio=0.0", 0): 150},
    )
    assert explain(state, "t002").splitlines() == [
        "t002: real_ratio=0.0, seed 0",
        "stopped, iteration 150 of 300",
        "Ended because: it is below the cut-off",
        "",
        "Rung 60: continue (rule asha)",
        "  it is not below the cut-off",
        "  val_miou 6.00, cut-off 16.00",
        "  2 peers at this rung when it was judged, best first:",
        "     16.00  t000  real_ratio=1.0, seed 0",
        "     11.00  t001  real_ratio=0.5, seed 0",
        "",
        "Rung 150: stop (rule asha)",
        "  it is below the cut-off",
        "  val_miou 15.00, cut-off 25.00",
        "  2 peers at this rung when it was judged, best first:",
        "     25.00  t000  real_ratio=1.0, seed 0",
        "     20.00  t001  real_ratio=0.5, seed 0",
    ]


def test_nan_peers_come_last_and_the_metric_is_named() -> None:
    values = {1.0: math.nan, 0.5: 20.0, 0.0: 10.0}
    state = sweep_state(
        arms=list(values),
        seeds=[0],
        rungs=[60],
        metric="val_aacc",
        curve=lambda p, *_: values[p["real_ratio"]],
    )
    assert "  1 peer at this rung when it was judged" in explain(state, "t001")
    text = explain(state, "t002")
    assert "  val_aacc 65.00, cut-off 70.00" in text
    assert text.index("t001  real_ratio=0.5") < text.index("   NaN  t000  real_ratio=1.0")


def test_a_first_trial_has_no_peers_and_no_cutoff() -> None:
    text = explain(sweep_state(arms=[1.0], seeds=[0], rungs=[60]), "t000")
    assert "cut-off none" in text
    assert "no peers had a value at this rung" in text


def test_faults_and_the_end_are_told() -> None:
    text = explain(sweep_state(arms=[1.0], seeds=[0], failed={("real_ratio=1.0", 0): 37}), "t000")
    assert "failed, iteration 37 of 300" in text
    assert "Ended because: image img/0007.jpg cannot be read" in text
    assert "  at iteration 37: image img/0007.jpg cannot be read" in text
    assert "has not been judged" in text


def test_a_stop_tells_the_chance_that_it_went_by() -> None:
    key = ("real_ratio=0.0", 0)
    text = explain(sweep_state(arms=[1.0, 0.0], seeds=[0], stopped={key: 60}, chances={key: 0.0312}), "t001")
    assert "Chance to overtake the leader then: 3.1 %" in text
    assert "  chance to overtake the leader by the end: 3.1 %" in text


def test_a_spared_trial_says_what_the_rule_would_have_done() -> None:
    key = ("real_ratio=0.0", 0)
    text = explain(sweep_state(arms=[1.0, 0.0], seeds=[0], spared=[key], chances={key: 0.0002}), "t001")
    assert "Spared: it should have been given up, and runs to the end" in text
    assert text.count("the rule alone would have said stop") == 1
    assert "chance to overtake the leader by the end: < 0.1 %" in text


def test_pauses_and_promotions_are_told_in_their_order() -> None:
    state = sweep_state(arms=[1.0, 0.0], seeds=[0], paused={("real_ratio=0.0", 0): 60}, outcome=None)
    assert "paused, iteration 60 of 300\n" in explain(state, "t001")
    assert "Rung 60: pause (rule asha)" in explain(state, "t001")
    state.apply(TrialPromoted(trial_id="t001", rung=60, reason="it has the best chance", spared=True))
    lines = explain(state, "t001").splitlines()
    assert lines[1] == "paused, iteration 60 of 300, promoted and about to go on"
    assert lines[-2:] == ["Rung 60: promoted (spared)", "  it has the best chance"]


def test_an_unknown_trial_is_refused_with_its_nearest_name() -> None:
    state = sweep_state(arms=[1.0], seeds=[0])
    with pytest.raises(SweepError, match="sweep 'fake' has no trial 't00'; did you mean 't000'"):
        explain(state, "t00")
    with pytest.raises(SweepError, match="its trials are: t000"):
        explain(state, "nonsense")


def test_peers_that_the_ledger_does_not_keep_are_found_in_its_reports() -> None:
    """Of a hundred and more, the judgement keeps their number alone."""
    state = sweep_state(arms=tuple(n / 149 for n in range(150)), rungs=(4,), validate_every=None)
    trial = list(state.trials.values())[-1]
    values = state.values_at(4, "val_miou")
    peers = {name: value for name, value in values.items() if name != trial.trial_id}
    judgement = Judgement(
        decision="continue", rule="asha", reason="", value=values[trial.trial_id], cutoff=None,
        peers=peers, proposed="continue", overtakes=None, spared=False,
    )  # fmt: skip
    event = judged_event(trial.trial_id, 4, judgement, time=trial.reports[4].time)
    assert (event.peers, event.peer_count) == ({}, 299)
    trial.judged = {4: event}
    text = explain(state, trial.trial_id)
    assert "299 peers at this rung when it was judged" in text
    assert "and 199 more" in text
    then = [name for name in peers if state.trials[name].reports[4].time <= event.time]
    assert max(then, key=lambda name: peers[name]) in text
    few = replace(judgement, peers=dict(list(peers.items())[:100]))
    assert judged_event(trial.trial_id, 4, few).peers == few.peers
