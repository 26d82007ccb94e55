"""What real_ratio does to rare and to common classes as SVG: differences from the baseline with intervals."""

from __future__ import annotations

from markupsafe import Markup

from sweep.curves.differences import Difference
from sweep.curves.digits import interval_text
from sweep.report.class_effects import COMMONEST, RAREST, ClassEffect, ClassEffects
from sweep.report.html.marks import Mark, key_of, legend, whisker
from sweep.report.html.svg import Frame, axes, chart, element
from sweep.report.ratio_axis import labelled_ratios, place_of

COLOURS = {COMMONEST: "s0", RAREST: "s1"}
_BESIDE = 0.035


def class_chart(effects: ClassEffects, *, width: float, name: str) -> Markup:
    """The two thirds of the classes, side by side at every share; empty without intervals.

    Empty, too, where several arms have the same share: their table tells them apart.
    """
    groups = [group for group in effects.groups if group.name in COLOURS and group.differences]
    ratios = {row.arm: float(row.parameters["real_ratio"]) for row in effects.arms}
    if len(groups) < len(COLOURS) or len(set(ratios.values())) < len(ratios):
        return Markup("")
    frame = _frame(groups, width)
    run = sorted(set(ratios.values()))
    labels = sorted(labelled_ratios(run, 40 / width))
    x_ticks = [(float(place_of(ratio)), f"{ratio:.3g}") for ratio in labels]
    zero = {"x1": frame.left, "x2": frame.width - frame.right, "y1": frame.y(0), "y2": frame.y(0)}
    parts = [
        axes(frame, x_ticks, "real_ratio", "IoU less that of the baseline, points", f"clip-{name}"),
        element("line", class_="zero", **zero),
    ]
    for side, group in zip((-_BESIDE, _BESIDE), groups, strict=True):
        for arm, found in group.differences.items():
            x = frame.x(float(place_of(ratios[arm])) + side)
            parts.append(_bar(frame, x, group, arm, found))
    return chart(frame, "Effect of real_ratio on rare and on common classes", *parts)


def class_legend() -> Markup:
    """Both groups."""
    return legend([(key_of("circle", colour), name + " of the classes") for name, colour in COLOURS.items()])


def _frame(groups: list[ClassEffect], width: float) -> Frame:
    intervals = [one.simultaneous_interval for group in groups for one in group.differences.values()]
    low = min((low for low, _ in intervals), default=0.0)
    high = max((high for _, high in intervals), default=0.0)
    low, high = min(low, 0.0), max(high, 0.0)
    room = max(0.06 * (high - low), 0.5)
    start, end = float(place_of(0.0)), float(place_of(1.0))
    return Frame(
        width=width,
        height=min(max(0.4 * width, 220), 300),
        x_range=(start - 0.15, end + 0.15),
        y_range=(low - room, high + room),
        top=26,
    )


def _bar(frame: Frame, x: float, group: ClassEffect, arm: str, found: Difference) -> Markup:
    colour = COLOURS[group.name]
    low, high = found.simultaneous_interval
    value, lower, upper = interval_text(found.value, low, high, signed=True)
    tip = [
        f"{group.name}: {value} points ({lower} to {upper}, 95 % for all arms)",
        f"{arm}, {group.seeds[arm]} seed{'s' * (group.seeds[arm] != 1)}",
        "shown" if group.is_shown(arm) else "not shown",
    ]
    y, bar = frame.y(found.value), whisker(x, frame.y(high), frame.y(low), colour)
    return bar + Mark(x=x, y=y, provenance="measured", tip=tip, colour=colour, size=4.5).drawn()
