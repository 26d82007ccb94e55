"""Rendered scenes as a source of images."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from trainables.contract import DataConfig, SceneSource
from trainables.data.labels import ClassIds
from trainables.data.scenes.cache import cached_scenes


class SceneSamples:
    """The scenes of a source, rendered on first use and then read from the cache.

    Args:
        data: gives the classes and what label ids mean.
        source: style, seed, number and size of the scenes.

    Raises:
        DataError: on reading, class ids outside `data.classes`.
    """

    def __init__(self, data: DataConfig, source: SceneSource) -> None:
        self._data = data
        self._source = source
        self._class_ids = ClassIds(data)
        self._scenes = cached_scenes(source)

    def __reduce__(self) -> tuple[type[SceneSamples], tuple[DataConfig, SceneSource]]:
        """A process that loads data opens the cache itself: pickling the memory map would copy all of it."""
        return SceneSamples, (self._data, self._source)

    def __len__(self) -> int:
        return self._source.count

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        scene = self._scenes[index]
        label = self._class_ids.of(scene[3], self.name(index))
        return torch.from_numpy(np.array(scene[:3])), torch.from_numpy(label)

    def name(self, index: int) -> str:
        """`scene real/seed 0/#12`."""
        return f"scene {self._source.scenes}/seed {self._source.seed}/#{index}"
