"""As many digits of a number as its uncertainty allows, and no more."""

from __future__ import annotations

import math

MOST_DECIMALS = 2
"""Of metrics in percent: what validations are printed with elsewhere."""


def decimals(uncertainty: float, most: int = MOST_DECIMALS) -> int:
    """How many decimals a number has that is off by so much, 0 or more.

    The Particle Data Group's rule: two digits of an uncertainty that begins with 1.0 to 3.54, one of others.
    `most` where nothing is known of the uncertainty: NaN, infinite, 0 or below.
    """
    if not math.isfinite(uncertainty) or uncertainty <= 0:
        return most
    power = math.floor(math.log10(uncertainty))
    leading = uncertainty / 10.0**power
    digits = 2 if leading < 3.55 or leading >= 9.5 else 1
    place = power + 1 if leading >= 9.5 else power
    return min(max(digits - 1 - place, 0), most)


def rounded(value: float, uncertainty: float, most: int = MOST_DECIMALS) -> str:
    """`44.7` for 44.66 that is off by 0.63; `NaN` if it is."""
    return fixed(value, decimals(uncertainty, most))


def fixed(value: float, places: int, *, signed: bool = False) -> str:
    """With so many decimals, and its sign if asked; a number that is rounded to zero has none."""
    if math.isnan(value):
        return "NaN"
    text = f"{value:+.{places}f}" if signed else f"{value:.{places}f}"
    return text.lstrip("+-") if float(text) == 0 else text


def interval_text(
    expected: float, lower: float, upper: float, *, signed: bool = False, most: int = MOST_DECIMALS
) -> tuple[str, str, str]:
    """The three with the digits that half the interval's width allows."""
    places = decimals((upper - lower) / 2, most)
    first, second, third = (fixed(value, places, signed=signed) for value in (expected, lower, upper))
    return first, second, third


def p_text(p_value: float) -> str:
    """`p = 0.034`, or `p < 0.001`: two digits, and none that the draws behind it could not tell."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.2g}"
