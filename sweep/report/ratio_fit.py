"""The picture of the fitted curve over real_ratio: what was measured, what is predicted, how sure it is."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sweep.analysis import Analysis, Fits
from sweep.curves.ratio import RatioCurve, band
from sweep.curves.trials import TrialCurve
from sweep.ledger.state import SweepState
from sweep.report.drawing import (
    GREY,
    PROVENANCE_MARKERS,
    SETTING_STYLES,
    STOPPED_MARKER,
    draw_legend,
    draw_measured,
    draw_predicted,
    draw_stopped,
    new_figure,
    say_nothing_to_draw,
)
from sweep.report.look import SCREEN, Look
from sweep.report.ratio_axis import beside, show_real_ratio
from sweep.results import provenance_of

OVERLAID = 3
"""Settings that share a picture, at most."""
_BETWEEN_BARS = 0.045
_MARGIN = 0.08
_LEAST_SPAN = 2.0
"""Of the values, in points: less of it would make mountains of noise."""


def ratio_fit(analysis: Analysis, state: SweepState, look: Look = SCREEN) -> Figure:
    """The average curve of every setting with its 90 % band, over measured trials and predicted ones.

    Up to three settings share a panel. With more than six, those with most values are drawn. `state`: that
    which was analysed; it tells where values come from, and which trials were stopped.
    """
    fits, marks = most_measured(analysis), _Marks(state)
    styled = [(one, colour) for one, (colour, _) in zip(fits, SETTING_STYLES, strict=False)]
    groups = [styled] if len(fits) <= OVERLAID else [[one] for one in styled]
    figure, axes = new_figure(max(len(groups), 1), look)
    for axis, group in zip(axes, groups, strict=False):
        _draw_panel(axis, group, analysis, marks, look)
        axis.set(title=group[0][0].setting.words if len(groups) > 1 else "")
    for axis in axes:
        axis.set(xlabel="real_ratio", ylabel=f"{analysis.metric} (%)")
    if look.has_title:
        figure.suptitle(_title(analysis, fits), fontsize="medium")
    handles = _legend(analysis, fits if len(groups) == 1 else [], marks)
    draw_legend(figure, handles, look, min(look.legend_columns, 3))
    return figure


class _Marks:
    """What a trial's mark is to say, beside its value."""

    def __init__(self, state: SweepState) -> None:
        self.provenance: dict[str, str] = {
            name: provenance_of(state, trial) for name, trial in state.trials.items()
        }
        self.stopped = {name for name, trial in state.trials.items() if trial.status == "stopped"}

    def of_arm(self, trial_ids: Sequence[str]) -> str:
        """Imported if all of its trials are."""
        found = {self.provenance[trial_id] for trial_id in trial_ids}
        return found.pop() if len(found) == 1 else "measured"


def _title(analysis: Analysis, drawn: Sequence[Fits]) -> str:
    title = f"{analysis.sweep}: {analysis.metric} against real_ratio at iteration {analysis.rung}"
    if len(drawn) < len(analysis.fits):
        return f"{title}; {len(drawn)} of {len(analysis.fits)} settings"
    return "\n".join([title, *textwrap.wrap(drawn[0].verdict, 95)]) if len(drawn) == 1 else title


def curve_shown(fits: Fits) -> RatioCurve | None:
    """The curve of a setting; None where a single share of real images has values, so that it is supposed."""
    return fits.curve if fits.effect and fits.effect.p_value is not None else None


def most_measured(analysis: Analysis) -> list[Fits]:
    """The settings with most values: as many as there are styles, in their order."""

    def measured(i: int) -> int:
        return sum(analysis.rung in trial.values for trial in analysis.fits[i].setting.trials)

    chosen = sorted(range(len(analysis.fits)), key=measured, reverse=True)[: len(SETTING_STYLES)]
    return [analysis.fits[i] for i in sorted(chosen)]


def _draw_panel(
    axis: Axes, group: Sequence[tuple[Fits, str]], analysis: Analysis, marks: _Marks, look: Look
) -> None:
    seen = [value for fits, colour in group for value in _draw_setting(axis, fits, analysis, colour, marks)]
    if not seen:
        say_nothing_to_draw(axis, f"no trial has a value at iteration {analysis.rung} yet")
        return
    span = max(seen) - min(seen)
    room = max(_MARGIN * span, (_LEAST_SPAN - span) / 2)
    axis.set_ylim(min(seen) - room, max(seen) + room)
    run = {trial.real_ratio for fits, _ in group for trial in fits.setting.trials}
    show_real_ratio(axis, run, closest=look.tick_gap)


def _draw_setting(axis: Axes, fits: Fits, analysis: Analysis, colour: str, marks: _Marks) -> list[float]:
    """Draws one setting; the values that must be seen. The band may leave the picture beyond the values."""
    curve = curve_shown(fits)
    seen = _draw_curve(axis, curve, colour) if curve else []
    seen += _draw_measured(axis, fits, analysis.rung, colour, marks)
    if analysis.rung == fits.setting.final:
        seen += _draw_predicted(axis, fits, colour, marks)
    return seen


def _draw_curve(axis: Axes, curve: RatioCurve, colour: str) -> list[float]:
    lower, expected, upper = band(curve)
    ratios, grid = curve.observations.real_ratio, curve.grid
    inside = (grid >= ratios.min()) & (grid <= ratios.max())
    solid: dict[str, Any] = {"color": colour, "alpha": 0.2, "linewidth": 0, "label": "band"}
    axis.plot(grid[inside], expected[inside], color=colour, linewidth=2, label="curve")
    axis.fill_between(grid[inside], lower[inside], upper[inside], **solid)
    hatched: dict[str, Any] = {"facecolor": "none", "edgecolor": colour, "hatch": "////", "linewidth": 0}
    for beyond in (grid <= ratios.min(), grid >= ratios.max()):
        if beyond.sum() > 1:
            x, ends = grid[beyond], (lower[beyond], upper[beyond])
            axis.plot(x, expected[beyond], ":", color=colour, linewidth=1.2, label="curve beyond")
            axis.fill_between(x, *ends, alpha=0.35, label="band beyond", **hatched)
    return [*map(float, lower[inside]), *map(float, upper[inside]), *map(float, expected)]


def _draw_measured(axis: Axes, fits: Fits, rung: int, colour: str, marks: _Marks) -> list[float]:
    arms: dict[str, list[TrialCurve]] = {}
    for trial in fits.setting.trials:
        if rung in trial.values:
            arms.setdefault(trial.arm, []).append(trial)
    for arm, trials in arms.items():
        place, mean = trials[0].real_ratio, float(np.mean([trial.values[rung] for trial in trials]))
        if len(trials) > 1:
            _draw_trials(axis, trials, rung, colour, marks)
        provenance = marks.of_arm([trial.trial_id for trial in trials])
        draw_measured(axis, place, [mean], colour, provenance, f"mean {arm}")
    return [trial.values[rung] for trials in arms.values() for trial in trials]


def _draw_trials(axis: Axes, trials: Sequence[TrialCurve], rung: int, colour: str, marks: _Marks) -> None:
    for provenance in dict.fromkeys(marks.provenance[trial.trial_id] for trial in trials):
        own = [trial for trial in trials if marks.provenance[trial.trial_id] == provenance]
        values = [trial.values[rung] for trial in own]
        label = f"trials {own[0].arm}, {provenance}"
        draw_measured(axis, own[0].real_ratio, values, colour, provenance, label)


def _draw_predicted(axis: Axes, fits: Fits, colour: str, marks: _Marks) -> list[float]:
    seen, at_ratio = list[float](), dict[float, int]()
    for trial_id, found in fits.predictions.items():
        count = at_ratio[found.real_ratio] = at_ratio.get(found.real_ratio, 0) + 1
        place = beside(found.real_ratio, _BETWEEN_BARS * count)
        draw_predicted(axis, place, found, colour, f"predicted {trial_id}")
        if trial_id in marks.stopped:
            draw_stopped(axis, place, found.expected, colour, f"stopped {trial_id}")
        seen += [found.lower, found.upper]
    return seen


def _legend(analysis: Analysis, overlaid: Sequence[Fits], marks: _Marks) -> list[Line2D | Patch]:
    """Settings, if several share the panel, then only the marks that the picture has."""
    settings = [
        Line2D([], [], color=colour, linewidth=2.5, label=fits.setting.words)
        for fits, (colour, _) in zip(overlaid, SETTING_STYLES, strict=False)
        if len(overlaid) > 1
    ]
    at_end = [fits for fits in analysis.fits if analysis.rung == fits.setting.final]
    predicted = {trial_id for fits in at_end for trial_id in fits.predictions}
    curves = [curve for fits in analysis.fits if (curve := curve_shown(fits))]
    entries: dict[Line2D | Patch, bool] = {
        _mark("one trial, predicted (90 % interval)", "predicted"): bool(predicted),
        _mark("stopped early", None): bool(predicted & marks.stopped),
        Patch(color=GREY, alpha=0.3, label="average curve, 90 % band"): bool(curves),
        Patch(facecolor="none", edgecolor=GREY, hatch="////", label="extrapolation"): any(
            map(_leaves_ends, curves)
        ),
    }
    means = _provenances(analysis, marks)
    return [*settings, *means, *(entry for entry, is_there in entries.items() if is_there)]


def _provenances(analysis: Analysis, marks: _Marks) -> list[Line2D]:
    """An entry for every provenance that a mean in the picture has, and one for the trials behind means."""
    arms: dict[str, list[str]] = {}
    for fits in analysis.fits:
        for trial in fits.setting.trials:
            if analysis.rung in trial.values:
                arms.setdefault(trial.arm, []).append(trial.trial_id)
    means = dict.fromkeys(marks.of_arm(trial_ids) for trial_ids in arms.values())
    behind = dict.fromkeys(
        marks.provenance[one] for trial_ids in arms.values() if len(set(trial_ids)) > 1 for one in trial_ids
    )
    return [
        *(_mark(f"mean of an arm, {provenance}", provenance) for provenance in means),
        *(_mark(f"one trial, {provenance}", provenance, markersize=3) for provenance in behind),
    ]


def _mark(label: str, provenance: str | None, **looks: Any) -> Line2D:
    """None: of a trial that was stopped."""
    if provenance is None:
        return Line2D([], [], color=GREY, marker=STOPPED_MARKER, linestyle="none", label=label)
    face = GREY if PROVENANCE_MARKERS[provenance] == "o" else "white"
    marker = PROVENANCE_MARKERS[provenance]
    return Line2D(
        [], [], color=GREY, marker=marker, markerfacecolor=face, linestyle="none", label=label, **looks
    )


def _leaves_ends(curve: RatioCurve) -> bool:
    ratios = curve.observations.real_ratio
    return bool(ratios.min() > curve.grid[0] or ratios.max() < curve.grid[-1])
