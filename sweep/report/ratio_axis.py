"""The axis of real_ratio that figures and the page's own charts share."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from matplotlib.axes import Axes

_OFFSET = 0.05
"""Shares lie on log(real_ratio + 0.05): 0 to 0.3, where curves bend, takes two thirds of the axis."""

_USUAL = (0.0, 1.0, 0.5, 0.2, 0.1, 0.05, 0.3, 0.02, 0.7)
_MARGIN = 0.1
_SPAN = 3.0  # of the axis, about


def show_real_ratio(
    axis: Axes, run: Collection[float], *, closest: float = 0.055, usual: bool = True
) -> None:
    """Scale, limits and ticks: a tick at every share in `run`.

    Labels at the ends and at those that were run, then, unless `usual` is off, at usual ones; none nearer to
    another than `closest`, a part of the axis.
    """
    axis.set_xscale("function", functions=(place_of, _share))
    axis.set_xlim(beside(0.0, -_MARGIN), beside(1.0, 1.6 * _MARGIN))
    labelled = labelled_ratios(run, closest, usual=usual)
    axis.set_xticks(labelled, [f"{ratio:.3g}" for ratio in labelled], fontsize="small")
    axis.set_xticks(sorted(run), minor=True)


def labelled_ratios(run: Collection[float], closest: float, *, usual: bool = True) -> list[float]:
    """The shares that have a label, the most needed first."""
    labelled: list[float] = []
    for ratio in (*_USUAL[:2], *sorted(run, reverse=True), *(_USUAL if usual else ())):
        if all(abs(place_of(ratio) - place_of(other)) >= closest * _SPAN for other in labelled):
            labelled.append(ratio)
    return labelled


def beside(real_ratio: float, distance: float) -> float:
    """The place so far to the right of a share, in units of the axis, which is about 3 long."""
    if distance == 0:
        return real_ratio  # to the last digit
    return float(_share(place_of(real_ratio) + distance))


def place_of(real_ratio: float | np.ndarray) -> np.ndarray:
    """Where a share lies on the axis, whatever its length; rising."""
    return np.asarray(np.log(np.maximum(np.asarray(real_ratio) + _OFFSET, 1e-6)))


def _share(place: float | np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(np.asarray(place)) - _OFFSET)
