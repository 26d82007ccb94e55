"""What stands in the cells of a table that somebody wrote by hand."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MARKS = re.compile(r"\*\*|__|`|~~|\\(?=[|*_~`])")
_REMARK = re.compile(r"^(?P<value>[^()]*?)\s*\((?P<remark>.*)\)$")
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?%?")
_EMPTY = ("", "-", "\N{EN DASH}", "\N{EM DASH}", "n/a", "na", "nan", "none", "?", "tbd", "todo")


@dataclass(frozen=True)
class Cell:
    """A cell without its marks, and the remark in brackets behind its value."""

    value: str
    remark: str


def plain(text: str) -> str:
    """Without bold, code and escapes."""
    return _MARKS.sub("", text).strip()


def cell_of(text: str) -> Cell:
    """`1.0 (baseline)` is the value 1.0 with a remark."""
    found = _REMARK.match(plain(text))
    return Cell(found["value"], found["remark"]) if found else Cell(plain(text), "")


def number_in(text: str) -> float | None:
    """The number that a cell is; None if it is anything else, such as a guess."""
    return float(text.rstrip("%")) if _NUMBER.fullmatch(text) else None


def is_empty(text: str) -> bool:
    """Whether the cell says nothing."""
    return text.lower() in _EMPTY


def why_no_number(text: str) -> str:
    """What a cell is that should be a measurement, and why it is not taken for one."""
    if re.fullmatch(r"\d+,\d+", text):
        return "has a comma for a point: write 44.66"
    if "±" in text or "+/-" in text or "+-" in text:
        return "is a mean over several trainings: a row for each of them is wanted, with its seed"
    if re.search(r"\d", text):
        return "is a guess or a remark, not a measurement"
    return "is no number"
