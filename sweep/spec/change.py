"""Sections with other values in them: what a trial's parameters do to the spec."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from trainables.contract.section import Section

S = TypeVar("S", bound=Section)


def built(model: type[S], values: Any) -> S:
    """A section out of plain values as YAML or JSON has them, no text taken for a number.

    Raises:
        ValidationError: of pydantic, with all that is wrong.
    """
    return model.model_validate_json(json.dumps(values), strict=True)


def changed(section: S, values: Mapping[str, Any]) -> S:
    """The section with the values put in, by dotted path below it. Raises ValidationError."""
    dump = section.model_dump(mode="json")
    for path, value in values.items():
        *above, last = path.split(".")
        target = dump
        for part in above:
            target = target[part]
        target[last] = value
    return built(type(section), dump)
