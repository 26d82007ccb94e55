"""What all figures share: colours, panels, how they become files. No state of pyplot anywhere."""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from sweep.curves.prediction import Prediction
from sweep.report.look import SCREEN, Look

Colour = tuple[float, float, float, float]
GREY = "0.45"

SETTING_STYLES = (
    ("#0072B2", "o"),
    ("#D55E00", "^"),
    ("#009E73", "v"),
    ("#CC79A7", "P"),
    ("#E69F00", "p"),
    ("#56B4E9", "h"),
)
"""Colour and marker by setting of the other parameters: none that tells provenance.

Okabe and Ito 2008, Color Universal Design: fit for any colour vision.
"""

PROVENANCE_MARKERS = {"measured": "o", "replayed": "o", "imported": "s", "predicted": "D"}
"""Filled what was measured here, hollow all else."""

STOPPED_MARKER = "x"

_DOTS_PER_INCH = {"screen": 150, "paper": 300}


def new_figure(panels: int, look: Look = SCREEN) -> tuple[Figure, list[Axes]]:
    """A figure with so many panels, left to right and top to bottom."""
    columns = min(panels, look.most_columns)
    rows = math.ceil(panels / columns)
    if look.width is not None:
        size = (look.width, 0.5 + look.panel_height * rows)
    else:
        size = (8.0, 4.6) if panels == 1 else (1.8 + 3.4 * columns, 0.6 + look.panel_height * rows)
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


def draw_legend(
    figure: Figure, handles: Sequence[Artist], look: Look, columns: int, title: str | None = None
) -> None:
    """Below the panels, its labels folded to the width that the look has."""
    room = max(look.legend_characters // columns - 6, 12)
    for handle in handles:
        handle.set_label("\n".join(textwrap.wrap(str(handle.get_label()), room)))
    figure.legend(
        handles=list(handles),
        loc="outside lower center",
        ncols=columns,
        frameon=False,
        title=title,
        fontsize="small" if look.width is None else None,
    )


def draw_measured(
    axis: Axes, place: float, values: Sequence[float], colour: Colour | str, provenance: str, label: str
) -> None:
    """Values that somebody measured: filled circles, or hollow squares where they were imported.

    A single one is an arm's mean and large; several are its trials.
    """
    is_imported = provenance == "imported"
    size = 6.0 if len(values) == 1 else 3.0
    axis.plot(
        [place] * len(values),
        list(values),
        PROVENANCE_MARKERS[provenance],
        color=colour,
        markersize=0.85 * size if is_imported else size,
        markerfacecolor="white" if is_imported else colour,
        markeredgewidth=1.0 if is_imported else 0,
        label=label,
    )


def draw_stopped(axis: Axes, place: float, value: float, colour: Colour | str, label: str) -> None:
    """A cross within a hollow mark: the trial was stopped early."""
    looks: dict[str, Any] = {"markersize": 3.5, "markeredgewidth": 1.0, "zorder": 4}
    axis.plot([place], [value], STOPPED_MARKER, color=colour, label=label, **looks)


def draw_predicted(axis: Axes, place: float, found: Prediction, colour: Colour | str, label: str) -> None:
    """A final value that was not measured: a hollow diamond, its 90 % interval as a dashed bar."""
    _, _, (stem,) = axis.errorbar(
        [place],
        [found.expected],
        yerr=[[found.expected - found.lower], [found.upper - found.expected]],
        color=colour,
        marker=PROVENANCE_MARKERS["predicted"],
        markersize=6,
        markerfacecolor="white",
        elinewidth=0.8,
        capsize=2,
        alpha=0.8,
        label=label,
    )
    stem.set_linestyle("--")


def figure_bytes(figure: Figure, kind: str, look: Look = SCREEN) -> bytes:
    """The figure as a `png`, `svg` or `pdf` file; the same bytes for the same figure."""
    content = io.BytesIO()
    metadata = _UNDATED.get(kind, {})
    dots = _DOTS_PER_INCH["screen" if look.width is None else "paper"]
    settings: dict[Any, Any] = {"svg.hashsalt": "segsweep", "svg.fonttype": "path", **look.settings}
    with mpl.rc_context(settings):
        figure.savefig(content, format=kind, dpi=dots, metadata=metadata)
    return content.getvalue()


_UNDATED: dict[str, dict[str, None]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}


def sequential_colours(values: Sequence[float]) -> dict[float, Colour]:
    """A colour by value, evenly spaced by rank so that 0.05 and 0.1 can be told apart.

    Viridis without its palest end: ordered by lightness, so that it reads in grey and with any colour vision.
    """
    ordered = sorted(set(values))
    palette = mpl.colormaps["viridis"]
    last = max(len(ordered) - 1, 1)
    return {value: palette(0.88 * i / last) for i, value in enumerate(ordered)}
