"""What every network returns."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor
from torch.nn import functional


class Logits(NamedTuple):
    """Class scores before softmax, of shape (N, K, H, W) for images of (N, 3, H, W)."""

    main: Tensor
    auxiliary: Tensor | None = None
    """Of the auxiliary head while training; None in evaluation, or where the network has none."""


def resized_to(x_NCHW: Tensor, size: tuple[int, int]) -> Tensor:
    """`x_NCHW` at another height and width; bilinear, corners not aligned, as all over mmsegmentation."""
    return functional.interpolate(x_NCHW, size=size, mode="bilinear", align_corners=False)
