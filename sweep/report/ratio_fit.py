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
from sweep.report.drawing import GREY, SETTING_STYLES, draw_predicted, new_figure, say_nothing_to_draw
from sweep.report.ratio_axis import beside, show_real_ratio

_OVERLAID = 3
_BETWEEN_BARS = 0.045
_MARGIN = 0.08
_LEAST_SPAN = 2.0
"""Of the values, in points: less of it would make mountains of noise."""


def ratio_fit(analysis: Analysis) -> Figure:
    """The average curve of every setting with its 90 % band, over measured trials and predicted ones.

    Up to three settings share a panel. With more than six, those with most values are drawn.
    """
    fits = _most_measured(analysis)
    styled = list(zip(fits, SETTING_STYLES, strict=False))
    groups = [styled] if len(fits) <= _OVERLAID else [[one] for one in styled]
    figure, axes = new_figure(max(len(groups), 1))
    for axis, group in zip(axes, groups, strict=False):
        _draw_panel(axis, group, analysis)
        axis.set(title=group[0][0].setting.words if len(groups) > 1 else "")
    for axis in axes:
        axis.set(xlabel="real_ratio", ylabel=f"{analysis.metric} (%)")
    figure.suptitle(_title(analysis, fits), fontsize="medium")
    handles = _legend(analysis, fits if len(groups) == 1 else [])
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize="small")
    return figure


def _title(analysis: Analysis, drawn: Sequence[Fits]) -> str:
    title = f"{analysis.sweep}: {analysis.metric} against real_ratio at iteration {analysis.rung}"
    if len(drawn) < len(analysis.fits):
        return f"{title}; {len(drawn)} of {len(analysis.fits)} settings"
    return "\n".join([title, *textwrap.wrap(drawn[0].verdict, 95)]) if len(drawn) == 1 else title


def _curve(fits: Fits) -> RatioCurve | None:
    """None where a single share of real images has values: what such a curve says is supposed."""
    return fits.curve if fits.effect and fits.effect.p_value is not None else None


def _most_measured(analysis: Analysis) -> list[Fits]:
    """As many as there are styles, in their order."""

    def measured(i: int) -> int:
        return sum(analysis.rung in trial.values for trial in analysis.fits[i].setting.trials)

    chosen = sorted(range(len(analysis.fits)), key=measured, reverse=True)[: len(SETTING_STYLES)]
    return [analysis.fits[i] for i in sorted(chosen)]


def _draw_panel(axis: Axes, group: Sequence[tuple[Fits, tuple[str, str]]], analysis: Analysis) -> None:
    seen = [
        value
        for fits, (colour, marker) in group
        for value in _draw_setting(axis, fits, analysis, colour, marker)
    ]
    if not seen:
        say_nothing_to_draw(axis, f"no trial has a value at iteration {analysis.rung} yet")
        return
    span = max(seen) - min(seen)
    room = max(_MARGIN * span, (_LEAST_SPAN - span) / 2)
    axis.set_ylim(min(seen) - room, max(seen) + room)
    show_real_ratio(axis, {trial.real_ratio for fits, _ in group for trial in fits.setting.trials})


def _draw_setting(axis: Axes, fits: Fits, analysis: Analysis, colour: str, marker: str) -> list[float]:
    """Draws one setting; the values that must be seen. The band may leave the picture beyond the values."""
    curve = _curve(fits)
    seen = _draw_curve(axis, curve, colour) if curve else []
    seen += _draw_measured(axis, fits, analysis.rung, colour, marker)
    if analysis.rung == fits.setting.final:
        seen += _draw_predicted(axis, fits, colour, marker)
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


def _draw_measured(axis: Axes, fits: Fits, rung: int, colour: str, marker: str) -> list[float]:
    seen = []
    for arm, by_seed in fits.setting.values_at(rung).items():
        real_ratio, values = fits.setting.real_ratio_of(arm), list(by_seed.values())
        if len(values) > 1:
            places = [real_ratio] * len(values)
            axis.plot(places, values, ".", color=colour, alpha=0.6, markersize=5, label=f"trials {arm}")
        axis.plot([real_ratio], [np.mean(values)], marker, color=colour, markersize=6, label=f"mean {arm}")
        seen += values
    return seen


def _draw_predicted(axis: Axes, fits: Fits, colour: str, marker: str) -> list[float]:
    seen, at_ratio = list[float](), dict[float, int]()
    for trial_id, found in fits.predictions.items():
        count = at_ratio[found.real_ratio] = at_ratio.get(found.real_ratio, 0) + 1
        place = beside(found.real_ratio, _BETWEEN_BARS * count)
        draw_predicted(axis, place, found, colour, f"predicted {trial_id}", marker)
        seen += [found.lower, found.upper]
    return seen


def _legend(analysis: Analysis, overlaid: Sequence[Fits]) -> list[Line2D | Patch]:
    """Settings, if several share the panel, then only the marks that the picture has."""
    settings = [
        Line2D([], [], color=colour, marker=marker, label=fits.setting.words)
        for fits, (colour, marker) in zip(overlaid, SETTING_STYLES, strict=False)
        if len(overlaid) > 1
    ]
    arms = [arm for fits in analysis.fits for arm in fits.setting.values_at(analysis.rung).values()]
    is_final = any(analysis.rung == fits.setting.final and fits.predictions for fits in analysis.fits)
    curves = [curve for fits in analysis.fits if (curve := _curve(fits))]
    marks: dict[Line2D | Patch, bool] = {
        _mark("mean of an arm, measured", "o"): bool(arms),
        _mark("one trial, measured", "."): any(len(arm) > 1 for arm in arms),
        _mark("one trial, predicted (90 % interval)", "o", markerfacecolor="white"): is_final,
        Patch(color=GREY, alpha=0.3, label="average curve, 90 % band"): bool(curves),
        Patch(facecolor="none", edgecolor=GREY, hatch="////", label="extrapolation"): any(
            map(_leaves_ends, curves)
        ),
    }
    return [*settings, *(mark for mark, is_there in marks.items() if is_there)]


def _mark(label: str, marker: str, **looks: Any) -> Line2D:
    return Line2D([], [], color=GREY, marker=marker, linestyle="none", label=label, **looks)


def _leaves_ends(curve: RatioCurve) -> bool:
    ratios = curve.observations.real_ratio
    return bool(ratios.min() > curve.grid[0] or ratios.max() < curve.grid[-1])
