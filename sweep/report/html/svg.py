"""Pieces of SVG, written out by hand: what is in them is escaped, whoever gave it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape


def element(name: str, *children: str, **attributes: str | float | None) -> Markup:
    """`<name ...>children</name>`; `_` in a name of an attribute stands for `-`, `class_` for `class`.

    Children that are no Markup, and all attributes, are escaped; None leaves an attribute out.
    """
    given = (
        Markup(' {}="{}"').format(key.strip("_").replace("_", "-"), _text(value))
        for key, value in attributes.items()
        if value is not None
    )
    opening = Markup("<") + Markup(name) + Markup("").join(given)  # noqa: S704 - names are our own
    content = joined(children)
    return opening + (Markup(">") + content + Markup(f"</{name}>") if content else Markup("/>"))  # noqa: S704


def joined(parts: Iterable[str]) -> Markup:
    """All of them, escaped unless they are Markup."""
    return Markup("").join(map(escape, parts))


def path(points: Iterable[tuple[float, float]], *, closed: bool = False) -> str:
    """The `d` of a line through points in pixels; NaN breaks it."""
    commands, is_broken = [], True
    for x, y in points:
        if math.isnan(x) or math.isnan(y):
            is_broken = True
            continue
        commands.append(f"{'M' if is_broken else 'L'}{_text(x)} {_text(y)}")
        is_broken = False
    return "".join(commands) + "Z" * closed


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A picture of `width` x `height` pixels with an area of data in it."""

    width: float
    height: float
    x_range: tuple[float, float]
    """Ends of the area's data, from left to right; they differ."""
    y_range: tuple[float, float]
    """From bottom to top; they differ."""
    left: float = 44.0
    right: float = 12.0
    top: float = 14.0
    bottom: float = 42.0

    def x(self, value: float) -> float:
        """In pixels."""
        low, high = self.x_range
        return self.left + (value - low) / (high - low) * (self.width - self.left - self.right)

    def y(self, value: float) -> float:
        """In pixels, from the top."""
        low, high = self.y_range
        inner = self.height - self.top - self.bottom
        return self.height - self.bottom - (value - low) / (high - low) * inner

    @property
    def floor(self) -> float:
        """Pixels from the top to the lower end of the area."""
        return self.height - self.bottom


def axes(
    frame: Frame,
    x_ticks: Sequence[tuple[float, str]],
    x_title: str,
    y_title: str,
    clip: str,
) -> Markup:
    """Grid, labels and titles; ticks of x are given by place and label. `clip` names the area's clip path."""
    parts = [
        element(
            "clipPath",
            element(
                "rect",
                x=frame.left,
                y=frame.top - 6,
                width=frame.width - frame.left - frame.right,
                height=frame.floor - frame.top + 6,
            ),
            id=clip,
        )
    ]
    for value in ticks(*frame.y_range):
        y = frame.y(value)
        parts.append(element("line", class_="grid", x1=frame.left, x2=frame.width - frame.right, y1=y, y2=y))
        parts.append(element("text", f"{value:g}", class_="tick end", x=frame.left - 7, y=y + 4))
    for place, label in x_ticks:
        x = frame.x(place)
        parts.append(element("line", class_="axis", x1=x, x2=x, y1=frame.floor, y2=frame.floor + 4))
        parts.append(element("text", label, class_="tick middle", x=x, y=frame.floor + 17))
    ends = {"x1": frame.left, "x2": frame.width - frame.right}
    parts.append(element("line", class_="axis", y1=frame.floor, y2=frame.floor, **ends))
    middle = (frame.left + frame.width - frame.right) / 2
    parts.append(element("text", x_title, class_="title middle", x=middle, y=frame.height - 5))
    parts.append(element("text", y_title, class_="title", x=4, y=frame.top - 12))  # above a tick at the top
    return joined(parts)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers within both ends, at most so many."""
    rough = max((high - low) / most, 1e-9)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(i * step, 9) for i in range(first, last + 1)]


def chart(frame: Frame, label: str, *parts: str) -> Markup:
    """The whole picture; `label` is read aloud in its place."""
    return element(
        "svg",
        *parts,
        class_="chart",
        viewBox=f"0 0 {_text(frame.width)} {_text(frame.height)}",
        role="img",
        aria_label=label,
    )


def _text(value: str | float) -> str:
    """Tenths of a pixel are enough."""
    return value if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")
