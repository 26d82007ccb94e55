"""The mixed stream for other trainers: samples that know their source, and batches drawn from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from torch import distributed
from torch.utils.data import ConcatDataset, Dataset, Sampler

from trainables.mixing.recipe import REAL, Recipe
from trainables.mixing.stream import MixedStream, Position

_ENDLESS = 2**62


@dataclass(frozen=True)
class Tagged:
    """A sample and where it comes from: what is counted where it is consumed."""

    sample: Any
    source: str
    """`REAL`, or the name of a generated source."""
    index: int
    """In its source."""


class MixedDataset(ConcatDataset[Tagged]):
    """The real data set, then the generated ones in the order of their names."""

    def __init__(self, real: Dataset[Any], generated: Mapping[str, Dataset[Any]]) -> None:
        self.by_name = {REAL: real, **{name: generated[name] for name in sorted(generated)}}
        super().__init__(self.by_name.values())

    def __getitem__(self, index: int) -> Tagged:
        """The sample at `index` of all; an index that is not there raises IndexError."""
        first = [0, *self.cumulative_sizes]
        number = next(number for number, end in enumerate(self.cumulative_sizes) if index < end)
        within = index - first[number]
        return Tagged(self.datasets[number][within], list(self.by_name)[number], within)


class MixedBatchSampler(Sampler[list[int]]):
    """Endless batches of indices into a MixedDataset, at exactly the share asked for in the long run.

    Args:
        dataset: what the indices are of.
        batch_size: images in a batch of this process; all processes of `torch.distributed` share one stream.
        real_ratio: share of real images, 0..1.
        seed: of the stream.
        weights: share of each generated source in the generated part, before normalising. Default: 1 each.
        start: what was consumed already, where the trainer does not draw it once more.

    Raises:
        TrialError: the shares cannot be mixed, such as one of generated images without any.
    """

    def __init__(
        self,
        dataset: MixedDataset,
        batch_size: int,
        real_ratio: float,
        seed: int = 0,
        weights: Mapping[str, float] | None = None,
        start: Position | None = None,
    ) -> None:
        sizes = {name: len(own) for name, own in dataset.by_name.items()}  # type: ignore[arg-type]
        rank, processes = _place()
        generated = {name: 1.0 for name in sizes if name != REAL}
        self.recipe = Recipe(real_ratio, sizes, weights or generated, batch_size * processes, seed)
        self._stream = MixedStream(self.recipe, rank, processes)
        self._start = start or Position()
        self._first = dict(zip(sizes, accumulate(sizes.values(), initial=0), strict=False))

    def __len__(self) -> int:
        """Batches in which as many images are drawn as there are: trainers want to call that an epoch."""
        return -(-sum(self.recipe.sizes.values()) // self.recipe.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        """From the start, without an end."""
        for draws in self._stream.batches(self._start, _ENDLESS):
            yield [self._first[draw.source] + draw.index for draw in draws]


def _place() -> tuple[int, int]:
    """Rank of this process, and how many there are."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1
