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
        self._counts_3K: Tensor | None = None  # on the device of the first prediction

    def add(self, prediction_NHW: Tensor, label_NHW: Tensor) -> None:
        """Counts predicted and labelled class ids of any integer type; shapes agree."""
        valid = label_NHW != self._ignore_index
        prediction, label = prediction_NHW[valid].long(), label_NHW[valid].long()
        counts_3K = torch.stack(
            [self._by_class(pixels) for pixels in (label[prediction == label], prediction, label)]
        )
        self._counts_3K = counts_3K if self._counts_3K is None else self._counts_3K + counts_3K

    def counts(self) -> ClassCounts:
        """The counts so far."""
        if self._counts_3K is None:
            intersection = prediction = label = [0] * self._num_classes
        else:
            intersection, prediction, label = self._counts_3K.tolist()
        return ClassCounts(tuple(intersection), tuple(prediction), tuple(label))

    def _by_class(self, ids: Tensor) -> Tensor:
        return torch.bincount(ids, minlength=self._num_classes)


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
