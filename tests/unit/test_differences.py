"""Differences from the baseline, against scipy's tests in the designs where they must agree."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sweep.curves import differences as module
from sweep.curves import noise as noise_module
from sweep.curves.differences import Differences, differences
from sweep.curves.noise import noise_at

Values = dict[str, dict[int, float]]


def against(baseline: str, arms: Values) -> Differences:
    return differences(arms, {arm: baseline for arm in arms if arm != baseline}, noise_at(10, 10, arms))


def drawn(sizes: list[int], sds: list[float] | None = None, *, shared_seeds: bool, seed: int = 0) -> Values:
    """Arms a, b, ...; with shared seeds each seed also moves all arms alike."""
    random = np.random.default_rng(seed)
    of_seed = random.normal(0, 1, max(sizes))
    arms: Values = {}
    for k, (size, sd) in enumerate(zip(sizes, sds or [0.5] * len(sizes), strict=True)):
        first = 0 if shared_seeds else 100 * k
        effects = of_seed[:size] if shared_seeds else np.zeros(size)
        values = 44 + 0.4 * k + effects + sd * random.normal(size=size)
        arms["abcdefgh"[k]] = {first + i: float(value) for i, value in enumerate(values)}
    return arms


def lists(arms: Values) -> list[list[float]]:
    return [list(values.values()) for values in arms.values()]


def test_two_arms_with_shared_seeds_are_the_paired_t_test() -> None:
    arms = drawn([5, 5], shared_seeds=True)
    a, b = lists(arms)
    found, expected = against("a", arms), stats.ttest_rel(b, a)
    interval = expected.confidence_interval(0.95)
    assert found.paired and found.degrees_of_freedom == 4
    assert found.by_arm["b"].p_value == pytest.approx(expected.pvalue, rel=1e-6)
    assert found.by_arm["b"].interval == pytest.approx((interval.low, interval.high), rel=1e-6)


@pytest.mark.parametrize("sizes", [[2, 2], [5, 3]])
def test_two_arms_with_other_seeds_are_students_t_test(sizes: list[int]) -> None:
    arms = drawn(sizes, shared_seeds=False)
    a, b = lists(arms)
    found, expected = against("a", arms), stats.ttest_ind(b, a)
    interval = expected.confidence_interval(0.95)
    assert not found.paired and found.degrees_of_freedom == sum(sizes) - 2
    assert found.by_arm["b"].p_value == pytest.approx(expected.pvalue, rel=1e-6)
    assert found.by_arm["b"].interval == pytest.approx((interval.low, interval.high), rel=1e-6)


def test_an_only_comparison_needs_no_correction() -> None:
    found = against("a", drawn([3, 3], shared_seeds=False)).by_arm["b"]
    assert (found.simultaneous_margin, found.p_adjusted) == (found.margin, found.p_value)


def test_several_arms_are_dunnetts_test() -> None:
    arms = drawn([4, 3, 5, 2], shared_seeds=False)
    control, *others = lists(arms)
    found, expected = against("a", arms), stats.dunnett(*others, control=control, random_state=0)
    interval = expected.confidence_interval(0.95)
    for k, arm in enumerate("bcd"):
        assert found.by_arm[arm].p_adjusted == pytest.approx(expected.pvalue[k], abs=0.01)
        assert found.by_arm[arm].simultaneous_interval == pytest.approx(
            (interval.low[k], interval.high[k]), abs=0.03
        )


def test_arms_that_differ_in_noise_are_welchs_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noise_module, "_POOLED_COUNTS_AS", 0)
    arms = drawn([6, 8, 7], [0.05, 3.0, 0.5], shared_seeds=True)
    a, b, c = lists(arms)
    found = against("a", arms)
    assert not found.paired
    freedom = []
    for arm, values in (("b", b), ("c", c)):
        expected = stats.ttest_ind(values, a, equal_var=False)
        freedom.append(expected.df)
        interval = expected.confidence_interval(0.95)
        assert found.by_arm[arm].p_value == pytest.approx(expected.pvalue, rel=1e-6)
        assert found.by_arm[arm].interval == pytest.approx((interval.low, interval.high), rel=1e-6)
    assert found.degrees_of_freedom == pytest.approx(min(freedom))


def test_seeds_that_some_arms_lack_are_an_additive_model() -> None:
    arms = {
        "a": {0: 40.0, 1: 43.0, 2: 41.0, 3: 45.1},
        "b": {0: 41.2, 1: 44.0, 2: 42.1},
        "c": {1: 42.0, 3: 44.3},
    }
    # Columns: a, b, c, seed 1, seed 2, seed 3.
    rows = [(arm, seed, value) for arm, own in arms.items() for seed, value in own.items()]
    design = np.array([[arm == x for x in "abc"] + [seed == x for x in (1, 2, 3)] for arm, seed, _ in rows])
    expected = np.linalg.lstsq(design.astype(float), np.array([value for _, _, value in rows]))[0]
    found = against("a", arms)
    assert found.paired and found.degrees_of_freedom == 9 - 6
    assert found.by_arm["b"].value == pytest.approx(expected[1] - expected[0])
    assert found.by_arm["c"].value == pytest.approx(expected[2] - expected[0])


def test_pairing_that_costs_too_much_is_left() -> None:
    assert not against("a", drawn([2, 2, 2], shared_seeds=True)).paired  # 6 - 4 = 2 degrees of freedom
    assert against("a", drawn([2, 2, 2, 2], shared_seeds=True)).paired


def test_seeds_that_connect_no_arms_are_not_paired() -> None:
    assert not against("a", drawn([5, 5], shared_seeds=False)).paired


def test_arms_that_differ_by_a_constant_are_not_taken_for_noiseless() -> None:
    arms = {arm: {seed: 40.0 + seed + k for seed in range(5)} for k, arm in enumerate("ab")}
    found = against("a", arms)
    assert not found.paired and found.by_arm["b"].margin > 1


def test_by_a_prior_no_difference_is_shown() -> None:
    found = against("a", {"a": {0: 44.0}, "b": {0: 20.0}})
    difference = found.by_arm["b"]
    assert found.degrees_of_freedom == math.inf
    assert difference.margin == pytest.approx(1.960 * 0.63 * math.sqrt(2), rel=1e-3)
    assert difference.p_adjusted < 0.001 and difference.rests_on_prior and not difference.is_shown


def test_a_measured_difference_is_shown() -> None:
    arms = {"a": {0: 44.0, 1: 44.2, 2: 44.1}, "b": {0: 40.0, 1: 40.1, 2: 40.3}, "c": {0: 44.1, 1: 44, 2: 44}}
    found = against("a", arms).by_arm
    assert found["b"].is_shown and not found["c"].is_shown


def test_without_references_nothing_is_compared() -> None:
    arms = drawn([3, 3], shared_seeds=False)
    assert differences(arms, {}, noise_at(10, 10, arms)).by_arm == {}


def test_several_baselines() -> None:
    arms = drawn([3, 3, 3, 3], shared_seeds=False)
    found = differences(arms, {"b": "a", "d": "c"}, noise_at(10, 10, arms)).by_arm
    means = [float(np.mean(values)) for values in lists(arms)]
    assert found["b"].value == pytest.approx(means[1] - means[0])
    assert found["d"].value == pytest.approx(means[3] - means[2])


def test_the_best_of_six_equal_arms_is_rarely_shown_to_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_DRAWS", 2000)
    random = np.random.default_rng(1)
    shown = 0
    for _ in range(200):
        arms = {f"{k}": dict(enumerate(44 + 0.63 * random.normal(size=3))) for k in range(6)}
        shown += any(one.is_shown for one in against("0", arms).by_arm.values())
    assert shown <= 20  # 10 expected; more than 20 has a chance of 0.2 %


TABLE = st.lists(
    st.lists(st.floats(30, 60).map(lambda v: round(v, 2)), min_size=2, max_size=4), min_size=2, max_size=4
)


@settings(max_examples=25, deadline=None)
@given(TABLE, st.floats(-20, 20))
def test_what_does_not_change_a_comparison(table: list[list[float]], shift: float) -> None:
    arms = {"abcd"[k]: dict(enumerate(values)) for k, values in enumerate(table)}
    turned = {
        arm: {seed: value + shift for seed, value in reversed(own.items())}
        for arm, own in reversed(arms.items())
    }
    noise = noise_at(10, 10, arms)
    one, other = (differences(table, {"b": "a"}, noise).by_arm["b"] for table in (arms, turned))
    assert other.value == pytest.approx(one.value, abs=1e-6)
    assert other.margin == pytest.approx(one.margin, rel=1e-6)
    mirrored = differences(arms, {"a": "b"}, noise).by_arm["a"]
    assert mirrored.value == pytest.approx(-one.value, abs=1e-6)
    assert mirrored.p_value == pytest.approx(one.p_value, rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(TABLE)
def test_corrected_answers_are_never_bolder(table: list[list[float]]) -> None:
    arms = {"abcd"[k]: dict(enumerate(values)) for k, values in enumerate(table)}
    for found in against("a", arms).by_arm.values():
        assert 0 <= found.p_value <= found.p_adjusted <= 1
        assert 0 < found.margin <= found.simultaneous_margin
