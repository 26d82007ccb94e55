"""The first batches of a trial, as its train step gets them: to be looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from trainables.contract import TrialConfig
from trainables.data import Samples
from trainables.loader import Batch, training_batches
from trainables.mixing import MixedStream, Position
from trainables.sources import recipe_of, training_sources
from trainables.transforms import TrainTransform


@dataclass(frozen=True)
class Crop:
    """One image of a batch, augmented."""

    image: NDArray[np.uint8]
    """RGB, shape (h, w, 3)."""
    label: NDArray[np.uint8]
    """Class ids or the ignore index, shape (h, w)."""
    source: str
    """`real`, or the name of a generated source."""
    name: str
    """Of the image, without folders."""


def first_batches(config: TrialConfig, count: int) -> list[list[Crop]]:
    """So many batches from the beginning, drawn, cropped and coloured as the training does.

    Raises:
        TrialError: the sources cannot be opened, mixed or read; the message says what to mend.
    """
    training = config.training.model_copy(update={"pack": False})  # for a few images it would not pay
    sources = training_sources(config.model_copy(update={"training": training}))
    draws = MixedStream(recipe_of(config, sources)).batches(Position(), count)
    transform = TrainTransform(training.augmentation, training.crop_size, config.data.ignore_index)
    batches = training_batches(sources, transform, draws, workers=0)
    return [list(_crops(batch, sources)) for batch in batches]


def _crops(batch: Batch, sources: Mapping[str, Samples]) -> Iterator[Crop]:
    for number, (source, index) in enumerate(zip(batch.sources, batch.indices, strict=True)):
        image_HWC, label_HW = batch.images[number].permute(1, 2, 0), batch.labels[number]
        yield Crop(_array(image_HWC), _array(label_HW), source, Path(sources[source].name(index)).name)


def _array(tensor: Tensor) -> NDArray[np.uint8]:
    return np.asarray(tensor.numpy(), dtype=np.uint8)
