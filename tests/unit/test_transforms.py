"""The training pipeline: what it promises of every sample."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torchvision.transforms.v2 import functional

from trainables.contract import AugmentationConfig
from trainables.transforms import MEAN, STD, TrainTransform, normalise

IGNORE = 255
UNCHANGED: dict[str, Any] = {
    "resize_range": (1, 1),
    "category_max_ratio": 1,
    "flip": 0,
    "photometric": False,
}


def sample(height: int = 20, width: int = 30, seed: int = 0) -> tuple[Tensor, Tensor]:
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (3, height, width), dtype=np.uint8)
    label = rng.choice(np.array([0, 1, 2, 3, IGNORE], dtype=np.uint8), (height, width))
    return torch.from_numpy(image), torch.from_numpy(label)


def columns(height: int, width: int) -> tuple[Tensor, Tensor]:
    """Image and label both hold the number of the column: they show what was moved where."""
    label = torch.arange(width, dtype=torch.uint8).repeat(height, 1)
    return label.repeat(3, 1, 1), label


def transform(crop: tuple[int, int] = (20, 30), **augmentation: Any) -> TrainTransform:
    return TrainTransform(AugmentationConfig(**{**UNCHANGED, **augmentation}), crop, IGNORE)


sizes = st.tuples(st.integers(1, 40), st.integers(1, 40))


@settings(max_examples=60)
@given(size=sizes, crop=sizes, seed=st.integers(0, 2**63))
def test_every_sample_has_the_size_of_the_crop_and_no_new_label(
    size: tuple[int, int], crop: tuple[int, int], seed: int
) -> None:
    image, label = sample(*size)
    before = image.clone(), label.clone()
    new_image, new_label = TrainTransform(AugmentationConfig(), crop, IGNORE)(image, label, seed)
    assert new_image.shape == (3, *crop)
    assert new_label.shape == crop
    assert new_image.dtype == new_label.dtype == torch.uint8
    assert new_image.permute(1, 2, 0).is_contiguous()  # channels last, as convolutions want it
    assert new_label.is_contiguous()
    assert set(new_label.unique().tolist()) <= {*label.unique().tolist(), IGNORE}
    assert torch.equal(image, before[0])
    assert torch.equal(label, before[1])


def test_the_seed_alone_decides() -> None:
    pipeline = TrainTransform(AugmentationConfig(), (16, 24), IGNORE)
    first = pipeline(*sample(), 7)
    torch.manual_seed(1)
    np.random.seed(1)
    pipeline(*sample(), 8)
    again = pipeline(*sample(), 7)
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    others = [pipeline(*sample(), seed)[0] for seed in range(20)]
    assert len({other.numpy().tobytes() for other in others}) == 20


def test_global_random_states_stay_as_they_were() -> None:
    before = torch.random.get_rng_state(), np.random.get_state()[1]
    TrainTransform(AugmentationConfig(), (16, 24), IGNORE)(*sample(), 3)
    assert torch.equal(before[0], torch.random.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])


def test_nothing_asked_for_changes_nothing() -> None:
    image, label = sample()
    new_image, new_label = transform()(image, label, 0)
    assert torch.equal(new_image, image)
    assert torch.equal(new_label, label)


def test_image_and_label_are_flipped_together() -> None:
    image, label = transform(flip=1)(*columns(20, 30), 0)
    assert torch.equal(label, columns(20, 30)[1].flip(1))
    assert torch.equal(image, label.expand(3, -1, -1))
    flips = [int(transform(flip=0.5)(*columns(20, 30), seed)[1][0, 0] == 29) for seed in range(200)]
    assert 70 <= sum(flips) <= 130


def test_image_and_label_are_cropped_together_anywhere() -> None:
    starts = set()
    for seed in range(200):
        image, label = transform((4, 25))(*columns(20, 30), seed)
        assert torch.equal(image, label.expand(3, -1, -1))
        assert torch.equal(label[0], torch.arange(25, dtype=torch.uint8) + label[0, 0])
        starts.add(int(label[0, 0]))
    assert starts == set(range(6))


def test_resize_keeps_the_aspect_and_stays_in_range() -> None:
    _, label = sample(40, 60)
    label[:] = 1
    heights, widths = [], []
    for seed in range(200):
        _, new = transform((80, 120), resize_range=(0.5, 2))(*(label.expand(3, -1, -1), label), seed)
        rows, cols = (new == 1).nonzero(as_tuple=True)
        heights.append(int(rows.max()) + 1)
        widths.append(int(cols.max()) + 1)
        assert abs(heights[-1] * 1.5 - widths[-1]) <= 1.5
    assert min(heights) >= 20
    assert max(heights) <= 80
    assert np.mean(heights) == pytest.approx(40 * 1.25, rel=0.06)  # uniform over 0.5 to 2


@pytest.mark.parametrize("factor", [0.5, 2.0, 0.37, 1.61])
def test_label_stays_on_the_image_when_resized(factor: float) -> None:
    """A vertical edge between 0 and 200 lies in the image where it lies in the label, to half a pixel."""
    label = torch.zeros(40, 60, dtype=torch.uint8)
    label[:, 30:] = 200
    size = round(40 * factor), round(60 * factor)
    pipeline = transform(size, resize_range=(factor, factor))
    image, new = pipeline(label.expand(3, -1, -1), label, 0)
    bright, labelled = (image[0].float() / 200).sum(1), (new == 200).sum(1)
    assert (bright - labelled).abs().max() <= 0.5


def test_padding_is_the_ignore_index_and_the_mean_colour() -> None:
    image, label = transform((24, 40))(*sample(20, 30), 0)
    assert torch.equal(image[:, :20, :30], sample(20, 30)[0])
    assert torch.equal(label[:20, :30], sample(20, 30)[1])
    for padded in (label[20:], label[:, 30:]):
        assert (padded == IGNORE).all()
    for padded in (image[:, 20:], image[:, :, 30:]):
        assert normalise(padded).abs().max() < 0.01


def test_crops_of_a_single_class_are_drawn_again() -> None:
    """One column in ten holds class 1: a narrow crop seldom meets it, unless it is drawn again."""
    label = torch.zeros(10, 100, dtype=torch.uint8)
    label[:, ::10] = 1
    label[0] = IGNORE
    image = label.expand(3, -1, -1)

    def share_of_varied(limit: float) -> float:
        crops = [transform((10, 4), category_max_ratio=limit)(image, label, seed)[1] for seed in range(300)]
        return sum(bool((crop == 1).any()) for crop in crops) / len(crops)

    assert share_of_varied(1.0) == pytest.approx(0.4, abs=0.1)
    assert share_of_varied(0.76) > 0.97
    assert share_of_varied(0.74) == pytest.approx(0.4, abs=0.1)  # no crop can do: the last of ten is kept


def test_ignored_pixels_do_not_count_towards_the_cap() -> None:
    """Half ignored, a quarter each of two classes: 50 % of what counts, though 25 % of all."""
    label = torch.full((8, 8), IGNORE, dtype=torch.uint8)
    label[:2], label[2:4] = 0, 1
    pipeline = transform((8, 8), category_max_ratio=0.5)
    assert not pipeline._is_varied(label)
    assert transform((8, 8), category_max_ratio=0.51)._is_varied(label)
    assert not transform((8, 8), category_max_ratio=0.51)._is_varied(torch.full_like(label, IGNORE))


def test_photometric_distortion_leaves_the_label_and_changes_the_image() -> None:
    image, label = sample()
    distorted = [transform(photometric=True)(image, label, seed) for seed in range(64)]
    assert all(torch.equal(new, label) for _, new in distorted)
    unchanged = sum(torch.equal(new, image) for new, _ in distorted)
    assert unchanged <= 10  # each of four changes is left out half of the time


def test_photometric_distortion_stays_within_mmsegmentations_ranges() -> None:
    """Grey has no hue and no saturation: what is left is brightness and contrast."""
    grey = torch.full((3, 4, 4), 100, dtype=torch.uint8)
    label = torch.zeros(4, 4, dtype=torch.uint8)
    values = [int(transform((4, 4), photometric=True)(grey, label, seed)[0][0, 0, 0]) for seed in range(500)]
    assert (100 - 32) * 0.5 - 1 <= min(values) < 45
    assert 180 < max(values) <= (100 + 32) * 1.5 + 1


def test_normalise_is_torchvisions() -> None:
    images = torch.stack([sample(seed=seed)[0] for seed in range(2)])
    expected = functional.normalize(images.float(), list(MEAN), list(STD))
    assert normalise(images).dtype == torch.float32
    assert torch.allclose(normalise(images), expected, atol=1e-6)
    assert torch.allclose(normalise(images[0]), expected[0], atol=1e-6)
