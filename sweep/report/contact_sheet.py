"""Batches as they are trained on, with their labels: shows whether data and mixture are right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from sweep.report.drawing import GREY, SETTING_STYLES

_MOST_COLUMNS = 8
_MOST_CLASSES_NAMED = 30
_LEGEND_COLUMNS = 6
_CELL = 1.7  # inches
_LABEL_SHARE = 0.6
_REAL_COLOUR = "black"

Pixels = NDArray[np.uint8]


class Crop(Protocol):
    """One image of a batch, as `trainables.preview.Crop`."""

    @property
    def image(self) -> Pixels:
        """RGB, shape (h, w, 3)."""

    @property
    def label(self) -> Pixels:
        """Class ids or the ignore index, shape (h, w)."""

    @property
    def source(self) -> str:
        """`real`, or the name of a generated source."""

    @property
    def name(self) -> str:
        """Of the image."""


def contact_sheet(
    batches: Sequence[Sequence[Crop]], classes: Sequence[str], ignore_index: int, title: str
) -> Figure:
    """Every image twice, one above the other: as it is, and with its label laid over it.

    The frame has the colour of its source; what is ignored stays as it is, hatched in grey.

    Args:
        batches: at least one, each of at least one image.
        classes: names by class id.
        ignore_index: label id of pixels that do not count.
        title: above all.
    """
    columns = min(_MOST_COLUMNS, max(map(len, batches)))
    lines = [
        (number, batch[begin : begin + columns])
        for number, batch in enumerate(batches, start=1)
        for begin in range(0, len(batch), columns)
    ]
    figure = _empty_figure(columns, len(lines), batches[0][0].label.shape, len(classes))
    figure.suptitle(title, fontsize="medium")
    grid: Any = figure.subplots(len(lines), columns, squeeze=False)
    for axis in grid.flat:
        axis.axis("off")
    colours, frames = class_colours(len(classes)), _frames(batches)
    for axes, (number, crops) in zip(grid, lines, strict=True):
        for axis, crop in zip(axes, crops, strict=False):
            _draw(axis, _twice(crop, colours, ignore_index), frames[crop.source])
            axis.set_title(
                f"{number}: {crop.source}\n{_short(crop.name)}", fontsize=6, color=frames[crop.source]
            )
    _draw_legend(figure, classes, colours)
    return figure


def _empty_figure(columns: int, lines: int, shape: tuple[int, ...], classes: int) -> Figure:
    line_height = 2 * _CELL * shape[0] / shape[1] + 0.4
    legend = 0.2 * (min(classes, _MOST_CLASSES_NAMED) // _LEGEND_COLUMNS + 2)
    size = (max(columns * _CELL, 4 * _CELL), lines * line_height + legend + 0.3)
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def class_colours(count: int) -> Pixels:
    """RGB by class id, shape (count, 3): told apart with ease up to 20 classes, by hue beyond."""
    if count <= 20:
        chosen = mpl.colormaps["tab20"](np.arange(count) * 2 % 20 + np.arange(count) // 10)
    else:
        order = np.arange(count) * 7 % count if count % 7 else np.arange(count)  # neighbours look different
        chosen = mpl.colormaps["turbo"]((order + 0.5) / count)
    return np.asarray(255 * np.asarray(chosen)[:, :3], dtype=np.uint8)


def _frames(batches: Sequence[Sequence[Crop]]) -> dict[str, str]:
    """Colour by source: the real one is black."""
    generated = sorted({crop.source for batch in batches for crop in batch} - {"real"})
    colours = [colour for colour, _ in SETTING_STYLES]
    return {"real": _REAL_COLOUR} | {name: colours[i % len(colours)] for i, name in enumerate(generated)}


def _twice(crop: Crop, colours: Pixels, ignore_index: int) -> Pixels:
    """The image, and below it the same with its label."""
    gap = np.full((2, *crop.image.shape[1:]), 255, dtype=np.uint8)
    return np.concatenate([crop.image, gap, _overlaid(crop, colours, ignore_index)])


def _overlaid(crop: Crop, colours: Pixels, ignore_index: int) -> Pixels:
    palette = np.zeros((256, 3), dtype=np.float32)
    palette[: len(colours)] = colours
    mixed = (1 - _LABEL_SHARE) * crop.image + _LABEL_SHARE * palette[crop.label]
    mixed[_stripes(crop.label == ignore_index)] = 127
    return mixed.round().astype(np.uint8)


def _stripes(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Every fourth diagonal of what is ignored."""
    rows, columns = np.indices(mask.shape)
    period = max(4, mask.shape[0] // 24)
    striped: NDArray[np.bool_] = mask & ((rows + columns) % period < period // 3 + 1)
    return striped


def _draw(axis: Axes, pixels: Pixels, frame: str) -> None:
    axis.axis("on")
    axis.imshow(pixels, interpolation="nearest")
    axis.set(xticks=[], yticks=[])
    for spine in axis.spines.values():
        spine.set(color=frame, linewidth=2)


def _short(name: str) -> str:
    return name if len(name) <= 26 else f"...{name[-23:]}"


def _draw_legend(figure: Figure, classes: Sequence[str], colours: Pixels) -> None:
    named = list(classes[:_MOST_CLASSES_NAMED])
    handles = [
        Patch(color=tuple(colour / 255), label=name) for colour, name in zip(colours, named, strict=False)
    ]
    if more := len(classes) - len(named):
        handles.append(Patch(alpha=0, label=f"and {more} more"))
    handles.append(Patch(facecolor="white", edgecolor=GREY, hatch="////", label="ignored"))
    figure.legend(
        handles=handles, loc="outside lower center", ncols=_LEGEND_COLUMNS, frameon=False, fontsize=7
    )
