"""Questions to a curve of which every draw is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sweep.curves.noise import Noise
from sweep.curves.ratio import (
    Observations,
    RatioCurve,
    band,
    best_real_ratio,
    change,
    slope,
    smallest_real_ratio,
    value_at,
)
from sweep.curves.ratio.answers import good_from

GRID = np.round(np.linspace(0, 1, 11), 1)


def curve_with(draws: np.ndarray, low: float = 0.0, high: float = 1.0, sd: float = 1.0) -> RatioCurve:
    noise = Noise(rung=1, sd=sd, degrees_of_freedom=1e6, source="measured", by_arm={}, p_equal=None)
    observations = Observations(
        np.array([low, high]), np.zeros(2), np.eye(2), np.array([True, True], dtype=bool)
    )
    return RatioCurve(GRID, draws, {"flat": 1.0}, observations, noise)


def lines(slopes: np.ndarray) -> np.ndarray:
    return 40 + slopes[:, None] * GRID


def test_band_is_quantiles_of_the_draws() -> None:
    lower, middle, upper = band(curve_with(np.arange(101.0)[:, None] * np.ones(11)))
    assert (lower[0], middle[3], upper[-1]) == pytest.approx((5, 50, 95))


def test_change_and_slope_of_lines() -> None:
    curve = curve_with(lines(np.linspace(0, 10, 101)))
    found = change(curve, 0.2, 0.7)
    assert (found.lower, found.expected, found.upper) == pytest.approx((0.25, 2.5, 4.75))
    found = slope(curve, 0.2, 0.7)  # points for each 0.1
    assert (found.lower, found.expected, found.upper) == pytest.approx((0.05, 0.5, 0.95))
    back = change(curve, 0.7, 0.2)
    assert back.expected == pytest.approx(-2.5)


@pytest.mark.parametrize(("low", "high"), [(0.5, 0.5), (0.7, 0.2), (-0.1, 0.5), (0.5, 1.1)])
def test_slope_wants_an_interval(low: float, high: float) -> None:
    with pytest.raises(ValueError, match=f"{low} to {high}; it must lie in 0..1 and rise"):
        slope(curve_with(lines(np.ones(3))), low, high)


def test_a_new_training_has_noise_of_its_own() -> None:
    curve = curve_with(np.full((20_000, 11), 40.0), low=0.1, sd=2)
    found = value_at(curve, 0.33)
    assert found.expected == pytest.approx(40)
    assert (found.pessimistic, found.optimistic) == pytest.approx((40 - 3.29, 40 + 3.29), abs=0.1)
    assert found.provenance == "predicted"


@pytest.mark.parametrize(
    ("real_ratio", "extrapolated"), [(0.05, True), (0.1, False), (0.9, False), (1, True)]
)
def test_outside_what_was_run_is_extrapolated(real_ratio: float, extrapolated: bool) -> None:
    assert value_at(curve_with(lines(np.ones(9)), 0.1, 0.9), real_ratio).extrapolated == extrapolated


def test_the_best_lies_where_draws_are_highest() -> None:
    tops = np.repeat([0.2, 0.4, 0.6], [10, 60, 30])
    found = best_real_ratio(curve_with(40 - (GRID - tops[:, None]) ** 2))
    assert (found.lower, found.expected, found.upper) == (0.2, 0.4, 0.6)


def test_the_best_is_looked_for_between_what_was_run() -> None:
    found = best_real_ratio(curve_with(lines(np.array([1.0] * 50 + [-1.0] * 50)), low=0.3, high=0.8))
    assert (found.lower, found.upper) == (0.3, 0.8)


def test_the_best_of_a_flat_curve_is_anywhere() -> None:
    found = best_real_ratio(curve_with(np.full((1001, 11), 40.0), low=0.2))
    assert (found.lower, found.expected, found.upper) == pytest.approx((0.24, 0.6, 0.96), abs=0.002)


def test_the_smallest_share_is_that_from_which_on_all_is_well() -> None:
    # Below 0.3 the first fails, the second at 0.6 again, the third never.
    draws = np.full((3, 11), 44.0)
    draws[0, :3] = 42
    draws[1, 6] = 42.9
    assert good_from(draws, 1.0).tolist() == [3, 7, 0]
    found = smallest_real_ratio(curve_with(np.repeat(draws, [80, 10, 10], axis=0)), 1.0)
    assert found is not None and (found.lower, found.expected, found.upper) == (0.0, 0.3, 0.7)
    found = smallest_real_ratio(curve_with(np.repeat(draws, [80, 10, 10], axis=0)), 2.0)
    assert found is not None and found.upper == 0.0


def test_a_loss_of_just_so_much_is_no_failure() -> None:
    assert good_from(np.array([[43.0, 44.0]]), 1.0).tolist() == [0]


def test_the_smallest_share_is_no_smaller_than_what_was_run() -> None:
    found = smallest_real_ratio(curve_with(np.full((9, 11), 44.0), low=0.3), 1.0)
    assert found is not None and found.lower == 0.3


def test_without_all_real_there_is_no_smallest_share() -> None:
    assert smallest_real_ratio(curve_with(lines(np.ones(3)), high=0.9), 1.0) is None


@pytest.mark.parametrize("loss", [0, -1.0])
def test_a_loss_must_be_positive(loss: float) -> None:
    with pytest.raises(ValueError, match=f"loss is {loss}; it must be above 0"):
        smallest_real_ratio(curve_with(lines(np.ones(3))), loss)


DRAWS = arrays(float, (7, 11), elements=st.floats(-5, 5).map(lambda value: round(value, 3)))


@given(DRAWS, st.floats(0.01, 5))
def test_from_the_smallest_share_on_all_is_well_and_not_before(draws: np.ndarray, loss: float) -> None:
    for draw, first in zip(draws, good_from(draws, loss), strict=True):
        assert (draw[first:] >= draw[-1] - loss).all()
        assert first == 0 or draw[first - 1] < draw[-1] - loss


@given(DRAWS.map(lambda draws: draws + 50), st.integers(-32, 32))
def test_places_stay_and_values_move_with_the_curve(draws: np.ndarray, shift: int) -> None:
    draws = np.round(draws * 8) / 8  # so that sums are exact
    one, other = curve_with(draws), curve_with(draws + shift)
    assert best_real_ratio(one) == best_real_ratio(other)
    assert smallest_real_ratio(one, 1.0) == smallest_real_ratio(other, 1.0)
    assert change(one, 0.1, 0.8).upper == pytest.approx(change(other, 0.1, 0.8).upper, abs=1e-9)
    assert value_at(other, 0.2).expected == pytest.approx(value_at(one, 0.2).expected + shift)


@given(DRAWS, st.floats(0, 1))
def test_what_is_expected_lies_in_its_interval(draws: np.ndarray, real_ratio: float) -> None:
    curve = curve_with(draws, sd=5)
    for found in (change(curve, 0.0, 1.0), best_real_ratio(curve), smallest_real_ratio(curve, 1.0)):
        assert found is not None and found.lower <= found.expected <= found.upper
    lower, middle, upper = band(curve)
    assert (lower <= middle).all() and (middle <= upper).all()
    assert draws.min() - 1e-9 <= value_at(curve, real_ratio).expected <= draws.max() + 1e-9


@given(DRAWS, st.floats(0.01, 3), st.floats(0.01, 3))
def test_who_loses_more_needs_no_more(draws: np.ndarray, loss: float, more: float) -> None:
    strict, lenient = (smallest_real_ratio(curve_with(draws), one) for one in (loss, loss + more))
    assert strict is not None and lenient is not None
    assert lenient.lower <= strict.lower and lenient.upper <= strict.upper


def test_values_stay_in_percent() -> None:
    value = value_at(curve_with(np.full((7, 11), 120.0)), 0.2)
    assert (value.pessimistic, value.expected, value.optimistic) == (100, 100, 100)
    lower, _, upper = band(curve_with(np.full((7, 11), -3.0)))
    assert lower.min() == upper.max() == 0
