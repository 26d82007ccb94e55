"""The picture of the judged metric against real_ratio, a panel for every rung: the tables' numbers drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sweep.analysis.settings import ArmsOfSetting, arms_by_setting
from sweep.ledger.state import SweepState
from sweep.report.drawing import (
    GREY,
    PROVENANCE_MARKERS,
    SETTING_STYLES,
    draw_legend,
    new_figure,
    say_nothing_to_draw,
)
from sweep.report.look import SCREEN, Look
from sweep.report.ratio_axis import beside, show_real_ratio
from sweep.report.tables import ArmRow, FairTable, fair_table
from sweep.results import comparable, metric_of, newest_rung, provenance_of, rungs_of

_BETWEEN_CURVES = 0.06
_BESIDE_MEAN = 0.05


def ratio_curves(state: SweepState, look: Look = SCREEN) -> Figure:
    """A marker for an arm's mean, hollow where the arm lacks seeds at that rung; small dots for its trials,
    hollow squares for those that were imported.

    The bar around a mean is the 95 % interval of its difference from the baseline, for all arms at once:
    where it crosses the baseline's dashed line, the table's interval holds 0. Lines join the means of arms
    that have all seeds.
    """
    settings, rungs, metric = arms_by_setting(state), _rungs(state, look), metric_of(state)
    imported = _imported(state)
    figure, axes = new_figure(len(rungs), look)
    for axis, rung in zip(axes, rungs, strict=True):
        table = fair_table(state, rung)
        _draw_table(axis, table, settings, imported)
        is_prior = bool(table.rows) and table.noise.source == "prior"
        axis.set_title(f"iteration {rung}{', prior noise' if is_prior else ''}")
        axis.set(xlabel="real_ratio", ylabel=f"{metric} (%)")
    draw_legend(figure, _legend(settings, imported), look, 1 if look.most_columns == 1 else 2)
    if look.has_title:
        figure.suptitle(f"{state.created.name}: {metric} against real_ratio; every rung has its own scale")
    return figure


def _rungs(state: SweepState, look: Look) -> tuple[int, ...]:
    """All, or as many as the look has room for: the newest that any trial has reached."""
    reached = tuple(rung for rung in rungs_of(state) if rung <= newest_rung(state))
    return rungs_of(state) if look.most_rungs is None else reached[-look.most_rungs :]


def _imported(state: SweepState) -> set[tuple[str, int]]:
    """Arm and seed of the trials that somebody else trained."""
    trials = comparable(state).trials.values()
    return {(trial.arm, trial.planned.seed) for trial in trials if provenance_of(state, trial) == "imported"}


def _draw_table(
    axis: Axes, table: FairTable, settings: Sequence[ArmsOfSetting], imported: set[tuple[str, int]]
) -> None:
    if not table.rows:
        say_nothing_to_draw(axis, "no trial has reached this rung")
        return
    for i, setting in enumerate(settings):
        rows = [row for row in reversed(table.rows) if row.arm in setting.arms]
        shift = _BETWEEN_CURVES * (i - (len(settings) - 1) / 2)  # sets several curves side by side
        _draw_rows(axis, rows, *SETTING_STYLES[i], shift=shift)
        _draw_trials(axis, rows, SETTING_STYLES[i][0], shift=shift, imported=imported)
        if setting.is_one_curve:
            _join_complete(axis, rows, SETTING_STYLES[i][0], shift)
    for row in table.rows:
        if row.is_baseline and not math.isnan(row.judged.mean):
            axis.axhline(row.judged.mean, color=GREY, linewidth=1, linestyle="--", label="baseline")
    show_real_ratio(axis, {_ratio(row) for row in table.rows}, closest=0.1, usual=False)


def _draw_rows(axis: Axes, rows: Sequence[ArmRow], colour: str, marker: str, *, shift: float) -> None:
    for row in rows:
        axis.errorbar(
            [beside(_ratio(row), shift)],
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


def _draw_trials(
    axis: Axes, rows: Sequence[ArmRow], colour: str, *, shift: float, imported: set[tuple[str, int]]
) -> None:
    """Beside the mean; a single one is the mean, and shown for itself only where it was imported."""
    for row in rows:
        place = beside(_ratio(row), shift + _BESIDE_MEAN)
        own = [value for seed, value in row.values.items() if (row.arm, seed) not in imported]
        theirs = [value for seed, value in row.values.items() if (row.arm, seed) in imported]
        looks: dict[str, Any] = {"color": colour, "alpha": 0.6, "linestyle": "none"}
        if own and len(row.values) > 1:
            axis.plot([place] * len(own), own, marker=".", markersize=5, label=f"trials {row.arm}", **looks)
        if theirs:
            looks |= {"marker": PROVENANCE_MARKERS["imported"], "markerfacecolor": "white", "markersize": 3.5}
            axis.plot([place] * len(theirs), theirs, label=f"imported {row.arm}", **looks)


def _join_complete(axis: Axes, rows: Sequence[ArmRow], colour: str, shift: float) -> None:
    """A line through the means, broken at arms that lack seeds: a line past their points would mislead."""
    x = [beside(_ratio(row), shift) for row in rows]
    y = [row.judged.mean if _is_complete(row) else math.nan for row in rows]
    axis.plot(x, y, color=colour, linewidth=1.4, label="means")


def _is_complete(row: ArmRow) -> bool:
    return row.seeds == row.planned_seeds


def _ratio(row: ArmRow) -> float:
    return float(row.parameters["real_ratio"])


def _legend(settings: Sequence[ArmsOfSetting], imported: set[tuple[str, int]]) -> list[Line2D]:
    named = [
        _key(setting.words, colour, marker)
        for setting, (colour, marker) in zip(settings, SETTING_STYLES, strict=False)
        if setting.words
    ]
    hollow = _key("seeds of the arm are missing", GREY, "o")
    hollow.set(markerfacecolor="white", linestyle="none")
    trial = _key("one trial", GREY, ".")
    trial.set(linestyle="none")
    theirs = _key("one imported trial", GREY, PROVENANCE_MARKERS["imported"])
    theirs.set(linestyle="none", markerfacecolor="white", markersize=3.5)
    baseline = _key("baseline", GREY, "")
    baseline.set(linestyle="--")
    return [
        *named,
        _key("mean; bar: 95 % interval (for all arms) of its difference from the baseline", GREY, "o"),
        hollow,
        trial,
        *([theirs] if imported else []),
        baseline,
    ]


def _key(label: str, colour: str, marker: str) -> Line2D:
    return Line2D([], [], color=colour, marker=marker, markersize=5, label=label)
