"""The curve over real_ratio: chart, answers, values at every share."""

from __future__ import annotations

from markupsafe import Markup

from sweep.analysis import Fits
from sweep.report.drawing import SETTING_STYLES
from sweep.report.html.known import NARROW, WIDE, Known
from sweep.report.html.ratio_chart import MOST_POINTS, ratio_chart, ratio_legend
from sweep.report.html.templating import render
from sweep.report.noise_words import noise_words
from sweep.report.ratio_fit import OVERLAID, curve_shown, most_measured
from sweep.sampling import sample_words

_FILES = {"mean": "fair_comparison.csv", "trial": "reports.csv", "predicted": "predictions.csv"}
_NOTHING = "No trial has a value at iteration {} yet."


def ratio_curve(known: Known) -> Markup:
    """Charts of up to six settings, three of them in one picture, then what the fit answers."""
    analysis = known.analysis
    drawn = most_measured(analysis)
    groups = [drawn] if len(drawn) <= OVERLAID else [[fits] for fits in drawn]
    verdicts = {fits.verdict for fits in analysis.fits}  # said above already
    section = known.fits[0]
    has_points = not known.ratio_points.empty
    return render(
        "curve.html",
        title=section.title,
        charts=[_chart(known, group, i) for i, group in enumerate(groups) if group] if has_points else [],
        nothing="" if has_points else _NOTHING.format(analysis.rung),
        note=_note(known),
        others=len(analysis.fits) - len(drawn),
        most=len(SETTING_STYLES),
        noise=" ".join(noise_words(analysis.noise)),
        answers=[block for block in section.blocks if block not in verdicts],
    )


def _chart(known: Known, group: list[Fits], number: int) -> dict[str, object]:
    settings = [fits.setting.words for fits in group]
    points = known.ratio_points[known.ratio_points["setting"].isin(settings)]
    shown = [fits.setting.words for fits in group if curve_shown(fits) is not None]
    curves = known.curves[known.curves["setting"].isin(shown)]
    pictures = {
        kind: ratio_chart(
            points,
            curves,
            settings=settings,
            sd=known.analysis.noise.sd,
            width=width,
            name=f"ratio-{number}-{kind}",
        )
        for kind, width in (("wide", WIDE), ("narrow", NARROW))
    }
    title = settings[0] if len(group) == 1 else ""
    return {"title": title, "legend": ratio_legend(points, curves, settings), **pictures}


def _note(known: Known) -> str:
    points = known.ratio_points
    return " ".join(
        sample_words(MOST_POINTS, len(own), f"points ({words} {kind})".replace("( ", "("), where)
        for kind, where in _FILES.items()
        for words, own in points[points["kind"] == kind].groupby("setting", sort=False)
        if len(own) > MOST_POINTS
    )
