"""Some of the images of a source."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from trainables.data.samples import Samples


class Subset:
    """The images of `samples` at some indices, in their order; names and faults are those of the source."""

    def __init__(self, samples: Samples, indices: Sequence[int]) -> None:
        self._samples = samples
        self._indices = indices

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self._samples[self._indices[index]]

    def name(self, index: int) -> str:
        """Of the image in its source."""
        return self._samples.name(self._indices[index])
