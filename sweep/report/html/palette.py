"""Colours of the page that depend on its sweep: one for every share of real images that is drawn."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.colors import to_hex

_LIGHT = (0.0, 0.82)
_DARK = (0.28, 1.0)
"""Parts of viridis that can be seen on white, and on black: in order of lightness, for any colour vision."""


def classes_of(ratios: Sequence[float]) -> dict[float, str]:
    """A class of the page by share of real images."""
    return {ratio: f"r{i}" for i, ratio in enumerate(sorted(set(ratios)))}


def style_of(classes: dict[float, str]) -> Markup:
    """The rules of these classes, for light and dark pages; prints are light."""
    light, dark = (_rules(classes, *ends) for ends in (_LIGHT, _DARK))
    return Markup(f"{light}@media screen and (prefers-color-scheme:dark){{{dark}}}")  # noqa: S704 - our own


def _rules(classes: dict[float, str], first: float, last: float) -> str:
    palette, steps = mpl.colormaps["viridis"], max(len(classes) - 1, 1)
    return "".join(
        f".{name}{{--c:{to_hex(palette(first + (last - first) * i / steps))}}}"
        for i, name in enumerate(classes.values())
    )
