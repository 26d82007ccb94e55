"""Numbers have the digits that their noise allows."""

from __future__ import annotations

import math

import pytest

from sweep.curves.digits import decimals, fixed, interval_text, p_text, rounded


@pytest.mark.parametrize(
    ("uncertainty", "places"),
    [
        *((0.011, 2), (0.13, 2), (0.28, 2), (0.354, 2), (0.356, 1), (0.63, 1), (0.94, 1), (0.96, 1)),
        *((1.0, 1), (1.95, 1), (3.5, 1), (3.6, 0), (8.0, 0), (12.9, 0), (400, 0)),
    ],
)
def test_decimals_follow_the_rule_of_the_particle_data_group(uncertainty: float, places: int) -> None:
    assert decimals(uncertainty) == places


@pytest.mark.parametrize("unknown", [math.nan, math.inf, 0.0, -1.0])
def test_an_unknown_uncertainty_leaves_what_is_usual(unknown: float) -> None:
    assert decimals(unknown) == 2
    assert decimals(unknown, most=3) == 3


@pytest.mark.parametrize("uncertainty", [0.02, 0.2, 0.36, 0.7, 1.5, 3.0, 7.0])
def test_what_is_rounded_away_is_small_against_the_uncertainty(uncertainty: float) -> None:
    for value in (44.123456, -3.98765, 0.5049):
        lost = abs(float(rounded(value, uncertainty)) - value)
        assert lost <= max(uncertainty / 6, 0.005)


def test_no_digit_is_given_that_the_uncertainty_makes_worthless() -> None:
    """The last place is never below a hundredth of the uncertainty, nor below two decimals."""
    for uncertainty in (0.02, 0.2, 0.36, 0.7, 1.5, 3.0, 7.0, 30.0):
        assert 10.0 ** -decimals(uncertainty, most=9) >= uncertainty / 100


def test_an_interval_has_the_digits_of_its_half_width() -> None:
    assert interval_text(-4.86, -12.88, 3.16, signed=True) == ("-5", "-13", "+3")
    assert interval_text(0.84, -0.6, 2.28, signed=True) == ("+0.8", "-0.6", "+2.3")
    assert interval_text(44.661, 44.401, 44.921) == ("44.66", "44.40", "44.92")


def test_zero_has_no_sign_and_nan_is_named() -> None:
    assert fixed(-0.04, 1, signed=True) == "0.0" and fixed(0.2, 0, signed=True) == "0"
    assert fixed(math.nan, 1) == "NaN"


def test_p_values_end_where_simulation_does() -> None:
    assert (p_text(0.0005), p_text(0.0336), p_text(1.0)) == ("p < 0.001", "p = 0.034", "p = 1")
