"""A small picture of the curve so far, in characters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_LEAST_RANGE = 1.0  # points: below it the noise would look like a mountain
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Mark:
    """Something to draw; of two at one place the later one is seen."""

    real_ratio: float
    """0..1."""
    value: float
    sign: str


def plot(marks: Sequence[Mark], width: int, height: int) -> list[str]:
    """Lines of at most `width` characters: `height` of them, then the axis and its numbers.

    Values that are not finite are left out; without any there are no lines.
    """
    marks = [mark for mark in marks if math.isfinite(mark.value)]
    if not marks:
        return []
    low, high = _limits([mark.value for mark in marks])
    labels = [f"{high - (high - low) * row / (height - 1):.1f}" for row in range(height)]
    margin = max(map(len, labels)) + 1
    columns = width - margin - 1
    canvas = [[" "] * columns for _ in range(height)]
    for mark in marks:
        row = round((high - mark.value) / (high - low) * (height - 1))
        canvas[row][_column(mark.real_ratio, columns)] = mark.sign
    numbered = {0, height // 2, height - 1}
    lines = []
    for row, cells in enumerate(canvas):
        number, edge = (labels[row], "┤") if row in numbered else ("", "│")
        lines.append(f"{number:>{margin - 1}} {edge}{''.join(cells).rstrip()}")
    return [*lines, *_axis(columns, margin)]


def _limits(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    missing = max(0.0, _LEAST_RANGE - (high - low)) / 2
    return low - missing, high + missing


def _column(real_ratio: float, columns: int) -> int:
    return round(real_ratio * (columns - 1))


def _axis(columns: int, margin: int) -> list[str]:
    line, numbers = ["─"] * columns, [" "] * (columns + 4)
    for tick in _TICKS:
        line[_column(tick, columns)] = "┴"
        text = f"{tick:g}"
        begin = max(0, _column(tick, columns) - len(text) // 2)
        numbers[begin : begin + len(text)] = text
    return [" " * margin + "└" + "".join(line), " " * (margin + 1) + "".join(numbers).rstrip()]
