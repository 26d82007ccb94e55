"""mmsegmentation's training pipeline: random resize, crop, flip, photometric distortion; then normalising.

The crop is drawn first and nothing outside of it is read: of a packed image that is a small part. What
differs from mmsegmentation 1.2:

- The resize factor applies to the image's own size; there it applies to a size given in the config.
- The crop begins at a pixel of the image and is then resized; there the image is resized first, so that crops
  begin at pixels of the resized one.
- The label is resized to the nearest pixel *centre*; OpenCV takes the nearest corner, half a pixel off.
- Whether one class covers too much of a crop is asked of a grid of at most 128 x 128 of its pixels.
- Photometric distortion: see `trainables.photometric`.
- Padding is the mean colour before normalising; there it is 0 after normalising. They agree to 0.01.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torch.nn.functional import interpolate

from trainables.contract import AugmentationConfig
from trainables.photometric import Distortion, distort_, drawn_distortion

MEAN = (123.675, 116.28, 103.53)
"""Of ImageNet, red, green, blue, 0 to 255; mmsegmentation's `data_preprocessor.mean`."""
STD = (58.395, 57.12, 57.375)

_MEAN_COLOUR = torch.tensor(MEAN).round().to(torch.uint8)
_CROP_TRIES = 10
_GRID = 128  # pixels a side; more do not change which crops are drawn again


def normalise(image_NCHW: Tensor) -> Tensor:
    """Images as the network takes them: uint8 RGB to float32 with ImageNet's mean and deviation.

    Takes (N, 3, H, W) or (3, H, W) on any device. Validation images need nothing else.
    """
    mean, std = _statistics(image_NCHW.device)
    return (image_NCHW - mean) / std


@lru_cache  # made anew, they would hold up a GPU at every step
def _statistics(device: torch.device) -> tuple[Tensor, Tensor]:
    mean, std = (torch.tensor(values, device=device).view(3, 1, 1) for values in (MEAN, STD))
    return mean, std


class Written(NamedTuple):
    """What became of one sample."""

    distortion: Distortion
    """What was done to its colours, or, if the transform does not distort, is still to be done."""
    size: tuple[int, int]
    """Height and width of what is not padding."""


def padded_again(images_NCHW: Tensor, sizes_N2: Tensor) -> Tensor:
    """uint8 images with the padding that a change of all colours has changed, too; on their device."""
    height, width = images_NCHW.shape[-2:]
    rows = torch.arange(height, device=images_NCHW.device)[:, None] >= sizes_N2[:, 0, None, None]
    columns = torch.arange(width, device=images_NCHW.device) >= sizes_N2[:, 1, None, None]
    mean_colour = _statistics(images_NCHW.device)[0].round().to(torch.uint8)
    padded = torch.where((rows | columns)[:, None], mean_colour, images_NCHW)
    return padded.contiguous(memory_format=torch.channels_last)


class TrainTransform:
    """Makes a training sample of an image and its label, both crop_size large.

    In this order: resize by a factor from `resize_range` (bilinear; the label nearest) and random crop, flip,
    photometric distortion, padding at right and bottom where the image is smaller than the crop (the label
    with `ignore_index`).

    Every random draw comes from the `seed` of the call: the sample is the same in whichever process it is
    made, and no global random state is read or changed.

    Args:
        augmentation: how strongly.
        crop_size: height and width in pixels.
        ignore_index: label of pixels that do not train.
        distorts: whether colours are changed here, or left to `trainables.photometric.distorted_batch`, which
            makes the same of them on a GPU.
    """

    def __init__(
        self,
        augmentation: AugmentationConfig,
        crop_size: tuple[int, int],
        ignore_index: int,
        *,
        distorts: bool = True,
    ) -> None:
        self.augmentation = augmentation
        self.crop_size = crop_size
        self.ignore_index = ignore_index
        self.distorts = distorts

    def __call__(self, image_CHW: Tensor, label_HW: Tensor, seed: int) -> tuple[Tensor, Tensor]:
        """Image (3, h, w) and label (h, w), uint8, to (3, *crop_size) and crop_size, uint8; `seed` >= 0."""
        image_HWC = torch.empty((*self.crop_size, 3), dtype=torch.uint8)
        label = torch.empty(self.crop_size, dtype=torch.uint8)
        self.write(image_CHW, label_HW, seed, image_HWC, label)
        return image_HWC.permute(2, 0, 1), label

    def write(
        self, image_CHW: Tensor, label_HW: Tensor, seed: int, image_out_HWC: Tensor, label_out_HW: Tensor
    ) -> Written:
        """Writes the sample to where it belongs in a batch: contiguous, (*crop_size, 3) and crop_size."""
        rng = np.random.default_rng(seed)
        window = self._window(label_HW, rng.uniform(*self.augmentation.resize_range), rng)
        height, width = window.size
        image, label = window.of_image(image_CHW), window.of_label(label_HW)
        if rng.random() < self.augmentation.flip:
            image, label = image.flip(1), label.flip(1)
        inside_HWC = image_out_HWC[:height, :width].copy_(image)
        label_out_HW[:height, :width] = label
        distortion = drawn_distortion(rng) if self.augmentation.photometric else Distortion()
        if self.distorts:
            distort_(inside_HWC, distortion)
        if window.size != self.crop_size:
            for padded, value in ((image_out_HWC, _MEAN_COLOUR), (label_out_HW, self.ignore_index)):
                padded[height:] = value
                padded[:height, width:] = value
        return Written(distortion, window.size)

    def _window(self, label_HW: Tensor, factor: float, rng: Generator) -> _Window:
        """A random crop, drawn again while one class covers too much of it, or all."""
        for _ in range(_CROP_TRIES):
            window = _random_window(label_HW.shape, self.crop_size, factor, rng)
            if self._is_varied(label_HW[window.rows, window.columns]):
                break
        return window

    def _is_varied(self, label_HW: Tensor) -> bool:
        if self.augmentation.category_max_ratio == 1:
            return True
        rows, columns = (-(-length // _GRID) for length in label_HW.shape)
        pixels = np.bincount(label_HW.numpy()[::rows, ::columns].ravel(), minlength=256)
        pixels[self.ignore_index] = 0
        largest, total = int(pixels.max()), int(pixels.sum())
        return largest < total and largest < self.augmentation.category_max_ratio * total


class _Window(NamedTuple):
    """A part of an image, and the size that it gets."""

    rows: slice
    columns: slice
    size: tuple[int, int]
    """Height and width in the sample."""

    def of_image(self, image_CHW: Tensor) -> Tensor:
        """(h, w, 3)."""
        part = image_CHW[:, self.rows, self.columns]
        if part.shape[1:] != self.size:
            channels_last = part[None].contiguous(memory_format=torch.channels_last)  # three times as fast
            part = interpolate(channels_last, self.size, mode="bilinear")[0]
        return part.permute(1, 2, 0)

    def of_label(self, label_HW: Tensor) -> Tensor:
        """(h, w)."""
        part = label_HW[self.rows, self.columns]
        if part.shape == self.size:
            return part
        rows, columns = (_nearest(have, want) for have, want in zip(part.shape, self.size))
        return torch.from_numpy(part.numpy().take(rows, 0).take(columns, 1))


def _random_window(
    image_size: tuple[int, ...], crop_size: tuple[int, int], factor: float, rng: Generator
) -> _Window:
    """Of the crop's size once it is resized by the factor; all of an axis where there is less."""
    slices, size = [], []
    for have, want in zip(image_size, crop_size):
        length = min(want, max(1, round(have * factor)))
        source = have if length < want else min(have, max(1, round(length / factor)))
        start = int(rng.integers(have - source + 1))
        slices.append(slice(start, start + source))
        size.append(length)
    return _Window(slices[0], slices[1], (size[0], size[1]))


def _nearest(have: int, want: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """For each of `want` pixels in a row the one of `have` whose centre is nearest to its own."""
    return np.minimum(((np.arange(want) + 0.5) * (have / want)).astype(np.intp), have - 1)
