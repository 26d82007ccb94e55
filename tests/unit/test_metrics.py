"""mmsegmentation's scores, by hand and against torchmetrics."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.classification import MulticlassAccuracy, MulticlassJaccardIndex

from trainables.contract import ClassCounts
from trainables.metrics import PixelCounter, accuracy_by_class, iou_by_class, scores

IGNORE = 255


def counted(prediction: list[int], label: list[int], num_classes: int = 4) -> ClassCounts:
    counter = PixelCounter(num_classes, IGNORE)
    counter.add(torch.tensor([[prediction]]), torch.tensor([[label]], dtype=torch.uint8))
    return counter.counts()


def test_four_classes_by_hand() -> None:
    """IoU 1, 5/6, 0 (predicted only) and none: 61.11. Labelled classes only: 91.67; all four: 45.83."""
    counts = counted(prediction=[0, 0, 1, 1, 1, 1, 1, 2], label=[0, 0, 1, 1, 1, 1, 1, 1])
    assert counts == ClassCounts(intersection=(2, 5, 0, 0), prediction=(2, 5, 1, 0), label=(2, 6, 0, 0))
    assert iou_by_class(counts)[:3] == pytest.approx((100, 500 / 6, 0))
    assert math.isnan(iou_by_class(counts)[3])
    expected = {"val_miou": (100 + 500 / 6) / 3, "val_macc": (100 + 500 / 6) / 2, "val_aacc": 700 / 8}
    assert scores(counts) == pytest.approx(expected)


def test_class_predicted_but_not_labelled_counts_as_zero_in_iou_and_not_at_all_in_accuracy() -> None:
    counts = counted(prediction=[0, 3], label=[0, 0])
    assert iou_by_class(counts)[3] == 0
    assert math.isnan(accuracy_by_class(counts)[3])
    assert scores(counts) == {"val_miou": 25, "val_macc": 50, "val_aacc": 50}


def test_ignored_pixels_do_not_count_even_as_predictions() -> None:
    assert counted([0, 3, 1], [0, IGNORE, 1]) == counted([0, 1], [0, 1])
    assert scores(counted([0, 3], [0, IGNORE]))["val_miou"] == 100


def test_class_labelled_but_never_predicted_is_zero() -> None:
    assert iou_by_class(counted([0, 0], [0, 1]))[:2] == (50, 0)


def test_nothing_labelled_is_nan_and_no_error() -> None:
    for counts in (counted([0, 1], [IGNORE, IGNORE]), PixelCounter(4, IGNORE).counts()):
        assert all(math.isnan(value) for value in scores(counts).values())


def test_scores_are_of_sums_over_the_set_and_not_means_over_images() -> None:
    counter = PixelCounter(2, IGNORE)
    counter.add(torch.tensor([[[0, 0, 0, 1]]]), torch.tensor([[[0, 0, 0, 0]]]))
    counter.add(torch.tensor([[[1]]]), torch.tensor([[[1]]]))
    assert iou_by_class(counter.counts()) == (75, 50)


def test_scores_are_not_rounded() -> None:
    assert scores(counted([0, 1, 0], [0, 0, 0], num_classes=1 + 1))["val_aacc"] == pytest.approx(
        200 / 3, abs=1e-12
    )


def test_counts_stay_exact_beyond_float32() -> None:
    counter = PixelCounter(1, IGNORE)
    pixels = torch.zeros(1, 2**12, 2**12, dtype=torch.uint8)
    counter.add(pixels, pixels)
    counter.add(pixels[:, :1, :1], pixels[:, :1, :1])
    assert counter.counts().intersection == (2**24 + 1,)


def test_a_label_that_is_no_class_is_never_counted_as_another() -> None:
    """Data with such labels is refused before; here it must not slip into a neighbour's count."""
    with pytest.raises(RuntimeError):
        counted([0, 1], [0, 2], num_classes=2)


@given(st.integers(0, 2**31), st.integers(2, 9))
@settings(max_examples=50)
def test_agrees_with_torchmetrics_where_every_class_occurs(seed: int, num_classes: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    prediction = torch.randint(0, num_classes, (3, 16, 16), generator=generator)
    label = torch.randint(0, num_classes, (3, 16, 16), generator=generator)
    label[torch.rand(label.shape, generator=generator) < 0.2] = IGNORE
    label[0, 0, :num_classes] = torch.arange(num_classes)
    counter = PixelCounter(num_classes, IGNORE)
    for start in range(3):
        counter.add(prediction[start : start + 1], label[start : start + 1])
    got = scores(counter.counts())
    of: dict[str, Any] = {"num_classes": num_classes, "ignore_index": IGNORE}
    assert got["val_miou"] == pytest.approx(
        100 * MulticlassJaccardIndex(**of)(prediction, label).item(), rel=1e-5
    )
    assert got["val_macc"] == pytest.approx(
        100 * MulticlassAccuracy(**of)(prediction, label).item(), rel=1e-5
    )
    micro = MulticlassAccuracy(**of, average="micro")(prediction, label).item()
    assert got["val_aacc"] == pytest.approx(100 * micro, rel=1e-5)


def test_iou_by_class_agrees_with_torchmetrics_where_classes_are_absent() -> None:
    """torchmetrics gives 0 to a class that is nowhere, where mmsegmentation skips it: compare the others."""
    prediction, label = torch.tensor([[[0, 1, 2, 2, 0]]]), torch.tensor([[[0, 0, 2, 2, IGNORE]]])
    oracle = MulticlassJaccardIndex(num_classes=4, ignore_index=IGNORE, average="none")(prediction, label)
    ours = iou_by_class(counted([0, 1, 2, 2, 0], [0, 0, 2, 2, IGNORE]))
    assert ours[:3] == pytest.approx([100 * value for value in oracle.tolist()[:3]])
    assert math.isnan(ours[3])
