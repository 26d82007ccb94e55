"""A test as an exhibit: its docstring is a title and three paragraphs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

PARTS = ("What happened", "How it looked", "What we do")


@dataclass(frozen=True)
class Exhibit:
    """One failure."""

    title: str
    paragraphs: tuple[str, ...]
    """What stands under each of PARTS."""
    test: str
    """`FILE::FUNCTION`."""


def exhibit_of(function: Callable[..., object]) -> Exhibit:
    """Raises ValueError if the docstring has another form."""
    title, *rest = (inspect.getdoc(function) or "").split("\n\n")
    paragraphs = []
    for part, text in zip(PARTS, rest, strict=True):
        if not text.startswith(f"{part}: "):
            raise ValueError(f"{function.__name__}: a paragraph must begin with {part!r}")
        paragraphs.append(" ".join(text.removeprefix(f"{part}: ").split()))
    file = function.__module__.rpartition(".")[2]
    return Exhibit(title.rstrip("."), tuple(paragraphs), f"{file}.py::{function.__name__}")


def exhibits_of(module: ModuleType) -> list[Exhibit]:
    """All tests of a room, in the order of the file."""
    tests = (value for name, value in vars(module).items() if name.startswith("test_"))
    return [exhibit_of(one) for one in tests]
