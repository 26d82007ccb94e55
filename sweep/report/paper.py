"""Figures in the sizes of a paper, each with its numbers: what `sweep report --paper` writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from sweep.analysis import Analysis
from sweep.ledger.state import SweepState
from sweep.report.class_effects import class_effects, newest_class_effects
from sweep.report.class_figure import class_figure
from sweep.report.drawing import figure_bytes
from sweep.report.figure_frames import learning_points, ratio_points
from sweep.report.fits_frames import curve_frame
from sweep.report.frame import fair_frame
from sweep.report.learning_curves import learning_curves
from sweep.report.look import PAPER_LOOKS, Look
from sweep.report.ratio_curves import ratio_curves
from sweep.report.ratio_fit import ratio_fit
from sweep.results import newest_rung

FOLDER = "paper"
KINDS = ("svg", "png", "pdf")


def paper_files(state: SweepState, analysis: Analysis) -> Iterator[tuple[str, bytes]]:
    """Names below the report's folder and contents: every figure 3.5 and 7.16 inches wide, and its CSV.

    `analysis`: that of the state. The same state gives the same bytes.
    """
    effects = class_effects(state, newest_rung(state))
    figures: dict[str, Callable[[Look], Figure]] = {
        "ratio_fit": lambda look: ratio_fit(analysis, state, look),
        "learning_curves": lambda look: learning_curves(state, analysis.predictions, look),
        "real_ratio": lambda look: ratio_curves(state, look),
        "class_effects": lambda look: class_figure(effects, look),
    }
    for name, figure_of in figures.items():
        for size, look in PAPER_LOOKS.items():
            settings: dict[Any, Any] = dict(look.settings)
            with mpl.rc_context(settings):
                figure = figure_of(look)
            for kind in KINDS:
                yield f"{FOLDER}/{name}_{size}.{kind}", figure_bytes(figure, kind, look)
    for name, frame in _frames(state, analysis).items():
        yield f"{FOLDER}/{name}.csv", frame.to_csv(index=False, lineterminator="\n").encode()


def _frames(state: SweepState, analysis: Analysis) -> dict[str, pd.DataFrame]:
    """What each figure draws, by its name; the fitted curve has a table of its own."""
    return {
        "ratio_fit": ratio_points(state, analysis),
        "ratio_fit_curve": curve_frame(analysis),
        "learning_curves": learning_points(state, analysis),
        "real_ratio": fair_frame(state),
        "class_effects": newest_class_effects(state),
    }
