"""The picture of what real_ratio does to each class: differences from the baseline with their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sweep.report.class_effects import ClassEffect, ClassEffects
from sweep.report.drawing import (
    GREY,
    Colour,
    draw_legend,
    new_figure,
    say_nothing_to_draw,
    sequential_colours,
)
from sweep.report.look import SCREEN, Look
from sweep.report.tables import ArmRow

_SPREAD = 0.64
"""Of the arms of a class, as a part of its row."""

_ROW_HEIGHT = 0.26
_MARKERS = ("o", "^", "v", "P", "X", "p")
"""Of arms of one share that differ in another parameter."""


def class_figure(effects: ClassEffects | None, look: Look = SCREEN) -> Figure:
    """A row a class, the commonest on top, then the groups; a point an arm, coloured by real_ratio.

    Filled where a difference is shown, hollow where it is not. Without repeated seeds there is nothing to
    draw, and a sentence says so.
    """
    figure, (axis,) = new_figure(1, look)
    rows = [*effects.classes, *effects.groups] if effects else []
    if effects is None or not any(one.differences for one in rows):
        say_nothing_to_draw(axis, "no pixels of classes were counted, or no seeds repeated")
        return figure
    width, _ = figure.get_size_inches()
    figure.set_size_inches(width, 1.2 + _ROW_HEIGHT * len(rows))
    arms = [row for row in effects.arms if any(row.arm in one.differences for one in rows)]
    colours = sequential_colours([_ratio(row) for row in arms])
    looks = {row.arm: _look_of(arms, row, colours) for row in arms}
    for place, one in enumerate(rows):
        _draw_row(axis, place, one, looks)
    axis.axvline(0, color=GREY, linewidth=0.8, linestyle="--", zorder=0)
    if effects.groups:
        axis.axhline(len(rows) - len(effects.groups) - 0.5, color=GREY, linewidth=0.6)
    axis.set_yticks(range(len(rows)), [_label(one) for one in rows])
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.grid(visible=False, axis="y")
    axis.grid(axis="x", color="0.92", linewidth=0.8)
    axis.set_xlabel("IoU less that of the baseline (points)")
    columns = 6 if look.width is None else look.legend_columns + 1
    draw_legend(figure, _legend(arms, looks), look, columns, title="real_ratio")
    if look.has_title:
        figure.suptitle(f"Effect of real_ratio on classes at iteration {effects.rung}")
    return figure


def _draw_row(axis: Axes, place: int, one: ClassEffect, looks: dict[str, dict[str, Any]]) -> None:
    steps = np.linspace(-_SPREAD / 2, _SPREAD / 2, len(looks)) if len(looks) > 1 else [0.0]
    for step, (arm, own) in zip(steps, looks.items(), strict=True):
        found = one.differences.get(arm)
        if found is None:
            continue
        axis.errorbar(
            [found.value],
            [place + step],
            xerr=found.simultaneous_margin,
            markersize=4,
            markerfacecolor=own["color"] if one.is_shown(arm) else "white",
            elinewidth=0.8,
            label=f"{one.name} {arm}",
            **own,
        )


def _look_of(arms: Sequence[ArmRow], row: ArmRow, colours: dict[float, Colour]) -> dict[str, Any]:
    """Colour by share; marker by which of the arms of this share it is."""
    same = [other.arm for other in arms if _ratio(other) == _ratio(row)]
    return {"color": colours[_ratio(row)], "marker": _MARKERS[same.index(row.arm) % len(_MARKERS)]}


def _ratio(row: ArmRow) -> float:
    return float(row.parameters["real_ratio"])


def _label(one: ClassEffect) -> str:
    """With its share of the labelled pixels, which a gap does not have, or that no arm has learnt it."""
    name = one.name if math.isnan(one.pixel_share) else f"{one.name} ({100 * one.pixel_share:.2g} %)"
    return name if one.is_learnt else f"{name}, IoU < 1 %"


def _legend(arms: Sequence[ArmRow], looks: dict[str, dict[str, Any]]) -> list[Line2D]:
    dots: dict[str, Any] = {"linestyle": "none", "markersize": 4}
    handles = [Line2D([], [], label=_name(arms, row), **dots, **looks[row.arm]) for row in arms]
    hollow = Line2D([], [], color=GREY, marker="o", markerfacecolor="white", label="not shown", **dots)
    return [*handles, hollow]


def _name(arms: Sequence[ArmRow], row: ArmRow) -> str:
    """The share alone where that names the arm."""
    is_only = sum(_ratio(other) == _ratio(row) for other in arms) == 1
    return f"{_ratio(row):g}" if is_only else row.arm.removeprefix("real_ratio=")
