"""Samples are the same in any process, and a file that cannot be read is named."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from trainables.contract import AugmentationConfig, DataError
from trainables.loader import Batch, training_batches, validation_images
from trainables.mixing import REAL, MixedStream, Position, Recipe
from trainables.transforms import TrainTransform

SIZE = (24, 32)


@dataclass
class Noise:
    """Images of noise; `broken` cannot be read."""

    length: int
    seed: int
    broken: int | None = None

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        if index == self.broken:
            raise DataError(f"{self.name(index)}: cannot be read as an image: truncated")
        generator = torch.Generator().manual_seed(1000 * self.seed + index)
        image = torch.randint(0, 256, (3, *SIZE), dtype=torch.uint8, generator=generator)
        return image, torch.randint(0, 7, SIZE, dtype=torch.uint8, generator=generator)

    def name(self, index: int) -> str:
        return f"noise{self.seed}/{index}.png"


RECIPE = Recipe(0.5, {REAL: 6, "night": 4}, {"night": 1.0}, batch_size=4, seed=0)


def load(workers: int, batches: int = 6, broken: int | None = None) -> list[Batch]:
    sources = {REAL: Noise(6, seed=0), "night": Noise(4, seed=1, broken=broken)}
    transform = TrainTransform(AugmentationConfig(), (16, 16), 255)
    draws = MixedStream(RECIPE).batches(Position(), batches)
    with closing(training_batches(sources, transform, draws, workers)) as loaded:
        return list(loaded)


def test_batches_hold_crops_and_where_they_came_from() -> None:
    drawn = list(MixedStream(RECIPE).batches(Position(), 6))
    for batch, draws in zip(load(workers=0), drawn, strict=True):
        assert batch.images.shape == (4, 3, 16, 16)
        assert batch.labels.shape == (4, 16, 16)
        assert batch.images.dtype == batch.labels.dtype == torch.uint8
        assert batch.sources == [draw.source for draw in draws]
        assert batch.indices == [draw.index for draw in draws]


def test_tags_tell_where_the_pixels_came_from() -> None:
    sources = {REAL: Noise(6, seed=0), "night": Noise(4, seed=1)}
    unchanged = AugmentationConfig(resize_range=(1, 1), category_max_ratio=1, flip=0, photometric=False)
    draws = MixedStream(RECIPE).batches(Position(), 5)
    for batch in training_batches(sources, TrainTransform(unchanged, SIZE, 255), draws, 0):
        for image, label, source, index in zip(batch.images, batch.labels, batch.sources, batch.indices):
            assert torch.equal(image, sources[source][index][0])
            assert torch.equal(label, sources[source][index][1])


def test_samples_are_the_same_with_workers() -> None:
    for alone, helped in zip(load(workers=0), load(workers=2), strict=True):
        assert torch.equal(alone.images, helped.images)
        assert torch.equal(alone.labels, helped.labels)
        assert (alone.sources, alone.indices) == (helped.sources, helped.indices)


def test_loading_draws_nothing_from_the_global_generator() -> None:
    before = torch.get_rng_state()
    load(workers=0)
    list(validation_images(Noise(3, seed=0), 0))
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("workers", [0, 2])
def test_a_broken_image_is_named_without_a_traceback(workers: int) -> None:
    with pytest.raises(DataError) as error:
        load(workers, broken=2)
    assert str(error.value) == "noise1/2.png: cannot be read as an image: truncated"


def test_validation_gives_every_image_in_order_and_untouched() -> None:
    samples = Noise(5, seed=3)
    loaded = list(validation_images(samples, 0))
    assert len(loaded) == 5
    for index, (image, label) in enumerate(loaded):
        assert torch.equal(image, samples[index][0])
        assert torch.equal(label, samples[index][1])


def test_a_broken_validation_image_is_named() -> None:
    with pytest.raises(DataError, match=r"noise0/1\.png: cannot be read"):
        list(validation_images(Noise(3, seed=0, broken=1), 0))
