"""What is wrong with a value, in the user's words instead of pydantic's."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError

from sweep.spec.keys import Key, Loc, Model, child, dotted, fields_of, key_at, resolved

_OUT_OF_BOUNDS = {"greater_than", "greater_than_equal", "less_than", "less_than_equal", "finite_number"}
_TYPES = {bool: "true or false", int: "a whole number", float: "a number", str: "text", Path: "a path"}
_CLOSE = 0.6  # similarity from which difflib takes two words for the same
_FAINT = 0.35


@dataclass(frozen=True)
class Found:
    """A fault before its line is known."""

    loc: Loc
    message: str
    """Reads on from the dotted location; the whole sentence if `whole`."""
    whole: bool = False
    line: int | None = None
    """Only where it is not the line of `loc`."""


@dataclass(frozen=True)
class Words:
    """Put into `Annotated`: completes "it must be ..." where the type and its bounds read badly."""

    text: str


def faults_of(model: Model, error: ValidationError, prefix: Loc = ()) -> Iterator[Found]:
    """All that pydantic found wrong with the section of type `model` that lies at `prefix`."""
    for detail in error.errors(include_url=False):
        loc, key = resolved(model, detail["loc"])
        if detail["type"] == "extra_forbidden":
            yield unknown_key(prefix + loc, _keys_of(resolved(model, detail["loc"][:-1])[1]))
        elif detail["type"] == "missing":
            yield Found(prefix + loc, f"is missing; give {_wanted(key)}")
        elif detail["type"] == "value_error":
            yield _of_validator(model, prefix, loc, str(detail["ctx"]["error"]))
        elif detail["type"] != "default_factory_not_called":  # an echo of another fault
            wanted = _wanted(key, only_bounds=detail["type"] in _OUT_OF_BOUNDS)
            yield Found(prefix + loc, f"is {given(detail['input'])}; it must be {wanted}")


def unknown_key(loc: Loc, known: Iterable[str]) -> Found:
    """The last part of `loc` is none of the `known` keys of its section."""
    section = f" in '{dotted(loc[:-1])}'" if len(loc) > 1 else ""
    return Found(loc, f"unknown key '{loc[-1]}'{section}. {closest(str(loc[-1]), known)}", whole=True)


def given(value: Any) -> str:
    """A value as the user would write it, shortened."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a section"
    text = repr(list(value)) if isinstance(value, tuple) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def closest(word: str, known: Iterable[str]) -> str:
    """`Did you mean 'x'?`, with all there is where nothing is really close."""
    names = sorted(known)
    there_are = f"There are: {', '.join(names)}" if names else "There are none"
    if match := difflib.get_close_matches(word, names, n=1, cutoff=_CLOSE):
        return f"Did you mean '{match[0]}'?"
    if match := difflib.get_close_matches(word, names, n=1, cutoff=_FAINT):
        return f"Did you mean '{match[0]}'? {there_are}"
    return there_are


def _of_validator(model: Model, prefix: Loc, loc: Loc, text: str) -> Found:
    """The validators of a section begin their message with the key at fault, relative to the section."""
    first, _, rest = text.partition(" ")
    below = (*loc, *first.split("."))
    if rest and key_at(model, below):
        return Found(prefix + below, rest)
    return Found(prefix + loc, text)


def _keys_of(section: Key | None) -> list[str]:
    return [name for model in section.models() for name in fields_of(model)] if section else []


def _wanted(key: Key | None, only_bounds: bool = False) -> str:
    if key is None:
        return "something else"
    bounds = _bounds(key)
    if only_bounds:
        return bounds or "finite"
    of = "of " if bounds.startswith("at ") else ""
    words = f"{_type_in_words(key)} {of}{bounds}".rstrip()
    return f"{words}, or null" if key.optional else words


def _type_in_words(key: Key) -> str:
    for mark in key.constraints:
        if isinstance(mark, Words):
            return mark.text
    if models := key.models():
        return f"a section with {' or '.join(_keys_in_words(model) for model in models)}"
    if get_origin(key.type) is Literal:
        return f"one of: {', '.join(map(str, get_args(key.type)))}"
    if get_origin(key.type) is tuple:
        return _list_in_words(key)
    return "a section" if get_origin(key.type) is dict else _TYPES.get(key.type, "a value")


def _keys_in_words(model: Model) -> str:
    fields = fields_of(model)
    needed = [name for name, field in fields.items() if field.is_required()]
    return ", ".join(needed or fields)


def _list_in_words(key: Key) -> str:
    items = get_args(key.type)
    each = _wanted(child(key, 0))
    return f"a list, each item {each}" if Ellipsis in items else f"a list of {len(items)}, each {each}"


def _bounds(key: Key) -> str:
    """`between 0 and 1`, `above 0`, `at least 0 and below 1`; empty without bounds."""
    limits = {
        name: getattr(mark, name)
        for name in ("ge", "gt", "le", "lt")
        for mark in key.constraints
        if getattr(mark, name, None) is not None
    }
    if set(limits) == {"ge", "le"}:
        return f"between {limits['ge']} and {limits['le']}"
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    return " and ".join(f"{words[name]} {limit}" for name, limit in limits.items())
