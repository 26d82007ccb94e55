"""The marks of the page's charts: form tells provenance, colour the setting or the share of real images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sweep.report.html.svg import element, joined


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A point: filled circle, hollow square (imported) or hollow diamond (predicted)."""

    x: float
    y: float
    """In pixels."""
    provenance: str
    tip: Sequence[str]
    """Lines that are shown where the pointer rests."""
    colour: str
    """A class of the page."""
    size: float = 4.0
    """Half its width in pixels."""
    trial: str | None = None
    is_stopped: bool = False
    """Then it is crossed; a cross alone where something was measured: on a disc nobody would see it."""

    def drawn(self) -> Markup:
        """As SVG."""
        shape = _SHAPES.get(self.provenance, "circle")
        is_cross_alone = self.is_stopped and shape == "circle"
        reach = self.size if is_cross_alone else _INSIDE * self.size
        parts = [
            *([] if is_cross_alone else [glyph(shape, self.x, self.y, self.size)]),
            *([cross(self.x, self.y, reach)] if self.is_stopped else []),
            element("title", "\n".join(self.tip)),
        ]
        kind = f"mark {self.colour}"
        return element("g", *parts, class_=kind, data_x=self.x, data_y=self.y, data_trial=self.trial)


_INSIDE = 0.5
"""Of a cross in a hollow mark, so that both can be seen."""

_SHAPES = {"imported": "square", "predicted": "diamond"}


def glyph(shape: str, x: float, y: float, size: float) -> Markup:
    """The form alone. `size`: half its width in pixels."""
    if shape == "circle":
        return element("circle", class_="full", cx=x, cy=y, r=size)
    if shape == "square":
        side = 1.8 * size
        return element("rect", class_="hollow", x=x - side / 2, y=y - side / 2, width=side, height=side)
    reach = 1.25 * size
    corners = ((x, y - reach), (x + reach, y), (x, y + reach), (x - reach, y))
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in corners)
    return element("polygon", class_="hollow", points=points)


def cross(x: float, y: float, size: float) -> Markup:
    """Of a trial that was stopped."""
    reach = 1.15 * size
    strokes = (
        element("line", x1=x - reach, y1=y - reach, x2=x + reach, y2=y + reach),
        element("line", x1=x - reach, y1=y + reach, x2=x + reach, y2=y - reach),
    )
    return element("g", *strokes, class_="cross")


def whisker(x: float, upper: float, lower: float, colour: str, *, dashed: bool = False) -> Markup:
    """A vertical bar between two heights in pixels."""
    kind = f"whisker {colour}{' dashed' * dashed}"
    return element("line", class_=kind, x1=x, x2=x, y1=upper, y2=lower)


def legend(entries: Sequence[tuple[Markup, str]]) -> Markup:
    """Keys with their words, which wrap where the page is narrow."""
    items = (
        element("span", element("svg", key, viewBox="0 0 26 14", aria_hidden="true"), words, class_="key")
        for key, words in entries
    )
    return element("p", joined(items), class_="legend")


def key_of(shape: str, colour: str = "grey", *, size: float = 4.0) -> Markup:
    """A glyph for a legend; `cross`, `crossed`, `line`, `band`, `rung` and `dotted`, too."""
    if shape == "crossed":
        return element("g", glyph("diamond", 13, 7, size), cross(13, 7, _INSIDE * size), class_=colour)
    if shape == "cross":
        return element("g", cross(13, 7, size), class_=colour)
    if shape == "line":
        return element("line", class_=f"curve {colour}", x1=2, x2=24, y1=7, y2=7)
    if shape == "dotted":
        return element("line", class_=f"curve beyond {colour}", x1=2, x2=24, y1=7, y2=7)
    if shape == "rung":
        return element("line", class_="rung", x1=13, x2=13, y1=0, y2=14)
    if shape == "band":
        return element("rect", class_=f"band {colour}", x=2, y=2, width=22, height=10)
    return element("g", glyph(shape, 13, 7, size), class_=colour)
