"""Pieces of Markdown."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, text: Collection[str] = ()) -> str:
    """A table; the columns that `text` names to the left, and numbers, all others, to the right."""
    alignment = [":--" if name in text else "--:" for name in header]
    escaped = [[cell(entry) for entry in row] for row in (header, *rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (escaped[0], alignment, *escaped[1:]))


def bullets(items: Iterable[str]) -> str:
    """A list."""
    return "\n".join(f"- {item}" for item in items)


def cell(text: str) -> str:
    """Text that stays in its cell and is not taken for markup."""
    return re.sub(r"([\\`*|<>\[\]])", r"\\\1", " ".join(text.split()))


def fenced(text: str, language: str = "") -> str:
    """A block of code, whatever is in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"
