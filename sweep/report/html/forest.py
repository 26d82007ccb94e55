"""A difference with its interval as a small bar in a cell of a table: where it lies, whether 0 is in it."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from sweep.curves.differences import Difference
from sweep.report.html.svg import element

_WIDTH, _HEIGHT = 150.0, 20.0


def reach_of(differences: Sequence[Difference]) -> float:
    """What all bars of a table must reach on both sides of 0."""
    ends = (abs(end) for one in differences for end in one.simultaneous_interval)
    return max(ends, default=1.0) or 1.0


def forest(found: Difference, reach: float) -> Markup:
    """The bar. `reach` is that of its table."""
    half = _WIDTH / 2
    scale = (half - 5) / reach
    low, high = (half + scale * end for end in found.simultaneous_interval)
    middle, y = half + scale * found.value, _HEIGHT / 2
    kind = "shown" if found.is_shown else "unshown"
    return element(
        "svg",
        element("line", class_="zero", x1=half, x2=half, y1=0, y2=_HEIGHT),
        element("line", class_="reach", x1=low, x2=high, y1=y, y2=y),
        element("circle", cx=middle, cy=y, r=3.5),
        class_=f"forest {kind}",
        viewBox=f"0 0 {_WIDTH:.0f} {_HEIGHT:.0f}",
        aria_hidden="true",
    )
