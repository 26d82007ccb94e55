"""mmsegmentation's PhotoMetricDistortion in whole numbers: the same bits in any process and on any device.

Planes of int16 instead of HSV in floating point: a tenth of the time of torchvision's. Hue and saturation are
those of HSV, and turning the hue is piecewise linear in red, green and blue, so no division is needed for
it. Factors go in steps of 1/64, the hue in steps of 0.5 degrees; OpenCV's hue goes in steps of 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from numpy.random import Generator
from torch import Tensor

_BRIGHTNESS = 32  # of 255, added
_BITS_OF_ONE = 6
_ONE = 1 << _BITS_OF_ONE  # what a factor of 1 is
_FACTOR = (_ONE // 2, _ONE + _ONE // 2)  # of contrast and saturation: 0.5 to 1.5
_BITS_OF_SIXTH = 7
_SIXTH = 1 << _BITS_OF_SIXTH  # what a sixth of the colour circle is
_HUE = 77  # 0.1 of the circle; OpenCV's 18 of 180
_SIGN = 15  # the bit of an int16 that, shifted in, makes -1 of what is negative and 0 of all else

_PIXELS_AT_ONCE = 1 << 15  # planes of so many stay in the second cache


class Distortion(NamedTuple):
    """What is done to one image, in this order. The defaults do nothing."""

    brightness: int = 0
    """Added, -32 to 32."""
    contrast_before: int = _ONE
    """64ths, 32 to 96; before saturation and hue, or else after them."""
    saturation: int = _ONE
    """64ths, 32 to 96; what is then above 1 is 1."""
    hue: int = 0
    """Turned by 128ths of a sixth of the circle, -77 to 77."""
    contrast_after: int = _ONE


def drawn_distortion(rng: Generator) -> Distortion:
    """Each change with probability 1/2, contrast first or last."""
    changes = rng.random(4) < 0.5
    contrast_is_first = rng.random() < 0.5
    brightness = int(rng.integers(-_BRIGHTNESS, _BRIGHTNESS, endpoint=True))
    contrast, saturation = (int(factor) for factor in rng.integers(*_FACTOR, size=2, endpoint=True))
    hue = int(rng.integers(-_HUE, _HUE, endpoint=True))
    contrast = contrast if changes[1] else _ONE
    return Distortion(
        brightness=brightness if changes[0] else 0,
        contrast_before=contrast if contrast_is_first else _ONE,
        saturation=saturation if changes[2] else _ONE,
        hue=hue if changes[3] else 0,
        contrast_after=_ONE if contrast_is_first else contrast,
    )


def distort_(image_HWC: Tensor, distortion: Distortion) -> None:
    """Changes one uint8 image of shape (H, W, 3) in place."""
    if distortion == Distortion():
        return
    for rows_HWC in torch.split(image_HWC, max(1, _PIXELS_AT_ONCE // image_HWC.shape[1])):
        rgb = _distorted(rows_HWC.permute(2, 0, 1).contiguous().to(torch.int16), distortion)
        torch.stack(rgb.to(torch.uint8).unbind(), dim=-1, out=rows_HWC)


def distorted_batch(images_NCHW: Tensor, distortions_N5: Tensor) -> Tensor:
    """uint8 images of shape (N, 3, H, W), each changed by its Distortion, on the device where they are."""
    by_image = distortions_N5.to(torch.int16).T[:, :, None, None]  # (5, N, 1, 1)
    rgb = _distorted(images_NCHW.transpose(0, 1).contiguous().to(torch.int16), by_image.unbind())
    return torch.stack(rgb.to(torch.uint8).unbind(), dim=-1).permute(0, 3, 1, 2)


def _distorted(rgb: Tensor, how: Sequence[int | Tensor]) -> Tensor:
    """Of int16 planes (3, ..., H, W), which are changed as well.

    `how`: a Distortion, or its parts as tensors (N, 1, 1) for planes (3, N, H, W): all are carried out.
    """
    brightness, contrast_before, saturation, hue, contrast_after = how
    if _acts(brightness, 0):
        rgb.add_(brightness).clamp_(0, 255)
    if _acts(contrast_before, _ONE):
        _multiply_(rgb, contrast_before)
    if _acts(saturation, _ONE) or _acts(hue, 0):
        rgb = _coloured(rgb, saturation, hue)
    if _acts(contrast_after, _ONE):
        _multiply_(rgb, contrast_after)
    return rgb


def _acts(value: int | Tensor, neutral: int) -> bool:
    return isinstance(value, Tensor) or value != neutral


def _multiply_(planes: Tensor, factor: int | Tensor) -> Tensor:
    """Rounded; 255 at most. 255 * 96 is within 16 bits."""
    return planes.mul_(factor).add_(_ONE // 2).bitwise_right_shift_(_BITS_OF_ONE).clamp_(max=255)


def _coloured(rgb: Tensor, saturation: int | Tensor, hue: int | Tensor) -> Tensor:
    """HSV with S multiplied and H turned; V stays.

    With C = max - min, a channel of HSV is V - C * g(k), g(k) = clamp(min(k, 4 - k), 0, 1), k = n + H in
    sixths of the circle, n = 5, 3, 1 for red, green, blue (https://en.wikipedia.org/wiki/HSL_and_HSV, "HSV to
    RGB alternative"). C times all of it is linear between the kinks, so that H itself is never needed.
    """
    red, green, blue = rgb
    value = torch.maximum(torch.maximum(red, green), blue)
    chroma = value - torch.minimum(torch.minimum(red, green), blue)
    turned = _chroma_times_hue(red, green, blue, chroma)
    if _acts(hue, 0):
        turned.add_((chroma * hue).add_(_SIXTH // 2).bitwise_right_shift_(_BITS_OF_SIXTH))
    below = _below_value_(turned, chroma, rgb)
    if _acts(saturation, _ONE):
        below = _saturated(below, value, chroma, saturation)
    return torch.sub(value, below, out=below)


def _chroma_times_hue(red: Tensor, green: Tensor, blue: Tensor, chroma: Tensor) -> Tensor:
    """C * H with H in sixths of the circle, 0 to 6.

    Red is the largest: H = (g - b) / C, one turn more below 0. Green: 2 + (b - r) / C. Blue: 4 + (r - g) / C.
    Chosen by masks of bits, -1 for true: `torch.where` takes fifty times as long.
    """
    ahead = green - blue
    blue_leads = ahead.bitwise_right_shift(_SIGN)
    not_red = (red - torch.maximum(green, blue)).bitwise_right_shift_(_SIGN)
    from_red = ahead.add_((6 * chroma).bitwise_and_(blue_leads))
    others = torch.minimum(green, blue).sub_(red).bitwise_xor_(blue_leads).sub_(blue_leads)  # negated by mask
    twice = 2 * chroma
    others.add_(twice).add_(twice.bitwise_and_(blue_leads))
    return others.bitwise_xor_(from_red).bitwise_and_(not_red).bitwise_xor_(from_red)


def _below_value_(turned: Tensor, chroma: Tensor, rgb_out: Tensor) -> Tensor:
    """C * g(k) by channel: by how much each lies below V. g has the period 6, and k < 12."""
    k_minus_2 = rgb_out
    for plane, n in zip(k_minus_2, (5, 3, 1), strict=True):
        torch.add(turned, chroma, alpha=n - 2, out=plane)
    a_turn_later = (k_minus_2 - 6 * chroma).abs_()
    distance = torch.minimum(k_minus_2.abs_(), a_turn_later, out=a_turn_later)
    below = torch.sub(2 * chroma, distance, out=distance).clamp_(min=0)
    return torch.minimum(below, chroma, out=below)


def _saturated(below: Tensor, value: Tensor, chroma: Tensor, factor: int | Tensor) -> Tensor:
    """S = C / V becomes S * factor, 1 at most: distances from V are scaled by min(factor, V / C)."""
    if not isinstance(factor, Tensor) and factor <= _ONE:  # the cap cannot matter
        return _multiply_(below, factor)
    scale = value.float().div_(chroma.clamp(min=1).float())
    limit = torch.as_tensor(factor, device=scale.device).float() / _ONE
    scale = torch.minimum(scale, limit, out=scale)
    return below.float().mul_(scale).add_(0.5).to(torch.int16)
