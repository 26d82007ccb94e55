"""The curve over real_ratio as SVG, out of the same tables as the figure: band, points, what was stopped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from sweep.curves.digits import decimals, fixed
from sweep.report.figure_frames import records_of
from sweep.report.html.marks import Mark, key_of, legend, whisker
from sweep.report.html.svg import Frame, axes, chart, element, path
from sweep.report.ratio_axis import labelled_ratios, place_of
from sweep.sampling import evenly

MOST_POINTS = 300
"""Of trials, and of predictions: more of them make a page that no phone opens."""

_LEAST_SPAN = 2.0
"""Of the values, in points: less of it would make mountains of noise."""

_BETWEEN_SETTINGS = 0.04
_BESIDE = 0.05
"""Between predictions of one share, in units of the axis, which is about 3 long."""


def ratio_chart(
    points: pd.DataFrame, curve: pd.DataFrame, *, settings: Sequence[str], sd: float, width: float, name: str
) -> Markup:
    """The settings in one picture.

    Args:
        points: `ratio_points` of these settings.
        curve: `curve_frame` of those of them that have a curve to show.
        settings: their words, in the order of their colours.
        sd: of the noise, in points: what digits are worth.
        width: in pixels.
        name: of the picture on its page, for what must be named apart.
    """
    metric, rung = _said(points, curve)
    ratios = sorted({*points["real_ratio"], *(() if len(points) else (0.0, 1.0))})
    frame = _frame(points, curve, width)
    clip = f"clip-{name}"
    labels = sorted(labelled_ratios(ratios, _closest(width)))
    x_ticks = [(float(place_of(ratio)), f"{ratio:.3g}") for ratio in labels]
    parts = [axes(frame, x_ticks, "real_ratio", f"{metric} (%)", clip)]
    for i, setting in enumerate(settings):
        parts.append(_curve(frame, curve[curve["setting"] == setting], f"s{i}", clip))
    for i, setting in enumerate(settings):
        own = points[points["setting"] == setting]
        shift = _BETWEEN_SETTINGS * (i - (len(settings) - 1) / 2)  # else the last one hides the others
        parts.append(_marks(frame, own, f"s{i}", decimals(sd), shift))
    return chart(frame, f"{metric} at iteration {rung} against real_ratio", *parts)


def ratio_legend(points: pd.DataFrame, curve: pd.DataFrame, settings: Sequence[str]) -> Markup:
    """Only of what is in the picture."""
    entries = [(key_of("line", f"s{i}"), words) for i, words in enumerate(settings) if len(settings) > 1]
    colour = "s0" if len(settings) == 1 else "grey"
    kinds = set(zip(points["kind"], points["provenance"], strict=True))
    means = {provenance for kind, provenance in kinds if kind == "mean"}
    shapes = {"imported": "square"}
    for provenance in sorted(means, reverse=True):
        key = key_of(shapes.get(provenance, "circle"), colour, size=5)
        entries.append((key, f"mean of an arm, {provenance}"))
    if (points["kind"] == "trial").sum() > (points["kind"] == "mean").sum():
        for provenance in sorted({p for kind, p in kinds if kind == "trial"}, reverse=True):
            key = key_of(shapes.get(provenance, "circle"), colour, size=2.5)
            entries.append((key, f"a trial, {provenance}"))
    predicted = points[points["kind"] == "predicted"]
    if len(predicted):
        entries.append((key_of("diamond", colour), "a trial's end, predicted (90 % interval)"))
    if (predicted["status"] == "stopped").any():
        entries.append((key_of("crossed", colour, size=5), "of a trial that was stopped early"))
    if len(curve):
        entries.append((key_of("band", colour), "average curve, 90 % band"))
    if curve["extrapolated"].astype(bool).any():
        entries.append((key_of("dotted", colour), "extrapolation"))
    return legend(entries)


def _closest(width: float) -> float:
    """Between labels, as a part of the axis."""
    return 40 / width


def _said(points: pd.DataFrame, curve: pd.DataFrame) -> tuple[str, int]:
    known = points if len(points) else curve
    return str(known["judged_by"].iloc[0]), int(known["iteration"].iloc[0])


def _frame(points: pd.DataFrame, curve: pd.DataFrame, width: float) -> Frame:
    inside = curve[~curve["extrapolated"].astype(bool)]
    seen = pd.concat(
        [points["value"], points["lower"], points["upper"], *(inside[end] for end in ("lower", "upper"))]
    ).astype(float)
    low, high = float(seen.min()), float(seen.max())
    room = max(0.06 * (high - low), (_LEAST_SPAN - (high - low)) / 2)
    start, end = float(place_of(0.0)), float(place_of(1.0))
    height = min(max(0.55 * width, 260), 400)
    return Frame(
        width=width,
        height=height,
        x_range=(start - 0.09, end + 0.12),
        y_range=(low - room, high + room),
        top=26,
    )


def _curve(frame: Frame, curve: pd.DataFrame, colour: str, clip: str) -> Markup:
    """Solid within the shares that were run, pale and dotted beyond."""
    if curve.empty:
        return Markup("")
    is_beyond = curve["extrapolated"].to_numpy(dtype=bool)
    first, last = _ends(is_beyond)
    pieces = {"": slice(first, last + 1), " beyond": slice(0, first + 1), " beyond above": slice(last, None)}
    parts: list[Markup] = []
    for kind, piece in pieces.items():
        own = curve.iloc[piece]
        if len(own) < 2:
            continue
        xs = [frame.x(float(place_of(ratio))) for ratio in own["real_ratio"]]
        lower, middle, upper = ([frame.y(v) for v in own[name]] for name in ("lower", "expected", "upper"))
        outline = [*zip(xs, upper, strict=True), *reversed(list(zip(xs, lower, strict=True)))]
        parts.append(element("path", class_=f"band{kind} {colour}", d=path(outline, closed=True)))
        parts.append(element("path", class_=f"curve{kind} {colour}", d=path(zip(xs, middle, strict=True))))
    return element("g", *parts, clip_path=f"url(#{clip})")


def _ends(is_beyond: Any) -> tuple[int, int]:
    """First and last place of the grid within what was run."""
    inside = [i for i, beyond in enumerate(is_beyond) if not beyond]
    return inside[0], inside[-1]


def _marks(frame: Frame, points: pd.DataFrame, colour: str, places: int, shift: float) -> Markup:
    trials = evenly(_rows(points, "trial"), MOST_POINTS)
    means, predicted = _rows(points, "mean"), evenly(_rows(points, "predicted"), MOST_POINTS)
    alone = points[points["kind"] == "trial"].groupby("arm").size().to_dict()
    drawn = [
        _mark(frame, row, f"{colour} pale", places, size=2.6, beside=shift)
        for row in trials
        if alone[row["arm"]] > 1
    ]
    drawn += [_mark(frame, row, colour, places, size=5, beside=shift) for row in evenly(means, MOST_POINTS)]
    at_ratio: dict[float, int] = {}
    for row in predicted:
        count = at_ratio[row["real_ratio"]] = at_ratio.get(row["real_ratio"], 0) + 1
        drawn.append(_prediction(frame, row, colour, places, shift + count * _BESIDE))
    return Markup("").join(drawn)


def _rows(points: pd.DataFrame, kind: str) -> list[dict[str, Any]]:
    return records_of(points[points["kind"] == kind])


def _prediction(frame: Frame, row: dict[str, Any], colour: str, places: int, beside: float) -> Markup:
    x = frame.x(float(place_of(row["real_ratio"])) + beside)
    bar = whisker(x, frame.y(row["upper"]), frame.y(row["lower"]), colour, dashed=True)
    return bar + _mark(frame, row, colour, places, size=5, beside=beside)


def _mark(
    frame: Frame, row: dict[str, Any], colour: str, places: int, *, size: float = 4.0, beside: float = 0.0
) -> Markup:
    return Mark(
        x=frame.x(float(place_of(row["real_ratio"])) + beside),
        y=frame.y(row["value"]),
        provenance=row["provenance"],
        tip=tip_of(row, places),
        colour=colour,
        size=size,
        trial=row["trial_id"] or None,
        is_stopped=row["status"] == "stopped",
    ).drawn()


def tip_of(row: dict[str, Any], places: int) -> list[str]:
    """What is said of a point: value, place, seed, state, provenance."""
    interval = ""
    if not math.isnan(row["lower"]):
        interval = f" ({fixed(row['lower'], places)} to {fixed(row['upper'], places)}, 90 %)"
    whose = row["arm"] if row["kind"] == "mean" else f"{row['arm']} seed {row['seed']}"
    named = f" ({row['trial_id']})" if row["trial_id"] else ""
    mean = "mean " if row["kind"] == "mean" else ""
    return [
        f"{mean}{row['judged_by']} {fixed(row['value'], places)}{interval}",
        f"iteration {row['iteration']}",
        f"{whose}{named}",
        f"{row['status']}, {row['provenance']}",
    ]
