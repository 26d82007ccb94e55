"""What is proposed next: never more than can be paid, never what is there, first what tells most."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweep.curves.next import Option, Proposal, propose
from sweep.curves.options import USUAL_RATIOS, options_of
from sweep.curves.ratio import RatioCurve
from sweep.curves.trials import Setting, TrialCurve
from tests.settings import FINAL, FIVE, curve_of, prediction, setting_of, simulated


@cache
def fitted() -> tuple[Setting, RatioCurve]:
    setting = simulated(lambda r: 44 - 5 * np.exp(-r / 0.1), seeds=2)
    return setting, curve_of(setting)


def proposed(budget: float, *, loss: float = 1.0, pending: tuple[float, ...] = ()) -> tuple[Proposal, ...]:
    setting, curve = fitted()
    running = [Option(real_ratio, 9, 0) for real_ratio in pending]
    return propose(curve, options_of(setting, (0, 1)), budget, loss, running)


@settings(max_examples=15, deadline=None)
@given(
    budget=st.floats(0, 12 * FINAL),
    loss=st.floats(0.1, 3),
    pending=st.lists(st.sampled_from(USUAL_RATIOS), max_size=2),
)
def test_proposals_fit_the_budget_and_are_new(budget: float, loss: float, pending: list[float]) -> None:
    setting, _ = fitted()
    options = [one.option for one in proposed(budget, loss=loss, pending=tuple(pending))]
    held = {(trial.real_ratio, trial.seed) for trial in setting.trials}
    assert sum(option.iterations for option in options) <= budget
    assert len(options) == budget // FINAL
    assert len(set(options)) == len(options)
    assert not held & {(option.real_ratio, option.seed) for option in options}


def test_gains_are_parts_of_the_variance() -> None:
    gains = [one.gain for one in proposed(40 * FINAL)]
    assert all(0 < gain < 1 for gain in gains)
    assert gains[0] == max(gains)


def test_a_larger_budget_goes_on_where_a_smaller_one_ends() -> None:
    assert proposed(9 * FINAL)[:4] == proposed(4 * FINAL) == proposed(4.9 * FINAL)


def test_what_runs_already_is_counted_as_known() -> None:
    first, *rest = proposed(4 * FINAL)
    after = proposed(3 * FINAL, pending=(first.option.real_ratio,))
    assert [one.gain for one in after] == pytest.approx([one.gain for one in rest])


def curve_with_covariance(variances: dict[float, float]) -> RatioCurve:
    """Independent normal values at three places, so that a gain is a formula."""
    _, curve = fitted()
    draws = 44 + np.random.default_rng(0).normal(size=(20_000, 3)) * np.sqrt(list(variances.values()))
    return dataclasses.replace(curve, grid=np.array([*variances]), draws=draws)


def test_a_value_is_worth_what_it_lowers_the_variance() -> None:
    curve = curve_with_covariance({0.0: 1.0, 0.5: 9.0, 1.0: 1.0})
    middle, end = Option(0.5, 0, FINAL), Option(1.0, 0, FINAL)
    assert propose(curve, [end, middle], FINAL)[0].option == middle
    # Of an only place that matters the variance falls from v to v noise / (v + noise).
    (alone,) = propose(curve_with_covariance({0.0: 1e-9, 0.5: 9.0, 1.0: 1e-9}), [middle], FINAL)
    assert alone.gain == pytest.approx(9 / (9 + fitted()[1].noise.sd ** 2), rel=0.02)


def test_what_costs_less_comes_first() -> None:
    _, curve = fitted()
    dear, cheap = Option(0.05, 0, FINAL), Option(0.05, 1, FINAL // 2, continues="t")
    first, second = propose(curve, [dear, cheap], 2 * FINAL)
    assert (first.option, second.option) == (cheap, dear)
    assert first.why.startswith("goes on from where it is, ")


def test_reasons_say_what_is_new() -> None:
    _, curve = fitted()
    (new,) = propose(curve, [Option(0.05, 0, FINAL)], FINAL)
    (seed,) = propose(curve, [Option(0.125, 7, FINAL)], FINAL)
    assert new.why.startswith("a new share of real images ")
    assert seed.why.startswith("another seed ")


def test_nothing_to_run_or_to_pay_with() -> None:
    _, curve = fitted()
    assert propose(curve, [], 1e9) == ()
    assert proposed(FINAL - 1) == ()


def test_unknown_noise_is_told_first() -> None:
    setting = simulated(lambda r: 44 - 5 * np.exp(-r / 0.1), seeds=1)
    curve, options = curve_of(setting), options_of(setting, (0,))
    first, second, third = propose(curve, options, 3 * FINAL)
    assert {first.option.real_ratio, second.option.real_ratio} == {0.0, 1.0}
    assert first.why == second.why == "tells the noise, which is supposed so far"
    assert third.why != first.why
    (only, *_) = propose(curve, options, 2 * FINAL, pending=[Option(1.0, 9, 0)])
    assert only.option.real_ratio == 0.0


def test_one_degree_of_freedom_gives_proposals_too() -> None:
    """Tails without a variance must not make one value look as if it told everything."""
    setting = setting_of({0.0: [44.0], 1.0: [45.0, 45.3]})
    found = propose(curve_of(setting), options_of(setting, (0,)), 3 * FINAL)
    assert all(0 < one.gain < 0.9 for one in found)


def test_the_same_every_time_in_any_order() -> None:
    setting, curve = fitted()
    options = options_of(setting, (0, 1))
    turned = propose(curve, options[::-1], 5 * FINAL)
    assert [one.option.real_ratio for one in turned] == [one.option.real_ratio for one in proposed(5 * FINAL)]


def test_options_are_seeds_ratios_and_stopped_trials() -> None:
    setting = setting_of({0.0: [40.0, 41.0], 1.0: [44.0]})
    stopped = TrialCurve("early", "0.5", 0.5, 0, {200: 30.0})
    setting = dataclasses.replace(setting, trials=(*setting.trials, stopped), rungs=(200, FINAL))
    found = options_of(setting, (0, 1), {"early": prediction("early", 0.5, 43.0, 2.0)})
    assert found[0] == Option(0.5, 0, FINAL - 200, "early", 2.0)
    assert sum(one.continues is not None for one in found) == 1
    seeds = {r: [one.seed for one in found if one.real_ratio == r and not one.continues] for r in (0, 0.5, 1)}
    assert seeds == {0: [2, 3, 4], 0.5: [1, 2, 3], 1: [1, 2, 3]}
    new = {one.real_ratio for one in found} - {0.0, 0.5, 1.0}
    assert new <= set(USUAL_RATIOS) and 0.02 in new and 0.45 not in new and 0.9 in new
    assert {one.seed for one in found if one.real_ratio == 0.02} == {0, 1}


def test_options_keep_to_bounds() -> None:
    found = options_of(setting_of({ratio: [44.0] for ratio in FIVE}), (0,), low=0.1, high=0.6)
    assert {one.real_ratio for one in found} - set(FIVE) <= {0.1, 0.15, 0.2, 0.3, 0.35, 0.4, 0.6}


@given(st.sets(st.sampled_from(USUAL_RATIOS), min_size=1), st.integers(1, 3))
def test_options_hold_nothing_that_was_run(ratios: set[float], seeds: int) -> None:
    setting = setting_of({ratio: [44.0] * seeds for ratio in ratios})
    found = options_of(setting, range(seeds))
    held = {(trial.real_ratio, trial.seed) for trial in setting.trials}
    keys = [(one.real_ratio, one.seed) for one in found]
    assert not held & set(keys) and len(set(keys)) == len(keys)


def test_what_is_known_of_a_stopped_trial_is_not_news() -> None:
    curve = curve_of(simulated(lambda ratio: 40 + 4 * ratio, seeds=2))
    options = [Option(0.3, 0, 100, "guessed", 5.0), Option(0.3, 1, 100, "known", 0.7), Option(0.3, 2, 100)]
    gains = {one.option.continues: one.gain for option in options for one in propose(curve, [option], 100)}
    assert gains["known"] < gains["guessed"] < gains[None]
    assert propose(curve, [Option(0.3, 0, 100, "certain", 0.1)], 100)[0].gain == 0
