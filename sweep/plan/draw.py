"""Points of a random search."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from sweep.spec import ParameterConfig, Point, SearchConfig
from sweep.spec.space import draws_whole_numbers

_MOST_DRAWS = 1_000_000  # so that a search of few arms ends
_DIGITS = 4  # significant ones of a drawn number: enough to tell arms apart, short enough to read


def drawn_points(search: SearchConfig) -> Iterator[Point]:
    """Points drawn independently from the parameters' distributions, the same ones for the same seed."""
    generator = np.random.default_rng(search.seed)
    for _ in range(_MOST_DRAWS):
        yield {path: _drawn(path, parameter, generator) for path, parameter in search.parameters.items()}


def _drawn(path: str, parameter: ParameterConfig, generator: np.random.Generator) -> Any:
    if parameter.choices is not None:
        return parameter.choices[int(generator.integers(len(parameter.choices)))]
    assert parameter.min is not None and parameter.max is not None
    low, high = parameter.min, parameter.max
    if draws_whole_numbers(path):
        return _whole(low, high, parameter.is_log, generator)
    return shortened(_between(low, high, parameter.is_log, generator), low, high)


def shortened(value: float, low: float, high: float) -> float:
    """The drawn number with few digits, still within its bounds."""
    return min(max(float(f"{value:.{_DIGITS}g}"), low), high)


def _between(low: float, high: float, is_log: bool, generator: np.random.Generator) -> float:
    if is_log:
        return math.exp(generator.uniform(math.log(low), math.log(high)))
    return float(generator.uniform(low, high))


def _whole(low: float, high: float, is_log: bool, generator: np.random.Generator) -> int:
    """Every whole number owns the unit around it, so that both ends are as likely as their neighbours."""
    value = _between(low - 0.5, high + 0.5, is_log, generator)
    return min(max(round(value), int(low)), int(high))
