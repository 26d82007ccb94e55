"""What every source of images looks like to the rest of the package."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor


class Samples(Protocol):
    """Images with labels, by index. Reading one draws no random number and changes nothing."""

    def __len__(self) -> int:
        """Number of images, at least 1."""
        ...

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Image, uint8 of shape (3, H, W), RGB; label, uint8 of shape (H, W): class ids or the ignore index.

        Raises:
            DataError: the image or its label cannot be read or used; the message names the file.
        """
        ...

    def name(self, index: int) -> str:
        """What tells this image from all others: its path, or `scene real/seed 0/#12`."""
        ...
