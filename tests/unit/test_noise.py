"""Noise between seeds: pooled, per arm, supposed, and what it hides."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.curves.noise import Noise, noise_at, prior_sd, seeds_needed

PERCENT = st.floats(1, 99).map(lambda value: round(value, 3))
ARMS = st.dictionaries(
    st.sampled_from("abcd"), st.dictionaries(st.integers(0, 9), PERCENT, min_size=1, max_size=4), min_size=1
)


def measured(sd: float, degrees_of_freedom: float) -> Noise:
    return Noise(
        rung=10, sd=sd, degrees_of_freedom=degrees_of_freedom, source="measured", by_arm={}, p_equal=None
    )


def arms_with(sds: list[float], seeds: int) -> dict[str, dict[int, float]]:
    random = np.random.default_rng(3)
    return {f"{sd}": dict(enumerate(40 + sd * random.normal(size=seeds))) for sd in sds}


def test_pools_squares_within_arms() -> None:
    noise = noise_at(10, 10, {"a": {0: 1, 1: 3}, "b": {0: 42, 1: 44, 2: 46}, "lone": {0: 90}})
    assert noise.sd == pytest.approx(math.sqrt((2 + 8) / 3))
    assert (noise.degrees_of_freedom, noise.source, noise.rung) == (3, "measured", 10)


def test_interval_is_that_of_printed_tables() -> None:
    # chi-square with 10 degrees of freedom: 3.247 and 20.483
    assert measured(2.0, 10).interval == pytest.approx(
        (2 * math.sqrt(10 / 20.483), 2 * math.sqrt(10 / 3.247)), rel=1e-3
    )


@pytest.mark.parametrize(
    "arms",
    [
        {},
        {"a": {0: 44.0}, "b": {0: 43.0}},
        {"a": {0: 44.0, 1: 44.0}},
        {"a": {0: 30.0, 1: (0.1 + 0.2) * 100}},
    ],
    ids=["nothing", "one seed", "equal seeds", "equal to rounding"],
)
def test_supposes_the_prior_where_no_seeds_differ(arms: dict[str, dict[int, float]]) -> None:
    noise = noise_at(2000, 10_000, arms)
    assert (noise.source, noise.sd, noise.degrees_of_freedom) == ("prior", pytest.approx(0.70), 41)
    assert noise.freedom_of("a") == math.inf


def test_prior_lies_between_the_known_ones() -> None:
    assert (prior_sd(1.0), prior_sd(0.2), prior_sd(0.01)) == pytest.approx((0.63, 0.70, 0.70))
    assert prior_sd(math.sqrt(0.2)) == pytest.approx(0.665)


def test_least_difference_is_a_margin_of_students_t() -> None:
    assert noise_at(10, 10, {}).least_difference() == pytest.approx(1.960 * 0.63 * math.sqrt(2), rel=1e-3)
    assert measured(0.5, 4).least_difference(seeds=2) == pytest.approx(2.776 * 0.5, rel=1e-3)


def test_arms_that_differ_in_noise_have_their_own() -> None:
    arms = arms_with([0.1, 0.5, 3.0], seeds=8)
    noise = noise_at(10, 10, arms)
    own = {arm: float(np.std(list(values.values()), ddof=1)) for arm, values in arms.items()}
    assert noise.p_equal is not None and noise.p_equal < 0.05
    assert own["0.1"] < noise.of("0.1") < noise.sd < noise.of("3.0") < own["3.0"]
    assert noise.freedom_of("3.0") == 7 + 1
    assert (noise.of("new"), noise.freedom_of("new")) == (noise.sd, 21)


def test_arms_alike_in_noise_share_it() -> None:
    noise = noise_at(10, 10, arms_with([0.5, 0.5000001, 0.5000002], seeds=8))
    assert noise.by_arm == {} and noise.p_equal is not None and noise.p_equal > 0.05


def test_distances_of_two_seeds_are_no_evidence() -> None:
    assert noise_at(10, 10, {"a": {0: 1, 1: 1.1}, "b": {0: 1, 1: 90}}).p_equal is None


def test_distances_that_are_all_alike_are_no_evidence() -> None:
    assert noise_at(10, 10, {"a": dict(enumerate([1, 1, 3, 3])), "b": {0: 5, 1: 5, 2: 5}}).p_equal is None


@pytest.mark.parametrize(("effect", "seeds"), [(0.5, 64), (0.8, 26), (1.0, 17)])
def test_seeds_needed_are_those_of_cohen(effect: float, seeds: int) -> None:
    """Cohen 1988, Statistical power analysis, table 2.4.1: two-sided 5 %, power 0.80."""
    assert seeds_needed(effect * 0.63, 0.63) == seeds


def test_seeds_needed_have_bounds() -> None:
    assert seeds_needed(100, 0.1) == 2
    assert seeds_needed(0.001, 0.63) == 1000
    with pytest.raises(ValueError, match="gap is 0 and sd is 1; both must be above 0"):
        seeds_needed(0, 1)


@given(ARMS, st.floats(-50, 50), st.floats(0.1, 10))
def test_noise_scales_and_does_not_shift(
    arms: dict[str, dict[int, float]], shift: float, scale: float
) -> None:
    noise = noise_at(10, 10, arms)
    changed = noise_at(
        10, 10, {arm: {seed: shift + scale * v for seed, v in own.items()} for arm, own in arms.items()}
    )
    assert noise.source == changed.source
    if noise.source == "measured":
        assert changed.sd == pytest.approx(scale * noise.sd, rel=1e-6)


@given(ARMS)
def test_order_of_arms_and_trials_does_not_matter(arms: dict[str, dict[int, float]]) -> None:
    turned = {arm: dict(reversed(own.items())) for arm, own in reversed(arms.items())}
    assert noise_at(10, 10, turned).sd == pytest.approx(noise_at(10, 10, arms).sd, rel=1e-12)


@given(ARMS)
def test_interval_contains_the_sd(arms: dict[str, dict[int, float]]) -> None:
    noise = noise_at(10, 10, arms)
    lower, upper = noise.interval
    assert 0 < lower < noise.sd < upper < math.inf


def test_the_specs_supposition_is_the_prior_where_it_is_more() -> None:
    assert noise_at(1000, 1000, {}, supposed=0.7).sd == 0.63
    found = noise_at(1000, 1000, {}, supposed=4.0)
    assert (found.sd, found.source, found.prior) == (4.0, "prior", "the spec's early_stopping.noise_sd")


def test_three_seeds_tell_that_arms_differ_in_noise() -> None:
    quiet, loud = {0: 44.0, 1: 44.1, 2: 43.9}, {0: 40.0, 1: 47.0, 2: 44.0}
    found = noise_at(1000, 1000, {"a": quiet, "b": quiet, "c": loud})
    assert found.p_equal is not None and found.p_equal < 0.05
    assert found.of("a") < found.sd < found.of("c")
