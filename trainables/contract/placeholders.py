"""`{real_ratio}` and the like in texts that a spec gives for a trainer of somebody's own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from string import Formatter
from typing import Any


def names_in(text: str) -> tuple[str, ...]:
    """What stands in braces, in order; `{{` and `}}` are braces themselves.

    Raises:
        ValueError: a brace without its partner, or more in them than a name; reads on from where the text is.
    """
    return tuple(name for _, name in _parsed(text) if name is not None)


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with every placeholder replaced. Raises ValueError, KeyError."""
    return "".join(literal + (values[name] if name is not None else "") for literal, name in _parsed(text))


def flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every key, those of sections and those within them, by dotted path."""
    for name, value in values.items():
        yield prefix + name, value
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")


def as_text(value: Any) -> str:
    """A value as a placeholder becomes it: text as it is, all else as JSON: 0.125, true, null, [1, 2]."""
    return value if isinstance(value, str) else json.dumps(value)


def _parsed(text: str) -> Iterator[tuple[str, str | None]]:
    """Literal pieces, each with the name that follows it."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        raise ValueError(
            f"has a brace without its partner ({error}); write {{{{ and }}}} for braces"
        ) from None
    for literal, name, form, conversion in parts:
        if form or conversion:
            raise ValueError(
                f"has {{{name}...}} with more than a name in it; values are given as they are, since a "
                "rounded one is another value. For braces themselves write {{ and }}"
            )
        yield literal, name
