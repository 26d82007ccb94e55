"""mmsegmentation's training pipeline: random resize, crop, flip, photometric distortion; then normalising.

What differs from mmsegmentation 1.2:

- The resize factor applies to the image's own size; there it applies to a size given in the config.
- The label is resized to the nearest pixel *centre*; OpenCV takes the nearest corner, half a pixel off.
- Photometric distortion stays in floating point until its end; there each step rounds to 8 bits and hue
  goes in steps of 2 degrees.
- Padding is the mean colour before normalising; there it is 0 after normalising. They agree to 0.01.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torch.nn.functional import pad
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as F  # noqa: N812 - the usual name

from trainables.contract import AugmentationConfig

MEAN = (123.675, 116.28, 103.53)
"""Of ImageNet, red, green, blue, 0 to 255; mmsegmentation's `data_preprocessor.mean`."""
STD = (58.395, 57.12, 57.375)

_CROP_TRIES = 10
_BRIGHTNESS = 32.0  # of 255, added
_CONTRAST = _SATURATION = (0.5, 1.5)  # factor
_HUE = 0.1  # of the colour circle; OpenCV's 18 of 180


def normalise(image_NCHW: Tensor) -> Tensor:
    """Images as the network takes them: uint8 RGB to float32 with ImageNet's mean and deviation.

    Takes (N, 3, H, W) or (3, H, W) on any device. Validation images need nothing else.
    """
    mean, std = (torch.tensor(values, device=image_NCHW.device).view(3, 1, 1) for values in (MEAN, STD))
    return (image_NCHW - mean) / std


class TrainTransform:
    """Makes a training sample of an image and its label, both crop_size large.

    In this order: resize by a factor from `resize_range` (bilinear; the label nearest), random crop, flip,
    photometric distortion, padding at right and bottom where the image is smaller than the crop (the label
    with `ignore_index`).

    Every random draw comes from the `seed` of the call: the sample is the same in whichever process it is
    made, and no global random state is read or changed.

    Args:
        augmentation: how strongly.
        crop_size: height and width in pixels.
        ignore_index: label of pixels that do not train.
    """

    def __init__(
        self, augmentation: AugmentationConfig, crop_size: tuple[int, int], ignore_index: int
    ) -> None:
        self.augmentation = augmentation
        self.crop_size = crop_size
        self.ignore_index = ignore_index

    def __call__(self, image_CHW: Tensor, label_HW: Tensor, seed: int) -> tuple[Tensor, Tensor]:
        """Image (3, h, w) and label (h, w), uint8, to (3, *crop_size) and crop_size, uint8; `seed` >= 0."""
        rng = np.random.default_rng(seed)
        image, label = _resized(image_CHW, label_HW, rng.uniform(*self.augmentation.resize_range))
        window = self._window(label, rng)
        image, label = image[:, *window], label[window]
        if rng.random() < self.augmentation.flip:
            image, label = image.flip(-1), label.flip(-1)
        if self.augmentation.photometric:
            image = _distorted(image, rng)
        return self._padded(image, label)

    def _window(self, label_HW: Tensor, rng: Generator) -> tuple[slice, slice]:
        """A random crop, drawn again while one class covers too much of it, or all."""
        for _ in range(_CROP_TRIES):
            window = _random_window(label_HW, self.crop_size, rng)
            if self._is_varied(label_HW[window]):
                break
        return window

    def _is_varied(self, label_HW: Tensor) -> bool:
        if self.augmentation.category_max_ratio == 1:
            return True
        pixels = torch.bincount(label_HW.flatten(), minlength=256)
        pixels[self.ignore_index] = 0
        largest, total = int(pixels.max()), int(pixels.sum())
        return largest < total and largest < self.augmentation.category_max_ratio * total

    def _padded(self, image_CHW: Tensor, label_HW: Tensor) -> tuple[Tensor, Tensor]:
        height, width = label_HW.shape
        below, right = self.crop_size[0] - height, self.crop_size[1] - width
        if below == 0 and right == 0:
            return image_CHW.contiguous(), label_HW.contiguous()
        mean_colour = torch.tensor(MEAN).round().to(torch.uint8).view(3, 1, 1)
        image = mean_colour.repeat(1, *self.crop_size)
        image[:, :height, :width] = image_CHW
        return image, pad(label_HW, (0, right, 0, below), value=self.ignore_index)


def _resized(image_CHW: Tensor, label_HW: Tensor, factor: float) -> tuple[Tensor, Tensor]:
    size = [max(1, round(length * factor)) for length in label_HW.shape]
    if size == list(label_HW.shape):
        return image_CHW, label_HW
    image = F.resize(image_CHW, size, InterpolationMode.BILINEAR, antialias=False)
    return image, F.resize(label_HW[None], size, InterpolationMode.NEAREST_EXACT)[0]


def _random_window(label_HW: Tensor, size: tuple[int, int], rng: Generator) -> tuple[slice, slice]:
    """Rows and columns of a crop; all of them where there are fewer than the crop has."""
    starts = [int(rng.integers(max(have - want, 0) + 1)) for have, want in zip(label_HW.shape, size)]
    rows, columns = (slice(start, start + length) for start, length in zip(starts, size))
    return rows, columns


def _distorted(image_CHW: Tensor, rng: Generator) -> Tensor:
    """mmsegmentation's PhotoMetricDistortion: each change with probability 1/2, contrast first or last."""
    image = image_CHW.float()
    change = rng.random(4) < 0.5
    contrast_first = rng.random() < 0.5
    contrast = rng.uniform(*_CONTRAST) if change[1] else 1.0
    if change[0]:
        image = (image + rng.uniform(-_BRIGHTNESS, _BRIGHTNESS)).clamp_(0, 255)
    if contrast_first:
        image = (image * contrast).clamp_(0, 255)
    if change[2]:
        image = _saturated(image, rng.uniform(*_SATURATION))
    if change[3]:
        image = F.adjust_hue(image / 255, rng.uniform(-_HUE, _HUE)) * 255
    if not contrast_first:
        image = (image * contrast).clamp_(0, 255)
    return image.round().to(torch.uint8)


def _saturated(image_CHW: Tensor, factor: float) -> Tensor:
    """The S of HSV multiplied by `factor` and capped at 1; H and V stay.

    S = (V - min) / V with V = max, so the distance of each channel from V is what is scaled.
    """
    value = image_CHW.amax(0, keepdim=True)
    darkest = image_CHW.amin(0, keepdim=True)
    at_most = value / (value - darkest).clamp_min(1e-6)
    return value - (value - image_CHW) * at_most.clamp_max(factor)
