"""Intersection over union out of pixel counts: one definition for training, tables and tracking."""

from __future__ import annotations

import math
from collections.abc import Sequence


def percent(part: int, whole: int) -> float:
    """`part` in percent of `whole`; NaN of nothing."""
    return 100.0 * part / whole if whole else math.nan


def iou_percent(
    intersection: Sequence[int], prediction: Sequence[int], label: Sequence[int]
) -> tuple[float, ...]:
    """IoU of every class, I / (P + L - I), in percent; NaN for one that is neither labelled nor predicted.

    Args:
        intersection: pixels that are both predicted and labelled as the class, by class id.
        prediction: pixels predicted as the class.
        label: pixels labelled as the class.
    """
    counts = zip(intersection, prediction, label, strict=True)
    return tuple(percent(i, p + labelled - i) for i, p, labelled in counts)
