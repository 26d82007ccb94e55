"""What all figures share: colours, panels, how they become files. No state of pyplot anywhere."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from sweep.curves.prediction import Prediction

Colour = tuple[float, float, float, float]
GREY = "0.45"

SETTING_STYLES = (
    ("#0072B2", "o"),
    ("#D55E00", "s"),
    ("#009E73", "^"),
    ("#CC79A7", "D"),
    ("#E69F00", "v"),
    ("#56B4E9", "P"),
)
"""Colour and marker by setting of the other parameters.

Okabe and Ito 2008, Color Universal Design: fit for any colour vision.
"""

_DOTS_PER_INCH = 150


def new_figure(panels: int, most_columns: int = 3) -> tuple[Figure, list[Axes]]:
    """A figure with so many panels, left to right and top to bottom."""
    columns = min(panels, most_columns)
    rows = math.ceil(panels / columns)
    size = (8.0, 4.6) if panels == 1 else (1.8 + 3.4 * columns, 0.6 + 3.2 * rows)
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    axes = [figure.add_subplot(rows, columns, i + 1) for i in range(panels)]
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="y", color="0.92", linewidth=0.8)
        axis.set_axisbelow(True)
    return figure, axes


def say_nothing_to_draw(axis: Axes, text: str) -> None:
    """A panel that explains why it is empty."""
    axis.set(xticks=[], yticks=[])
    axis.text(0.5, 0.5, text, ha="center", va="center", color=GREY, transform=axis.transAxes)


def draw_predicted(
    axis: Axes, place: float, found: Prediction, colour: Colour | str, label: str, marker: str = "o"
) -> None:
    """A final value that was not measured: hollow, with its 90 % interval as a bar."""
    axis.errorbar(
        [place],
        [found.expected],
        yerr=[[found.expected - found.lower], [found.upper - found.expected]],
        color=colour,
        marker=marker,
        markersize=5,
        markerfacecolor="white",
        elinewidth=0.8,
        capsize=2,
        alpha=0.8,
        label=label,
    )


def figure_bytes(figure: Figure, kind: str) -> bytes:
    """The figure as a `png` or `svg` file; the same bytes for the same figure."""
    content = io.BytesIO()
    metadata = {"Date": None} if kind == "svg" else {}
    with mpl.rc_context({"svg.hashsalt": "segsweep", "svg.fonttype": "path"}):
        figure.savefig(content, format=kind, dpi=_DOTS_PER_INCH, metadata=metadata)
    return content.getvalue()


def sequential_colours(values: Sequence[float]) -> dict[float, Colour]:
    """A colour by value, evenly spaced by rank so that 0.05 and 0.1 can be told apart.

    Viridis without its palest end: ordered by lightness, so that it reads in grey and with any colour vision.
    """
    ordered = sorted(set(values))
    palette = mpl.colormaps["viridis"]
    last = max(len(ordered) - 1, 1)
    return {value: palette(0.88 * i / last) for i, value in enumerate(ordered)}
