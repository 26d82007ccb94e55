"""How much less is known of a curve where no value lies."""

from __future__ import annotations

import numpy as np

_OFFSET = 0.02  # of log(real_ratio + c): from 2 % real images to none is as far as from 12 % to 5 %
_LEAST_CHANGE = 1.0


def widened(grid: np.ndarray, draws: np.ndarray, low: float, high: float) -> np.ndarray:
    """Curves (s, m) that wander off outside low..high, the range of real_ratio with values.

    A random walk on log(real_ratio + 0.02): with each unit, its sd is that of the change over the range, and
    at least 1 point. A supposition: no value says what happens beyond, a cliff or nothing, and straight
    shapes go on too confidently.
    """
    place = np.log(grid + _OFFSET)
    inside = (grid >= low) & (grid <= high)
    span = float(np.ptp(place[inside]))
    change = float(np.ptp(np.median(draws[:, inside], axis=0))) / span if span else 0.0
    steps = np.sqrt(np.diff(place)) * max(_LEAST_CHANGE, change)
    normal = np.random.default_rng(13).standard_normal((len(draws), len(steps)))
    below, above = grid[1:] <= low, grid[:-1] >= high
    walk = np.zeros_like(draws)
    walk[:, :-1] += np.cumsum((normal * steps * below)[:, ::-1], axis=1)[:, ::-1]
    walk[:, 1:] += np.cumsum(normal * steps * above, axis=1)
    return np.asarray(_held_back(draws, inside) + walk)


def _held_back(draws: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Curves that change beyond either end by no more than they do inside, or by 1 point.

    Shapes that bend beside the last value would else shoot hundreds of points up or down beyond it.
    """
    first, last = np.flatnonzero(inside)[[0, -1]]
    nearest = draws[:, np.clip(np.arange(len(inside)), first, last)]
    most = np.maximum(_LEAST_CHANGE, np.ptp(draws[:, inside], axis=1, keepdims=True))
    return np.asarray(nearest + np.clip(draws - nearest, -most, most))
