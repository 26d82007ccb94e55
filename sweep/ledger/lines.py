"""One event as one line of strict JSON, and back.

Decoding goes by the annotations of `sweep.ledger.events` and refuses whatever does not fit them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from sweep.ledger import events
from sweep.ledger.events import Event

FORMAT = 1
"""Version of the ledger's format that this package writes, and the highest it reads."""

Reader = Callable[[Any, str], Any]
"""Takes a JSON value and where it stands."""

_NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class DamagedLineError(ValueError):
    """The line is not an event; says why."""


class TornLineError(DamagedLineError):
    """The line is not even a JSON object, as after a write that broke off."""


class NewerLineError(ValueError):
    """The line holds something that this version does not know; says what."""


def encode(event: Event) -> bytes:
    """The line of an event, newline included, pure ASCII.

    NaN and infinities in float fields become the texts "NaN", "Infinity" and "-Infinity". Raises ValueError
    if a field of type Any (spec, parameters, mixture) holds one: it would not come back as a number.
    """
    name = type(event).__name__
    types = _layouts()[name].types
    content = {key: _to_json(getattr(event, key), hint) for key, hint in types.items()}
    return _ENCODER.encode({"event": name, **content}).encode("ascii") + b"\n"


def decode(line: bytes) -> Event:
    """The event of a line. Raises DamagedLineError, TornLineError or NewerLineError."""
    content = _json_object(line)
    layout = _layout_of(content.pop("event", None))
    _refuse_newer_format(content.get("format"))
    name = layout.event_class.__name__
    if unknown := sorted(set(content) - set(layout.types)):
        raise NewerLineError(f"{name} has unknown fields: {', '.join(unknown)}")
    if missing := sorted(layout.required - set(content)):
        raise DamagedLineError(f"{name} lacks {', '.join(missing)}")
    return layout.event_class(**{key: layout.readers[key](value, key) for key, value in content.items()})


@dataclass(frozen=True)
class _Layout:
    """What the line of an event holds."""

    event_class: type[Event]
    types: Mapping[str, Any]
    """Type of every field by its name."""
    readers: Mapping[str, Reader]
    """Likewise what reads its JSON value."""
    required: frozenset[str]
    """Names of the fields without a default."""


@cache
def _layouts() -> Mapping[str, _Layout]:
    """By event name: every class of `sweep.ledger.events` that can be a line; the abstract bases are not."""
    bases = (events.Event, events.TrialEvent)
    found = (value for value in vars(events).values() if isinstance(value, type) and issubclass(value, Event))
    return {value.__name__: _layout(value) for value in found if value not in bases}


def _layout(event_class: type[Event]) -> _Layout:
    hints = get_type_hints(event_class)
    defined = fields(event_class)
    has_none = (field for field in defined if field.default is MISSING and field.default_factory is MISSING)
    return _Layout(
        event_class,
        {field.name: hints[field.name] for field in defined},
        {field.name: _reader(hints[field.name]) for field in defined},
        frozenset(field.name for field in has_none),
    )


def _json_object(line: bytes) -> dict[str, Any]:
    try:
        content = _DECODER.decode(line.decode())
    except ValueError as error:  # JSONDecodeError and UnicodeDecodeError are ValueErrors
        raise TornLineError(f"not JSON: {error}") from None
    if not isinstance(content, dict):
        raise TornLineError("not a JSON object")
    return content


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _layout_of(name: Any) -> _Layout:
    if not isinstance(name, str):
        raise DamagedLineError("no event named")
    if name not in _layouts():
        raise NewerLineError(f"unknown event {name!r}")
    return _layouts()[name]


def _refuse_newer_format(given: Any) -> None:
    if isinstance(given, int) and given > FORMAT:
        raise NewerLineError(f"its format is {given}, this version reads up to {FORMAT}")


def _to_json(value: Any, hint: Any) -> Any:
    """`value` with non-finite floats as text wherever `hint` says that a float stands there."""
    if isinstance(value, float) and not math.isfinite(value) and _may_be_float(hint):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, dict) and get_origin(hint) is dict:
        return {key: _to_json(entry, get_args(hint)[1]) for key, entry in value.items()}
    return value


def _may_be_float(hint: Any) -> bool:
    return hint is float or float in get_args(hint)


@cache
def _reader(hint: Any) -> Reader:
    """What makes of a JSON value that which `hint` demands, or raises DamagedLineError."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return lambda value, where: value
    if origin in (Union, UnionType):
        return _union_reader(arguments)
    if origin is dict:
        return _dict_reader(hint, arguments[1])
    if origin is list:
        return _list_reader(hint, arguments[0])
    if origin is Literal:
        return _literal_reader(hint, arguments)
    return _SCALARS[hint]


def _union_reader(arguments: tuple[Any, ...]) -> Reader:
    """The unions of the events are all `something | None`."""
    (other,) = (argument for argument in arguments if argument is not NoneType)
    of_other = _reader(other)
    return lambda value, where: None if value is None else of_other(value, where)


def _dict_reader(hint: Any, of_values: Any) -> Reader:
    read = _reader(of_values)

    def of(value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            raise _misfit(value, hint, where)
        if _is_plain(value.values(), of_values):
            return value
        return {key: read(entry, f"{where}.{key}") for key, entry in value.items()}

    return of


def _list_reader(hint: Any, of_entries: Any) -> Reader:
    read = _reader(of_entries)

    def of(value: Any, where: str) -> Any:
        if not isinstance(value, list):
            raise _misfit(value, hint, where)
        if _is_plain(value, of_entries):
            return value
        return [read(entry, f"{where}[{i}]") for i, entry in enumerate(value)]

    return of


def _literal_reader(hint: Any, allowed: tuple[Any, ...]) -> Reader:
    def of(value: Any, where: str) -> Any:
        if value not in allowed:
            raise _misfit(value, hint, where)
        return value

    return of


def _is_plain(entries: Iterable[Any], hint: Any) -> bool:
    """Whether all are of the type and need no change: most of a long ledger, seen at once."""
    return hint in _SCALARS and set(map(type, entries)) <= {hint}


def _float(value: Any, where: str) -> float:
    if isinstance(value, str) and value in _NON_FINITE:
        return _NON_FINITE[value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise _misfit(value, float, where)


def _int(value: Any, where: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _misfit(value, int, where)


def _str(value: Any, where: str) -> str:
    if isinstance(value, str):
        return value
    raise _misfit(value, str, where)


def _bool(value: Any, where: str) -> bool:
    if isinstance(value, bool):
        return value
    raise _misfit(value, bool, where)


_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"))
_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
_SCALARS: dict[Any, Reader] = {float: _float, int: _int, str: _str, bool: _bool}


def _misfit(value: Any, hint: Any, where: str) -> DamagedLineError:
    wanted = hint.__name__ if isinstance(hint, type) else str(hint)
    return DamagedLineError(f"{where} is {value!r}, which is not {wanted}")
