"""How large a figure is and what it carries: on a screen, or in the column or across the page of a paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Look:
    """Sizes in inches."""

    width: float | None = None
    """Of the whole figure; None: as wide as its panels want."""
    panel_height: float = 3.2
    most_columns: int = 3
    """Of panels side by side."""
    has_title: bool = True
    """A paper has captions instead."""
    legend_beside: bool = True
    """Whether a long legend may stand to the right; else it stands below."""
    legend_columns: int = 3
    legend_characters: int = 300
    """Of a line of the legend, over all its columns."""
    most_rungs: int | None = None
    """Of a figure with a panel a rung: only so many, the last ones. None: all."""
    tick_gap: float = 0.055
    """Between labels of real_ratio, as a part of the axis."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Of matplotlib, while the figure is made."""


SCREEN = Look()

_PAPER: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.title_fontsize": 7,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.0,
    "hatch.linewidth": 0.4,
    "pdf.fonttype": 42,  # TrueType: publishers refuse Type 3
}

PAPER_LOOKS = {
    "1col": Look(
        width=3.5,
        panel_height=2.3,
        most_columns=1,
        has_title=False,
        legend_beside=False,
        legend_columns=2,
        legend_characters=60,
        most_rungs=1,
        tick_gap=0.09,
        settings=_PAPER,
    ),
    "2col": Look(
        width=7.16,
        panel_height=2.6,
        most_columns=3,
        has_title=False,
        legend_beside=False,
        legend_columns=4,
        legend_characters=130,
        settings=_PAPER,
    ),
}
"""By the end of a file's name: one column, and both columns, of a page as IEEE and others set it."""
