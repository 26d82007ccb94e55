"""Recorded sweeps through our judge: the same decisions as live, whatever is replayed."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sweep.analysis import analyse
from sweep.errors import LedgerError, SourceError
from sweep.importers import state_of_csv
from sweep.ledger import Ledger, SweepState, replay
from sweep.ledger.events import Event, TrialJudged, TrialPromoted
from sweep.simulation import (
    Recording,
    recording_of,
    rejudge,
    run_judged,
    simulate,
    simulation_json,
    simulation_notes,
)
from sweep.simulation.curve_error import CurveError
from sweep.simulation.loop import Outcome
from sweep.simulation.memory import RememberingJudge
from sweep.simulation.score import best_trial, mean_of, score, share_of
from sweep.spec import Spec, spec_from_dict
from sweep.stopping import judge_of
from tests.builders import sweep_state

RULES = ("none", "asha", "median", "guarded", "promote")
EASILY_STOPPED: dict[str, Any] = {"min_peers": 1, "noise_sd": 0.0, "reduction_factor": 4.0}


def spec_of(state: SweepState, **stopping: Any) -> Spec:
    recorded = state.created.spec
    return spec_from_dict({**recorded, "early_stopping": {**recorded["early_stopping"], **stopping}})


def replayed(
    state: SweepState, order: list[str] | None = None, workers: int = 2, **stopping: Any
) -> tuple[Outcome, list[Event], Spec, Recording]:
    spec = spec_of(state, **stopping)
    recording = recording_of(state, spec)
    created = recording.created_with(spec.early_stopping)
    outcome, sweep = run_judged(recording, created, judge_of(spec), order or list(recording.planned), workers)
    return outcome, sweep.events, spec, recording


def shuffled(state: SweepState, seed: int) -> list[str]:
    names = list(state.trials)
    return [names[at] for at in np.random.default_rng(seed).permutation(len(names))]


@pytest.fixture(scope="module")
def whole() -> SweepState:
    """Ten trials, five arms with two seeds, all to the end."""
    return sweep_state(validate_every=None)


@pytest.fixture
def few_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fits take most of the time of a simulation."""
    monkeypatch.setattr("sweep.simulation.comparison.ORDERS_OF_CURVES", 1)


@pytest.mark.parametrize("rule", RULES)
def test_a_simulated_ledger_is_one_that_its_judge_agrees_with(
    whole: SweepState, rule: str, tmp_path: Path
) -> None:
    outcome, events, spec, _ = replayed(whole, shuffled(whole, 3), name=rule, **EASILY_STOPPED)
    ledger = Ledger(tmp_path / "ledger.jsonl")
    for event in events:
        ledger.append(event)
    assert rejudge(ledger.read(), spec) == ()
    state = replay(ledger.read())
    assert state.outcome == "completed"
    statuses = {name: trial.status for name, trial in state.trials.items()}
    assert {name for name, status in statuses.items() if status == "finished"} == set(outcome.finished)
    assert {name for name, status in statuses.items() if status == "stopped"} == {
        *outcome.stopped,
        *outcome.paused,
    }
    assert (len(outcome.finished) == 10) == (rule == "none"), "the others have something to say"
    assert spec_from_dict(state.created.spec).early_stopping.name == rule


def test_rejudging_names_what_differs(whole: SweepState) -> None:
    _, events, spec, _ = replayed(whole, name="asha", **EASILY_STOPPED)
    at = next(i for i, one in enumerate(events) if isinstance(one, TrialJudged) and one.decision == "stop")
    stopped = events[at]
    assert isinstance(stopped, TrialJudged)
    events[at] = replace(stopped, decision="continue", reason="somebody else said so")
    (difference,) = rejudge(events, spec)
    assert difference.recorded.trial_id == stopped.trial_id
    assert f"at rung {stopped.rung}: the ledger says continue (somebody else said so), the judge stop" in str(
        difference
    )
    with pytest.raises(LedgerError, match="does not begin with SweepCreated"):
        rejudge(events[1:], spec)


def test_rejudging_names_who_is_promoted_instead(whole: SweepState) -> None:
    _, events, spec, _ = replayed(whole, name="promote")
    at = next(i for i, one in enumerate(events) if isinstance(one, TrialPromoted))
    promoted = events[at]
    assert isinstance(promoted, TrialPromoted)
    waiting = [name for name, trial in replay(events[:at]).trials.items() if trial.waits]
    other = next(name for name in waiting if name != promoted.trial_id)
    events[at] = replace(promoted, trial_id=other)
    first = rejudge(events[: at + 1], spec)[0]
    assert str(first) == f"the ledger promotes {other}, the judge {promoted.trial_id}"


@pytest.mark.parametrize("stopping", [{"name": "promote"}, {"name": "guarded", "patience": 2, "spare": 0.5}])
def test_a_judge_that_remembers_decides_the_same(whole: SweepState, stopping: dict[str, Any]) -> None:
    spec = spec_of(whole, **EASILY_STOPPED | stopping)
    recording = recording_of(whole, spec)
    created, remembering = recording.created_with(spec.early_stopping), RememberingJudge(judge_of(spec))
    for seed in (0, 1, 0):
        order = shuffled(whole, seed)
        afresh = run_judged(recording, created, judge_of(spec), order, 3)[1].events
        assert run_judged(recording, created, remembering, order, 3)[1].events == afresh


THREE_TRIALS = """real_ratio,iteration,val_miou
1.0,2050,33.61
1.0,10000,44.66
0.5,2050,34.45
0.5,10000,44.02
0.125,2050,34.60
0.125,10000,42.5
"""  # the last value is what its author expected, and no measurement


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("min_peers", [3, 1])
@pytest.mark.parametrize("named", [True, False], ids=["baseline named", "no baseline"])
def test_the_three_trials_of_the_design_never_lose_their_baseline(
    rule: str, min_peers: int, named: bool, tmp_path: Path
) -> None:
    file = tmp_path / "three.csv"
    file.write_text(THREE_TRIALS)
    state = state_of_csv(file)
    spec = spec_of(sweep_state(rungs=(2050, 10000)), name=rule, min_peers=min_peers)
    recording = recording_of(state, spec)
    if not named:
        recording = replace(recording, is_baseline=lambda _: False, is_protected=lambda _: False)
    created = recording.created_with(spec.early_stopping)
    for order, workers in itertools.product(itertools.permutations(recording.planned), (1, 2, 3)):
        outcome, _ = run_judged(recording, created, judge_of(spec), order, workers)
        assert "t000" in outcome.finished, (order, workers)


def test_trials_that_are_not_whole_are_left_out_and_named() -> None:
    state = sweep_state(
        stopped={("real_ratio=0.25", 0): 60}, running={("real_ratio=0.0", 1): 150}, outcome=None
    )
    recording = recording_of(state, spec_of(state))
    assert recording.left_out == {
        "t004": "stopped, no val_miou at 150, 300",
        "t009": "running, no val_miou at 300",
    }
    assert set(recording.curves) == state.trials.keys() - recording.left_out.keys()
    left_out, chosen = recording.remarks
    assert "t004 (stopped, no val_miou at 150, 300)" in left_out
    assert chosen.startswith("Early stopping chose who is left")


def test_who_is_left_out_by_chance_says_nothing_against_the_rest() -> None:
    state = sweep_state(running={("real_ratio=0.0", 1): 150}, outcome=None)
    (left_out,) = recording_of(state, spec_of(state)).remarks
    assert "t009 (running, no val_miou at 300)" in left_out


def test_one_whole_trial_cannot_be_replayed() -> None:
    state = sweep_state(arms=(1.0, 0.5), seeds=(0,), stopped={("real_ratio=0.5", 0): 60})
    with pytest.raises(SourceError, match="1 of 2 trials of 'fake' were measured at every rung"):
        recording_of(state, spec_of(state))


def test_only_common_rungs_are_used() -> None:
    state = sweep_state()
    recording = recording_of(state, spec_of(state, rungs=[60, 100, 250]))
    assert recording.rungs == (60, 300)
    assert "rungs are 60, 150, 300, the spec's 60, 100, 250, 300" in recording.remarks[0]
    with pytest.raises(SourceError, match=r"--set 'early_stopping.rungs=\[60, 150\]'"):
        recording_of(state, spec_of(state, rungs=[100]))


def test_baseline_is_that_of_the_recorded_sweep_where_the_specs_is_not_there() -> None:
    state = sweep_state(arms=(0.8, 0.5, 0.25), baseline={"real_ratio": 0.8})
    spec = spec_of(sweep_state(), protect=[{"real_ratio": 0.25}])
    recording = recording_of(state, spec)
    parameters = [one.parameters for one in recording.planned.values()]
    assert {one["real_ratio"] for one in parameters if recording.is_baseline(one)} == {0.8}
    assert {one["real_ratio"] for one in parameters if recording.is_protected(one)} == {0.8, 0.25}
    assert "taken from the recorded sweep: real_ratio=0.8" in recording.remarks[0]


def test_controls_are_left_out_silently() -> None:
    state = sweep_state(arms=(1.0, 0.5, {"real_ratio": 0.0, "control": "copy"}))
    recording = recording_of(state, spec_of(sweep_state()))
    assert (len(recording.planned), recording.left_out) == (4, {})


def test_seconds_are_measured_or_the_specs_or_unknown() -> None:
    state = sweep_state()
    assert set(recording_of(state, spec_of(state)).seconds_per_iteration.values()) == {0.5}
    for trial in state.trials.values():
        trial.reports = {rung: replace(one, seconds=0.0) for rung, one in trial.reports.items()}
    spec = spec_of(state)
    assert recording_of(state, spec).seconds_per_iteration == {}
    supposing = spec.model_copy(
        update={"resources": spec.resources.model_copy(update={"seconds_per_iteration": 2.0})}
    )
    assert set(recording_of(state, supposing).seconds_per_iteration.values()) == {2.0}


def test_score_is_as_defined(whole: SweepState) -> None:
    spec = spec_of(whole)
    recording = recording_of(whole, spec)
    finals = {name: values[-1] for name, values in recording.curves.items()}
    best, second, *_ = sorted(finals, key=lambda name: -finals[name])
    assert best_trial(recording.curves) == best
    rest = [name for name in finals if name not in (best, second)]
    outcome = Outcome(
        reached={best: 1, second: 3, **dict.fromkeys(rest, 2)},
        finished=(second,),
        stopped=(best, *rest),
        paused=(),
        iterations=60 + 300 + 8 * 150,
        seconds=77.0,
    )
    found = score(outcome, recording, best)
    assert found.cost == 1560 / 3000
    assert found.regret == finals[best] - finals[second]
    assert found.lost
    assert (found.seconds, found.work_seconds) == (77.0, 780.0)
    assert not score(replace(outcome, finished=(second, best)), recording, best).lost


def test_where_nobody_came_to_the_end_the_winner_is_lost(whole: SweepState) -> None:
    recording = recording_of(whole, spec_of(whole))
    best = best_trial(recording.curves)
    assert best is not None
    nobody = Outcome(reached={}, finished=(), stopped=(), paused=(), iterations=0, seconds=0.0)
    alone_ahead = score(
        replace(nobody, reached=dict.fromkeys(recording.curves, 1) | {best: 2}), recording, best
    )
    assert (alone_ahead.lost, alone_ahead.regret) == (True, 0)
    other = next(name for name in recording.curves if name != best)
    behind = score(replace(nobody, reached={best: 1, other: 2}), recording, best)
    assert behind.lost
    assert behind.regret == recording.curves[best][-1] - recording.curves[other][-1]


def test_a_row_says_over_how_many_orders_its_curve_error_is(
    whole: SweepState, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = iter([0.5, None, 0.7] * 2)
    monkeypatch.setattr(CurveError, "of", lambda *_: next(errors))
    spec = spec_of(whole, name="asha")
    found = simulate(recording_of(whole, spec), spec, workers=2, orders=3, rules=("none",))
    assert [row.curve_orders for row in found.rows] == [2, 2]
    assert [row["curve_orders"] for row in simulation_json(found)["rows"]] == [2, 2]
    notes = simulation_notes(found, 10_000)
    assert "Over fewer of them, as a setting had no trial at the end in the others: none: 2; asha," in notes
    whole_rows = tuple(replace(row, curve_orders=3) for row in found.rows)
    assert "Over fewer" not in simulation_notes(replace(found, rows=whole_rows), 10_000)


def test_intervals_are_over_orders_and_vanish_where_all_are_known() -> None:
    some = mean_of([0.2, 0.4, 0.6, 0.8], exact=False)
    assert some.value == 0.5
    assert some.high - some.low == pytest.approx(2 * 3.182446 * 0.2581989 / 2, rel=1e-6)
    none_lost = share_of([False] * 200, exact=False)
    assert (none_lost.value, none_lost.low) == (0, 0)
    assert 0.01 < none_lost.high < 0.03
    assert mean_of([1.0, 2.0], exact=True).high == 1.5
    assert share_of([True, False], exact=True).low == 0.5


def test_error_of_the_curve_is_that_of_the_fit(whole: SweepState) -> None:
    state = sweep_state(
        validate_every=None, stopped={("real_ratio=0.25", 0): 150, ("real_ratio=0.25", 1): 60}
    )
    curve = analyse(state).fits[0].curve
    assert curve is not None
    means = {
        ratio: np.mean(
            [
                trial.reports[300].metrics["val_miou"]
                for trial in whole.trials.values()
                if trial.planned.parameters["real_ratio"] == ratio
            ]
        )
        for ratio in (1.0, 0.5, 0.25, 0.125, 0.0)
    }
    expected = np.mean([abs(np.median(curve.at(ratio)) - mean) for ratio, mean in means.items()])
    assert CurveError(whole).of(state) == pytest.approx(float(expected), abs=1e-9)


def test_rows_are_the_same_for_the_same_seed(whole: SweepState, few_curves: None) -> None:
    spec = spec_of(whole, name="asha", **EASILY_STOPPED | {"reduction_factor": 3.5})
    recording = recording_of(whole, spec)
    asked: dict[str, Any] = {"workers": 3, "orders": 12, "rules": ("none", "asha")}
    found = simulate(recording, spec, **asked, seed=5)
    assert [row.setting.words for row in found.rows] == [
        "none",
        "asha, factor 3.5",
        "asha, factor 2",
        "asha, factor 3",
        "asha, factor 4",
    ]
    assert [row.setting.is_own for row in found.rows] == [False, True, False, False, False]
    nothing, own, mild, _, harsh = found.rows
    assert (nothing.cost.value, nothing.lost.value, nothing.worst_regret) == (1, 0, 0)
    assert harsh.cost.value < own.cost.value < mild.cost.value < 1
    assert own.curve_error is not None and own.curve_error.value > 0
    assert own.cost.low < own.cost.value < own.cost.high
    assert simulate(recording, spec, **asked, seed=5) == found
    assert simulate(recording, spec, **asked, seed=6).rows[1] != own


def test_few_trials_arrive_in_all_orders_and_two_ratios_have_no_curve() -> None:
    state = sweep_state(arms=(1.0, 0.0), seeds=(0, 1))
    spec = spec_of(state)
    found = simulate(recording_of(state, spec), spec, workers=1, rules=("median",))
    assert (found.orders, found.every_order) == (24, True)
    assert found.no_curve == "real_ratio has 2 values here, and a curve takes 3"
    for row in found.rows:
        assert row.curve_error is None
        assert row.cost.low == row.cost.value == row.cost.high


def test_options_that_a_rule_does_not_read_are_not_given_to_it(whole: SweepState, few_curves: None) -> None:
    spec = spec_of(whole, name="asha", patience=2)
    found = simulate(recording_of(whole, spec), spec, workers=2, orders=1)
    patience = {row.setting.config.name: row.setting.config.patience for row in found.rows}
    assert patience == {"none": 2, "asha": 2, "median": 2, "guarded": 2, "promote": 1}
