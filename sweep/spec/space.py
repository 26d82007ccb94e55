"""The searched space: points in it, and which of them are the same arm."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from sweep.spec.keys import key_at
from sweep.spec.sections import ParameterConfig, Point, SearchConfig, Spec

REAL_RATIO = "real_ratio"
CONTROL = "control"
"""Parameter of the arms that the spec's `controls` add; no other arm has it, and it cannot be searched."""
_OF_GENERATED_IMAGES = ("data.strategy", "data.weights.", "data.generated.")


def type_of(path: str) -> Any:
    """Type of a searched parameter: `int`, `float`, `str` and so on; None for an unknown path."""
    if path == REAL_RATIO:
        return float
    key = key_at(Spec, path.split("."))
    return key.type if key else None


def draws_whole_numbers(path: str) -> bool:
    """Whether values between `min` and `max` must be whole numbers."""
    return type_of(path) is int


def cast(path: str, value: Any) -> Any:
    """A whole number where the key takes any number becomes a float, so that 1 and 1.0 are one value."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if is_whole and type_of(path) is float else value


def canonical(parameters: Mapping[str, Any]) -> Point:
    """Parameters as those of an arm: `real_ratio` first, the others sorted, those without effect left out.

    Where all images are real (`real_ratio` 1), and where a control stands in for generated images, nothing
    that is said of these has an effect.
    """
    without_generated = parameters.get(REAL_RATIO) == 1 or CONTROL in parameters
    paths = sorted(parameters, key=lambda path: (path != REAL_RATIO, path))
    return {
        path: cast(path, parameters[path])
        for path in paths
        if not (without_generated and path.startswith(_OF_GENERATED_IMAGES))
    }


def identity(parameters: Mapping[str, Any]) -> str:
    """Equal for two sets of parameters exactly if they are the same arm."""
    return json.dumps(canonical(parameters), sort_keys=True)


def completed(search: SearchConfig, point: Mapping[str, Any]) -> Point:
    """The point with every parameter that has a single value filled in, canonical."""
    only = {path: choices[0] for path, choices in _all_choices(search).items() if len(choices) == 1}
    return canonical({**only, **point})


def missing_parameters(search: SearchConfig, point: Mapping[str, Any]) -> list[str]:
    """Parameters that the point needs a value for and has none."""
    placeholders = dict.fromkeys(search.parameters)
    needed = canonical({**placeholders, **completed(search, point)})
    return [path for path in needed if path not in completed(search, point)]


def matches(parameters: Mapping[str, Any], point: Mapping[str, Any]) -> bool:
    """Whether an arm has all the values that the point names."""
    arm, wanted = canonical(parameters), canonical(point)
    return all(path in arm and _same(arm[path], value) for path, value in wanted.items())


def contains(path: str, parameter: ParameterConfig, value: Any) -> bool:
    """Whether a value is one of the parameter's."""
    if parameter.choices is not None:
        return any(_same(cast(path, choice), cast(path, value)) for choice in parameter.choices)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    assert parameter.min is not None and parameter.max is not None
    return is_number and parameter.min <= value <= parameter.max


def combinations(search: SearchConfig) -> Iterator[Point]:
    """Every combination of values, equal arms included; the last parameter varies fastest."""
    choices = _all_choices(search)
    for values in itertools.product(*choices.values()):
        yield dict(zip(choices, values, strict=True))


def number_of_combinations(search: SearchConfig) -> float:
    """Infinite if a parameter is drawn from a range."""
    choices = _all_choices(search)
    return math.prod(map(len, choices.values())) if len(choices) == len(search.parameters) else math.inf


def distinct_arms(points: Iterator[Point]) -> list[Point]:
    """Canonical arms in the order of their first appearance."""
    return list({identity(point): canonical(point) for point in points}.values())


def _all_choices(search: SearchConfig) -> dict[str, tuple[Any, ...]]:
    choices = {path: parameter.choices for path, parameter in search.parameters.items()}
    return {path: values for path, values in choices.items() if values is not None}


def _same(left: Any, right: Any) -> bool:
    """Equal as YAML values: unlike Python's `==`, true is not 1."""
    return json.dumps(left) == json.dumps(right)
