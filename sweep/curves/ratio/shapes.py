"""The shapes that a curve over real_ratio may have: each a linear fit once its bends are placed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

Basis = Callable[[np.ndarray], np.ndarray]
"""real_ratio (n,) to a design (n, p)."""

_BENDS = np.array([0.01, 0.02, 0.03, *np.arange(0.04, 0.2, 0.02), *np.arange(0.2, 0.96, 0.05)])
_SCALES = np.geomspace(0.02, 1.0, 12)


@dataclass(frozen=True)
class Shape:
    """A family of curves with its bends in one place."""

    family: str
    basis: Basis
    coefficients: int
    """Those that are fitted linearly."""
    placed: int
    """Those that were placed before: bends, a scale. They count as fitted, too."""


def shapes(lowest: float, highest: float, most_coefficients: int) -> list[Shape]:
    """All shapes that so many values can tell; bends only where values lie on both sides."""
    inside = [bend for bend in _BENDS if lowest < bend < highest]
    every = [
        Shape("flat", _powers(0), 1, 0),
        Shape("linear", _powers(1), 2, 0),
        Shape("quadratic", _powers(2), 3, 0),
        *(Shape("saturating", _saturating(scale), 2, 1) for scale in _SCALES),
        *(Shape("one break", _broken(bend), 3, 1) for bend in inside),
        *(Shape("two breaks", _broken(*pair), 4, 2) for pair in _pairs(inside)),
    ]
    return [shape for shape in every if shape.coefficients <= most_coefficients]


def _powers(degree: int) -> Basis:
    return lambda real_ratio: np.stack([real_ratio**power for power in range(degree + 1)], axis=1)


def _saturating(scale: float) -> Basis:
    """Rises, or falls, ever more slowly towards all-real."""
    return lambda real_ratio: np.stack([np.ones_like(real_ratio), -np.expm1(-real_ratio / scale)], axis=1)


def _broken(*bends: float) -> Basis:
    """Straight between bends, without a jump: continuous piecewise linear, as in pwlf."""
    return lambda real_ratio: np.stack(
        [np.ones_like(real_ratio), real_ratio, *(np.maximum(0, real_ratio - bend) for bend in bends)], axis=1
    )


def _pairs(bends: list[float]) -> Iterator[tuple[float, float]]:
    """Two bends that leave a stretch between them."""
    return ((low, high) for low, high in itertools.combinations(bends, 2) if high - low > 0.03)
