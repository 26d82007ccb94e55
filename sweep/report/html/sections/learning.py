"""Learning curves with rungs and predictions, then predicted ends and crossings."""

from __future__ import annotations

from dataclasses import replace

from markupsafe import Markup

from sweep.analysis.settings import ArmsOfSetting, arms_by_setting
from sweep.report.html.known import NARROW, WIDE, Known
from sweep.report.html.learning_chart import Lines, learning_chart, learning_legend, lines_of
from sweep.report.html.palette import classes_of, style_of
from sweep.report.html.templating import render
from sweep.results import metric_of, rungs_of
from sweep.sampling import sample_words


def learning(known: Known) -> Markup:
    """A chart for every setting."""
    points, rungs = known.learning_points, rungs_of(known.state)
    settings = arms_by_setting(known.state)
    drawn = [lines_of(points, rungs, setting.arms) for setting in settings]
    colours = classes_of([rows[0]["real_ratio"] for lines in drawn for rows in lines.trials])
    _, predicted, crossings, _ = known.fits
    return render(
        "learning.html",
        style=style_of(colours),
        charts=[
            _chart(known, setting, replace(lines, colours=colours), i)
            for i, (setting, lines) in enumerate(zip(settings, drawn, strict=True))
            if colours
        ],
        predicted=predicted,
        crossings=crossings,
    )


def _chart(known: Known, setting: ArmsOfSetting, lines: Lines, number: int) -> dict[str, object]:
    pictures = {
        kind: learning_chart(
            lines,
            metric=metric_of(known.state),
            sd=known.analysis.noise.sd,
            width=width,
            name=f"learning-{number}-{kind}",
        )
        for kind, width in (("wide", WIDE), ("narrow", NARROW))
    }
    note = sample_words(len(lines.trials), lines.all_trials, "trials", "reports.csv")
    return {"title": setting.words, "legend": learning_legend(lines), "note": note, **pictures}
