"""`--set KEY=VALUE`: a value of the spec given on the command line."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ruamel.yaml.error import YAMLError

from sweep.spec.document import Document, read_value
from sweep.spec.keys import Loc
from sweep.spec.wording import Found

_FORMS = ("values", "value", "min", "max", "distribution")


def with_overrides(document: Document, overrides: Sequence[str]) -> Document:
    """The document with every `KEY=VALUE` set, KEY a dotted path and VALUE read as YAML."""
    values = copy.deepcopy(document.values)
    settings: dict[Loc, str] = dict(document.settings)
    found = list(document.found)
    for override in overrides:
        override = override.encode(errors="replace").decode()
        key, equals, text = override.partition("=")
        loc = _location(key.strip().split("."))
        settings[loc] = f"--set {override}"
        try:
            if not equals or not key.strip():
                raise ValueError("must have the form KEY=VALUE, such as training.iterations=1000")
            _put(values, loc, read_value(text))
        except YAMLError as error:
            reason = " ".join(str(error).split())
            found.append(Found(loc, f"the value is not valid YAML: {reason}", whole=True))
        except ValueError as error:
            found.append(Found(loc, str(error), whole=True))
    return replace(document, values=values, settings=settings, found=tuple(found))


def _location(parts: list[str]) -> Loc:
    """Where the parts of a dotted key lead. Parameters are themselves dotted, so these are one key."""
    match parts:
        case ["baseline", _, *_]:
            return ("baseline", ".".join(parts[1:]))
        case ["search", "parameters", _, *_]:
            last = parts[-1:] if parts[-1] in _FORMS and len(parts) > 3 else []
            return ("search", "parameters", ".".join(parts[2 : len(parts) - len(last)]), *last)
        case _:
            return tuple(parts)


def _put(values: dict[str, Any], loc: Loc, value: Any) -> None:
    section = values
    for depth, part in enumerate(loc[:-1]):
        below = section.setdefault(str(part), {})
        if below is None:
            below = section[str(part)] = {}
        if not isinstance(below, dict):
            raise ValueError(f"'{'.'.join(map(str, loc[: depth + 1]))}' has no keys; set it as a whole")
        section = below
    section[str(loc[-1])] = value
