"""Images that stand in for generated ones, to test a sweep by what must come out."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from trainables.contract import Control
from trainables.data.samples import Samples


def control_samples(control: Control, real: Samples) -> Samples:
    """The stand-ins: the real images themselves for `copy`, noise with their labels for `noise`."""
    return real if control == "copy" else NoiseSamples(real)


class NoiseSamples:
    """Noise of the size of each real image, with that image's label.

    Every byte is uniform over 0..255. The noise of an image depends on its file name alone: it is the same
    in every pass, trial, process and folder, as that of a generated image on disk would be.
    """

    def __init__(self, real: Samples) -> None:
        self._real = real

    def __len__(self) -> int:
        return len(self._real)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        image, label = self._real[index]
        return noise_image(self._real.name(index), tuple(image.shape)), label

    def name(self, index: int) -> str:
        """`noise for` the name of the real image."""
        return f"noise for {self._real.name(index)}"


def noise_image(name: str, shape: tuple[int, ...]) -> Tensor:
    """Uniform uint8 noise of a shape, by the stem of the path `name`.

    Raw words of PCG64, which numpy promises not to change; what its `Generator` makes of them has no such
    promise.
    """
    digest = hashlib.sha256(Path(name).stem.encode()).digest()
    size = int(np.prod(shape))
    words = np.random.PCG64(int.from_bytes(digest, "little")).random_raw(-(-size // 8))
    return torch.from_numpy(words.astype("<u8").view(np.uint8)[:size].reshape(shape))
