"""The picture of the judged metric against real_ratio, a panel for every rung: the tables' numbers drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sweep.analysis.settings import ArmsOfSetting, arms_by_setting
from sweep.ledger.state import SweepState
from sweep.report.drawing import GREY, new_figure, say_nothing_to_draw
from sweep.report.tables import ArmRow, FairTable, fair_table
from sweep.results import metric_of, rungs_of

SETTING_STYLES = (
    ("#0072B2", "o"),
    ("#D55E00", "s"),
    ("#009E73", "^"),
    ("#CC79A7", "D"),
    ("#E69F00", "v"),
    ("#56B4E9", "P"),
)
"""Colour and marker by setting of the other parameters.

Okabe and Ito 2008, Color Universal Design: fit for any colour vision.
"""

_BETWEEN_CURVES = 0.03
_BESIDE_MEAN = 0.016
_CLOSEST_LABELS = 0.12


def ratio_curves(state: SweepState) -> Figure:
    """A marker for an arm's mean, hollow where the arm lacks seeds at that rung; small dots for its trials.

    The bar around a mean is the 95 % interval of its difference from the baseline: where it crosses the
    baseline's dashed line, the table's interval holds 0. Lines join the means of arms that have all seeds.
    """
    settings, rungs, metric = arms_by_setting(state), rungs_of(state), metric_of(state)
    figure, axes = new_figure(len(rungs))
    for axis, rung in zip(axes, rungs, strict=True):
        _draw_table(axis, fair_table(state, rung), settings)
        axis.set(title=f"iteration {rung}", xlabel="real_ratio", ylabel=f"{metric} (%)")
    figure.legend(handles=_legend(settings), loc="outside lower center", ncols=2, frameon=False)
    figure.suptitle(f"{state.created.name}: {metric} against real_ratio; every rung has its own scale")
    return figure


def _draw_table(axis: Axes, table: FairTable, settings: Sequence[ArmsOfSetting]) -> None:
    if not table.rows:
        say_nothing_to_draw(axis, "no trial has reached this rung")
        return
    for i, setting in enumerate(settings):
        rows = [row for row in reversed(table.rows) if row.arm in setting.arms]
        shift = _BETWEEN_CURVES * (i - (len(settings) - 1) / 2)  # sets several curves side by side
        _draw_rows(axis, rows, *SETTING_STYLES[i], shift=shift)
        if setting.is_one_curve:
            _join_complete(axis, rows, SETTING_STYLES[i][0], shift)
    for row in table.rows:
        if row.is_baseline and not math.isnan(row.judged.mean):
            axis.axhline(row.judged.mean, color=GREY, linewidth=1, linestyle="--", label="baseline")
    _label_ratios(axis, [_ratio(row) for row in table.rows])


def _draw_rows(axis: Axes, rows: Sequence[ArmRow], colour: str, marker: str, *, shift: float) -> None:
    for row in rows:
        place, values = _ratio(row) + shift, list(row.values.values())
        beside = [place + _BESIDE_MEAN] * len(values)
        if len(values) > 1:
            axis.plot(beside, values, ".", color=colour, alpha=0.6, markersize=5, label=f"trials {row.arm}")
        axis.errorbar(
            [place],
            [row.judged.mean],
            yerr=row.difference.simultaneous_margin if row.difference else None,
            color=colour,
            marker=marker,
            markersize=5,
            markerfacecolor=colour if _is_complete(row) else "white",
            elinewidth=1,
            capsize=2.5,
            label=f"mean {row.arm}",
        )


def _join_complete(axis: Axes, rows: Sequence[ArmRow], colour: str, shift: float) -> None:
    """A line through the means, broken at arms that lack seeds: a line past their points would mislead."""
    x = [_ratio(row) + shift for row in rows]
    y = [row.judged.mean if _is_complete(row) else math.nan for row in rows]
    axis.plot(x, y, color=colour, linewidth=1.4, label="means")


def _is_complete(row: ArmRow) -> bool:
    return row.seeds == row.planned_seeds


def _ratio(row: ArmRow) -> float:
    return float(row.parameters["real_ratio"])


def _label_ratios(axis: Axes, ratios: Sequence[float]) -> None:
    """A tick at every ratio that was trained, labelled where there is room; the ends come first."""
    axis.set_xlim(-0.06, 1.06)
    places = sorted(set(ratios))
    labelled: list[float] = []
    for ratio in (places[0], *reversed(places)):
        if all(abs(ratio - other) >= _CLOSEST_LABELS for other in labelled):
            labelled.append(ratio)
    axis.set_xticks(labelled, [f"{ratio:.3g}" for ratio in labelled], fontsize="small")
    axis.set_xticks(places, minor=True)


def _legend(settings: Sequence[ArmsOfSetting]) -> list[Line2D]:
    named = [
        _key(setting.words, colour, marker)
        for setting, (colour, marker) in zip(settings, SETTING_STYLES, strict=False)
        if setting.words
    ]
    hollow = _key("seeds of the arm are missing", GREY, "o")
    hollow.set(markerfacecolor="white", linestyle="none")
    trial = _key("one trial", GREY, ".")
    trial.set(linestyle="none")
    baseline = _key("baseline", GREY, "")
    baseline.set(linestyle="--")
    return [
        *named,
        _key("mean; bar: 95 % interval of its difference from the baseline", GREY, "o"),
        hollow,
        trial,
        baseline,
    ]


def _key(label: str, colour: str, marker: str) -> Line2D:
    return Line2D([], [], color=colour, marker=marker, markersize=5, label=label)
