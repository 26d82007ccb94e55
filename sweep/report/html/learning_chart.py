"""Learning curves as SVG: a line a trial, a bold one an arm, rungs, predicted ends, stopped trials."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from markupsafe import Markup

from sweep.curves.digits import decimals
from sweep.report.figure_frames import records_of
from sweep.report.html.marks import Mark, key_of, legend, whisker
from sweep.report.html.ratio_chart import tip_of
from sweep.report.html.svg import Frame, axes, chart, element, path, ticks
from sweep.sampling import evenly

MOST_TRIALS = 120
"""Lines of trials in one picture; means of arms likewise."""

_MOST_DOTS = 12
"""Of a line: rungs and its end have marks, all reports if they are few."""


@dataclass(frozen=True, kw_only=True)
class Lines:
    """What one picture shows."""

    trials: Sequence[Sequence[dict[str, Any]]]
    """The reports of each trial that is drawn, iterations rising."""
    means: Mapping[str, Sequence[tuple[int, float]]]
    """By arm, where all of its seeds have a value."""
    predicted: Sequence[dict[str, Any]]
    rungs: Sequence[int]
    all_trials: int
    """How many there are, drawn or not."""
    colours: Mapping[float, str] = field(default_factory=dict)
    """A class of the page by real_ratio."""


def lines_of(points: pd.DataFrame, rungs: Sequence[int], arms: Iterable[str]) -> Lines:
    """Of some arms, without colours yet. `points`: `learning_points`."""
    own = points[points["arm"].isin(list(arms))]
    reports = own[own["kind"] == "report"]
    by_trial: dict[str, list[dict[str, Any]]] = {}
    for row in records_of(reports):
        by_trial.setdefault(row["trial_id"], []).append(row)
    trials = list(by_trial.values())
    drawn = evenly(sorted(trials, key=_last_value), MOST_TRIALS)
    chosen = {rows[0]["trial_id"] for rows in drawn}
    means = {str(arm): _mean(rows) for arm, rows in reports.groupby("arm", sort=False)}
    kept = set(evenly(list(means), MOST_TRIALS))
    predicted = own[(own["kind"] == "predicted") & own["trial_id"].isin(chosen)]
    return Lines(
        trials=drawn,
        means={arm: mean for arm, mean in means.items() if arm in kept},
        predicted=records_of(predicted.sort_values("real_ratio", kind="stable")),
        rungs=rungs,
        all_trials=len(trials),
    )


def _last_value(rows: Sequence[dict[str, Any]]) -> tuple[int, float]:
    value = rows[-1]["value"]
    return rows[-1]["iteration"], -math.inf if math.isnan(value) else value


def _mean(rows: pd.DataFrame) -> list[tuple[int, float]]:
    seeds = rows["trial_id"].nunique()
    by_iteration = rows.groupby("iteration")["value"]
    whole = by_iteration.mean()[by_iteration.size() == seeds]
    return list(zip(map(int, whole.index), map(float, whole), strict=True))


def learning_chart(lines: Lines, *, metric: str, sd: float, width: float, name: str) -> Markup:
    """The picture. `sd`: of the noise, in points: what digits are worth. `width` in pixels."""
    frame = _frame(lines, width)
    labels = [(value, f"{value:g}") for value in ticks(0, lines.rungs[-1], 5 if width < 500 else 8)]
    clip = f"clip-{name}"
    parts = [axes(frame, labels, "iteration", f"{metric} (%)", clip)]
    for rung in lines.rungs:
        x = frame.x(rung)
        parts.append(element("line", class_="rung", x1=x, x2=x, y1=frame.top, y2=frame.floor))
    places = decimals(sd)
    parts += [_line(frame, rows, lines) for rows in lines.trials]
    ratios = {rows[0]["arm"]: rows[0]["real_ratio"] for rows in lines.trials}
    for arm, mean in lines.means.items():
        if arm in ratios:
            d = path((frame.x(i), frame.y(value)) for i, value in mean)
            colour = lines.colours[ratios[arm]]
            parts.append(element("path", element("title", f"mean {arm}"), class_=f"mean {colour}", d=d))
    for rows in lines.trials:
        parts += _dots(frame, rows, lines, places)
    parts += _ends(frame, lines, places)
    return chart(frame, f"{metric} against the iteration, by real_ratio", *parts)


def learning_legend(lines: Lines) -> Markup:
    """The shares of real images from most to fewest, then the marks that are there."""
    ratios = sorted({rows[0]["real_ratio"] for rows in lines.trials}, reverse=True)
    entries = [(key_of("line", lines.colours[ratio]), f"{ratio:g}") for ratio in evenly(ratios, 12)]
    last = [rows[-1] for rows in lines.trials]
    if any(row["provenance"] == "imported" for row in last):
        entries.append((key_of("square", size=3), "imported"))
    if any(row["status"] == "stopped" for row in last):
        entries.append((key_of("cross"), "stopped early"))
    if any(row["status"] in ("failed", "paused", "interrupted") for row in last):
        entries.append((key_of("circle", size=4.5), "ended otherwise, or waits: see its tip"))
    if lines.predicted:
        entries.append((key_of("diamond"), "predicted end (90 % interval)"))
    entries.append((key_of("rung"), "rung"))
    return legend(entries)


def _frame(lines: Lines, width: float) -> Frame:
    values = [row["value"] for rows in lines.trials for row in rows]
    values += [row[end] for row in lines.predicted for end in ("lower", "upper")]
    finite = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, high = min(finite), max(finite)
    room = max(0.05 * (high - low), 0.5)
    final = lines.rungs[-1]
    height = min(max(0.52 * width, 260), 400)
    end = final * (1.13 if lines.predicted else 1.03)
    return Frame(width=width, height=height, x_range=(0, end), y_range=(low - room, high + room), top=26)


def _line(frame: Frame, rows: Sequence[dict[str, Any]], lines: Lines) -> Markup:
    d = path((frame.x(row["iteration"]), frame.y(row["value"])) for row in rows)
    colour = lines.colours[rows[0]["real_ratio"]]
    return element("path", class_=f"line {colour}", d=d, data_trial=rows[0]["trial_id"])


def _dots(frame: Frame, rows: Sequence[dict[str, Any]], lines: Lines, places: int) -> list[Markup]:
    """Marks of one trial, the last one larger if that is not the end of its training."""
    drawn = []
    for row in rows:
        is_last = row is rows[-1]
        if not (row["is_rung"] or is_last or len(rows) <= _MOST_DOTS) or math.isnan(row["value"]):
            continue
        is_early = is_last and row["status"] not in ("finished", "running")
        point = Mark(
            x=frame.x(row["iteration"]),
            y=frame.y(row["value"]),
            provenance=row["provenance"],
            tip=tip_of(row, places),
            colour=lines.colours[row["real_ratio"]],
            size=4.0 if is_early else 2.2,
            trial=row["trial_id"],
            is_stopped=is_early and row["status"] == "stopped",
        )
        drawn.append(point.drawn())
    return drawn


def _ends(frame: Frame, lines: Lines, places: int) -> list[Markup]:
    """Side by side behind the last iteration, where nothing can be measured."""
    final, drawn = lines.rungs[-1], []
    step = 0.08 / max(len(lines.predicted) - 1, 1)
    for i, row in enumerate(lines.predicted):
        x, colour = frame.x(final * (1.035 + i * step)), lines.colours[row["real_ratio"]]
        drawn.append(whisker(x, frame.y(row["upper"]), frame.y(row["lower"]), colour, dashed=True))
        point = Mark(
            x=x,
            y=frame.y(row["value"]),
            provenance="predicted",
            tip=tip_of(row, places),
            colour=colour,
            size=3.4,
            trial=row["trial_id"],
        )
        drawn.append(point.drawn())
    return drawn
