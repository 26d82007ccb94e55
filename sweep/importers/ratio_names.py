"""real_ratio out of the name of a run, a folder or a configuration."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_OTHER_RATIOS = "".join(
    f"(?<!{word}[_-])" for word in ("max", "min", "aspect", "split", "mask", "lr", "keep")
)
_KEY = rf"(?:real[_-]?(?:gen[_-]?)?ratio|{_OTHER_RATIOS}(?<![a-z])ratio)"
_NUMBER = r"(\d+(?:[.p]\d+)?)(?![.p]?\d)"
_NAMED = re.compile(rf"{_KEY}[_=-]?{_NUMBER}", re.IGNORECASE)
_SHORT = re.compile(r"(?<![a-z0-9])r[_=-]?([01][.p]\d+)(?!\d)", re.IGNORECASE)  # r50 is a network
_BASELINE = re.compile(r"(?<![a-z])(?:baseline|all[_-]?real|real[_-]?only)(?![a-z])", re.IGNORECASE)
_EIGHTHS = {round(Fraction(k, 8), 2): Fraction(k, 8) for k in (1, 3, 5, 7)}


@dataclass(frozen=True)
class NamedRatio:
    """What a name says of the share of real images."""

    value: float | None
    """None where the name contradicts itself, or says what cannot be."""
    note: str
    """How it was read, where that is not plain."""


def ratio_of_name(text: str) -> NamedRatio | None:
    """The real_ratio that a name tells of; None if it tells nothing.

    `ratio0p05`, `real_ratio=0.05`, `r0p5`; a `p` stands for the point. Two digits are how code writes
    `f"{ratio:.2f}"`: of an eighth it keeps 0.12, 0.38, 0.62 or 0.88, which is read as the eighth, with a
    note. "baseline" means all real where nothing else is said.
    """
    written = dict.fromkeys([*_NAMED.findall(text), *_SHORT.findall(text)])
    read = {digits: _value(digits) for digits in written}
    if len({note.value for note in read.values()}) > 1:
        told = " and ".join(written)
        return NamedRatio(None, f"the name {text!r} tells of two real_ratios, {told}")
    for digits, found in read.items():
        assert found.value is not None
        if not 0 <= found.value <= 1:
            return NamedRatio(None, f"the name {text!r} says {digits}; a real_ratio is between 0 and 1")
        return found
    if _BASELINE.search(text):
        return NamedRatio(1.0, f"real_ratio 1 is implied by the name {text!r}")
    return None


def _value(digits: str) -> NamedRatio:
    """`0p05` is 0.05: what stands behind the point is no number of its own."""
    number = Fraction(digits.lower().replace("p", "."))
    has_two_decimals = re.fullmatch(r"\d+[.pP]\d\d", digits) is not None
    if has_two_decimals and number in _EIGHTHS:
        eighth = _EIGHTHS[number]
        note = (
            f"{digits} is read as {float(eighth):g}, two decimals of an eighth; if {float(number):g} itself "
            "was asked for, say so with --set real_ratio"
        )
        return NamedRatio(float(eighth), note)
    return NamedRatio(float(number), "")
