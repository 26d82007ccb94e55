"""The picture of the judged metric against the iteration, coloured by real_ratio."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sweep.analysis.settings import ArmsOfSetting, arms_by_setting
from sweep.curves.prediction import Prediction
from sweep.ledger.state import SweepState, TrialState
from sweep.report.drawing import (
    GREY,
    PROVENANCE_MARKERS,
    STOPPED_MARKER,
    Colour,
    draw_legend,
    draw_predicted,
    new_figure,
    say_nothing_to_draw,
    sequential_colours,
)
from sweep.report.look import SCREEN, Look
from sweep.results import comparable, metric_of, provenance_of, rungs_of
from sweep.sampling import evenly, sample_words

MARKERS = {"stopped": STOPPED_MARKER, "paused": ">", "failed": "P"}
"""At the end of a curve that does not run to the last iteration, by what became of the trial."""

_MOST_ENTRIES = 12
_MOST_TRIALS = 300  # of a panel: more cannot be told apart, and take minutes to draw

_HOLLOW = {"imported": "imported", "predicted": "predicted end"}


def learning_curves(
    state: SweepState, predictions: Mapping[str, Prediction] | None = None, look: Look = SCREEN
) -> Figure:
    """A panel for every setting of the other parameters: a thin line a trial, a bold one for an arm's mean.

    The mean is drawn where all seeds of the arm have a value, so that it never changes its composition. Of
    very many trials an even sample is drawn, and the title says so. What was imported are hollow squares.
    `predictions` of final values, by trial id, are hollow diamonds and stand beside the last iteration.
    """
    state = comparable(state)
    metric, settings = metric_of(state), arms_by_setting(state)
    ratios = [trial.planned.parameters["real_ratio"] for trial in state.trials.values()]
    colours = sequential_colours(ratios)
    figure, axes = new_figure(len(settings), look)
    for axis, setting in zip(axes, settings, strict=True):
        _draw_panel(axis, state, setting.arms, metric, colours)
        _draw_predictions(axis, state, setting.arms, predictions or {}, colours)
        axis.set(title=setting.words, xlabel="iteration", ylabel=f"{metric} (%)")
    if any(trial.reports for trial in state.trials.values()):
        handles = _legend(state, colours, has_predictions=bool(predictions))
        if look.legend_beside:
            figure.legend(handles=handles, title="real_ratio", loc="outside right upper", frameon=False)
        else:
            draw_legend(figure, handles, look, look.legend_columns + 2, title="real_ratio")
    if look.has_title:
        figure.suptitle(_title(state, settings))
    return figure


def _title(state: SweepState, settings: Sequence[ArmsOfSetting]) -> str:
    counts = [sum(trial.arm in setting.arms for trial in state.trials.values()) for setting in settings]
    drawn = sum(min(count, _MOST_TRIALS) for count in counts)
    sample = sample_words(drawn, sum(counts), "trials", "reports.csv")
    return f"{state.created.name}: learning curves by real_ratio" + (f"\n{sample}" if sample else "")


def _draw_panel(
    axis: Axes, state: SweepState, arms: Sequence[str], metric: str, colours: Mapping[float, Colour]
) -> None:
    by_arm: dict[str, list[TrialState]] = {arm: [] for arm in arms}
    for trial in state.trials.values():
        if trial.arm in by_arm:
            by_arm[trial.arm].append(trial)
    for trial in evenly([trial for own in by_arm.values() for trial in own], _MOST_TRIALS):
        colour = colours[trial.planned.parameters["real_ratio"]]
        _draw_trial(axis, trial, _curve(trial, metric), colour, provenance_of(state, trial))
    for arm in evenly(arms, _MOST_TRIALS):
        mean = _mean([_curve(trial, metric) for trial in by_arm[arm]])
        dot = "o" if len(mean) == 1 else ""  # a line would not be seen
        colour = colours[by_arm[arm][0].planned.parameters["real_ratio"]]
        places, values = list(mean), list(mean.values())
        axis.plot(places, values, dot + "-", color=colour, linewidth=2.2, markersize=5, label=f"mean {arm}")
    _mark_rungs(axis, state)
    if not any(trial.reports for trial in state.trials.values() if trial.arm in arms):
        say_nothing_to_draw(axis, "no trial has reported yet")


def _draw_predictions(
    axis: Axes,
    state: SweepState,
    arms: Sequence[str],
    predictions: Mapping[str, Prediction],
    colours: Mapping[float, Colour],
) -> None:
    """Side by side to the right of the last iteration, where nothing can be measured."""
    found = [one for one in predictions.values() if state.trials[one.trial_id].arm in arms]
    if not found:
        return
    final = rungs_of(state)[-1]
    axis.set_xlim(0, final * 1.12)
    places = np.linspace(1.03, 1.1, len(found)) if len(found) > 1 else [1.03]
    for place, one in zip(places, sorted(found, key=lambda one: one.real_ratio), strict=True):
        label = f"predicted {one.trial_id}"
        draw_predicted(axis, float(place * final), one, colours[one.real_ratio], label)


def _draw_trial(
    axis: Axes, trial: TrialState, curve: Mapping[int, float], colour: Colour, provenance: str
) -> None:
    iterations, values = list(curve), list(curve.values())
    is_imported = provenance == "imported"
    axis.plot(
        iterations,
        values,
        f"{PROVENANCE_MARKERS['imported'] if is_imported else '.'}-",
        color=colour,
        linewidth=0.8,
        markersize=3,
        markerfacecolor="white" if is_imported else colour,
        alpha=0.6,
        label=trial.trial_id,
    )
    if curve and trial.status in MARKERS:
        axis.plot(
            iterations[-1:],
            values[-1:],
            color=colour,
            marker=MARKERS[trial.status],
            markersize=6,
            markeredgewidth=1.4 if trial.status == "stopped" else 0.5,
            label=f"end {trial.trial_id}",
        )


def _curve(trial: TrialState, metric: str) -> dict[int, float]:
    """Values by iteration, rising."""
    return {i: trial.reports[i].metrics.get(metric, math.nan) for i in sorted(trial.reports)}


def _mean(curves: Sequence[Mapping[int, float]]) -> dict[int, float]:
    shared = set.intersection(*(set(curve) for curve in curves))
    return {i: math.fsum(curve[i] for curve in curves) / len(curves) for i in sorted(shared)}


def _mark_rungs(axis: Axes, state: SweepState) -> None:
    rungs = rungs_of(state)
    axis.set_xlim(0, rungs[-1] * 1.03)
    for rung in rungs:
        axis.axvline(rung, color=GREY, linewidth=0.8, linestyle=":", zorder=0, label=f"rung {rung}")


def _legend(state: SweepState, colours: Mapping[float, Colour], *, has_predictions: bool) -> list[Line2D]:
    """Ratios, at most a dozen of them evenly chosen, then the marks that the picture has."""
    reported = [trial for trial in state.trials.values() if trial.reports]
    statuses = {trial.status for trial in reported}
    ratios = [
        Line2D([], [], color=colours[r], linewidth=2.2, label=f"{r:g}")
        for r in evenly(list(colours), _MOST_ENTRIES)
    ]
    marks = [
        Line2D([], [], color=GREY, marker=marker, linestyle="none", label=status)
        for status, marker in MARKERS.items()
        if status in statuses
    ]
    rung = Line2D([], [], color=GREY, linewidth=0.8, linestyle=":", label="rung")
    is_there = {
        "imported": any(provenance_of(state, trial) == "imported" for trial in reported),
        "predicted": has_predictions,
    }
    hollow = [_hollow(provenance, label) for provenance, label in _HOLLOW.items() if is_there[provenance]]
    return [*reversed(ratios), *marks, rung, *hollow]


def _hollow(provenance: str, label: str) -> Line2D:
    marker = PROVENANCE_MARKERS[provenance]
    return Line2D([], [], color=GREY, marker=marker, markerfacecolor="white", linestyle="none", label=label)
