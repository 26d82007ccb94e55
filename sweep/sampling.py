"""Of too many things for a page, some: evenly, the same ones every time, and it is said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def evenly(items: Sequence[T], most: int) -> list[T]:
    """All of them, or `most` with equal steps between, the first and the last among them. most > 1."""
    if len(items) <= most:
        return list(items)
    step = (len(items) - 1) / (most - 1)
    return [items[round(i * step)] for i in range(most)]


def sample_words(drawn: int, all_of_them: int, what: str, where: str) -> str:
    """`300 of 5000 trials are drawn; trials.csv has all.`; empty where all are."""
    return f"{drawn} of {all_of_them} {what} are drawn; {where} has all." if drawn < all_of_them else ""
