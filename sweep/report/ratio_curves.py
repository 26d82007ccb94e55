"""The picture of the judged metric against real_ratio, a panel for every rung: the tables' numbers drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sweep.analysis.settings import ArmsOfSetting, arms_by_setting
from sweep.ledger.state import SweepState
from sweep.report.drawing import GREY, SETTING_STYLES, new_figure, say_nothing_to_draw
from sweep.report.ratio_axis import beside, show_real_ratio
from sweep.report.tables import ArmRow, FairTable, fair_table
from sweep.results import metric_of, rungs_of

_BETWEEN_CURVES = 0.06
_BESIDE_MEAN = 0.05


def ratio_curves(state: SweepState) -> Figure:
    """A marker for an arm's mean, hollow where the arm lacks seeds at that rung; small dots for its trials.

    The bar around a mean is the 95 % interval of its difference from the baseline, for all arms at once:
    where it crosses the baseline's dashed line, the table's interval holds 0. Lines join the means of arms
    that have all seeds.
    """
    settings, rungs, metric = arms_by_setting(state), rungs_of(state), metric_of(state)
    figure, axes = new_figure(len(rungs))
    for axis, rung in zip(axes, rungs, strict=True):
        table = fair_table(state, rung)
        _draw_table(axis, table, settings)
        is_prior = bool(table.rows) and table.noise.source == "prior"
        axis.set_title(f"iteration {rung}{', prior noise' if is_prior else ''}")
        axis.set(xlabel="real_ratio", ylabel=f"{metric} (%)")
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
    show_real_ratio(axis, {_ratio(row) for row in table.rows}, closest=0.1, usual=False)


def _draw_rows(axis: Axes, rows: Sequence[ArmRow], colour: str, marker: str, *, shift: float) -> None:
    for row in rows:
        place, values = beside(_ratio(row), shift), list(row.values.values())
        places = [beside(_ratio(row), shift + _BESIDE_MEAN)] * len(values)
        if len(values) > 1:
            axis.plot(places, values, ".", color=colour, alpha=0.6, markersize=5, label=f"trials {row.arm}")
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
    x = [beside(_ratio(row), shift) for row in rows]
    y = [row.judged.mean if _is_complete(row) else math.nan for row in rows]
    axis.plot(x, y, color=colour, linewidth=1.4, label="means")


def _is_complete(row: ArmRow) -> bool:
    return row.seeds == row.planned_seeds


def _ratio(row: ArmRow) -> float:
    return float(row.parameters["real_ratio"])


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
        _key("mean; bar: 95 % interval (for all arms) of its difference from the baseline", GREY, "o"),
        hollow,
        trial,
        baseline,
    ]


def _key(label: str, colour: str, marker: str) -> Line2D:
    return Line2D([], [], color=colour, marker=marker, markersize=5, label=label)
