"""mIoU, mAcc and aAcc by mmsegmentation's definition, out of pixel counts over the whole validation set.

mmsegmentation's `IoUMetric`, with two differences: counts are int64 (its float32 sums lose pixels), and
nothing is rounded. Per class, I = pixels that are both predicted and labelled as the class, P = predicted,
L = labelled, pixels of the ignore index left out of all three:

    IoU = I / (P + L - I)    Acc = I / L    aAcc = sum of I / sum of L

A class that is predicted but never labelled has IoU 0, which counts; a class that is neither is skipped.
`torchmetrics.segmentation.MeanIoU` averages over images and is another metric.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor

from trainables.contract import ClassCounts
from trainables.contract.iou import iou_percent, percent


class PixelCounter:
    """Adds up the pixels of a validation set by class.

    Args:
        num_classes: number of classes K.
        ignore_index: label id of pixels that do not count.
    """

    def __init__(self, num_classes: int, ignore_index: int) -> None:
        self._num_classes = num_classes
        self._ignore_index = ignore_index
        self._pairs_KK: Tensor | None = None  # labelled as, predicted as; on the device of the predictions

    def add(self, prediction_NHW: Tensor, label_NHW: Tensor) -> None:
        """Counts predicted and labelled class ids of any integer type; shapes agree."""
        # One count of pairs: masks and counts by class are four times slower, and on a GPU wait nine times.
        pairs = 1 + label_NHW.long() * self._num_classes + prediction_NHW
        pairs = torch.where(label_NHW == self._ignore_index, 0, pairs)
        counts = torch.bincount(pairs.flatten(), minlength=self._num_classes**2 + 1)
        counts_KK = counts[1:].view(self._num_classes, self._num_classes)
        self._pairs_KK = counts_KK if self._pairs_KK is None else self._pairs_KK + counts_KK

    def counts(self) -> ClassCounts:
        """The counts so far."""
        if self._pairs_KK is None:
            return ClassCounts(*[(0,) * self._num_classes] * 3)
        pairs_KK = self._pairs_KK
        return ClassCounts(
            intersection=tuple(pairs_KK.diagonal().tolist()),
            prediction=tuple(pairs_KK.sum(0).tolist()),
            label=tuple(pairs_KK.sum(1).tolist()),
        )


def scores(counts: ClassCounts) -> dict[str, float]:
    """`val_miou`, `val_macc` and `val_aacc` in percent, not rounded; NaN where no class counts."""
    return {
        "val_miou": _mean(iou_by_class(counts)),
        "val_macc": _mean(accuracy_by_class(counts)),
        "val_aacc": percent(sum(counts.intersection), sum(counts.label)),
    }


def iou_by_class(counts: ClassCounts) -> tuple[float, ...]:
    """IoU of every class in percent; NaN for a class that is neither labelled nor predicted."""
    return iou_percent(counts.intersection, counts.prediction, counts.label)


def accuracy_by_class(counts: ClassCounts) -> tuple[float, ...]:
    """Share of each class's pixels that were found, in percent; NaN for a class that is not labelled."""
    return tuple(percent(i, label) for i, label in zip(counts.intersection, counts.label, strict=True))


def _mean(values: Iterable[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return math.fsum(known) / len(known) if known else math.nan
