"""The draws of every batch: what the loader opens, in the order in which the train step gets it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from trainables.contract import TrialError
from trainables.mixing.order import augmentation_seeds, image_at, slot_order
from trainables.mixing.recipe import REAL, Recipe
from trainables.mixing.shares import next_generated, real_images_in


@dataclass(frozen=True)
class Draw:
    """One image of a batch."""

    source: str
    """`REAL`, or the name of a generated source."""
    index: int
    """Of the image in its source, from 0."""
    seed: int
    """Of its augmentation, 0 .. 2**63 - 1; differs each time the image is drawn."""


@dataclass(frozen=True)
class Position:
    """How far a stream has come. All that a restart needs."""

    batch: int = 0
    """Batches taken."""
    drawn: Mapping[str, int] = field(default_factory=dict)
    """Images taken from each source, over all ranks; a source without any may be missing."""


class MixedStream:
    """The same global stream for every rank; a rank gets its slice of each batch.

    Args:
        recipe: what is mixed; `recipe.batch_size` counts the images of all ranks.
        rank: of this process, 0 .. world_size - 1.
        world_size: data-parallel processes, at most `recipe.batch_size`.
    """

    def __init__(self, recipe: Recipe, rank: int = 0, world_size: int = 1) -> None:
        if not 1 <= world_size <= recipe.batch_size:
            raise TrialError(
                f"training.batch_size is {recipe.batch_size}; it counts the images of all {world_size} "
                "data-parallel workers, so it must be at least their number"
            )
        if not 0 <= rank < world_size:
            raise TrialError(f"rank is {rank}; it must be between 0 and {world_size - 1}")
        self.recipe = recipe
        self._exact_real_ratio = recipe.exact_real_ratio
        self._generated_shares = recipe.generated_shares
        self._slice = slice(
            rank * recipe.batch_size // world_size, (rank + 1) * recipe.batch_size // world_size
        )

    def batches(self, start: Position, stop: int) -> Iterator[list[Draw]]:
        """This rank's draws of the batches `start.batch` .. `stop` - 1."""
        drawn = {name: start.drawn.get(name, 0) for name in self.recipe.names}
        for batch in range(start.batch, stop):
            yield self._global_batch(batch, drawn)[self._slice]

    def _global_batch(self, batch: int, drawn: dict[str, int]) -> list[Draw]:
        """All draws of a batch; `drawn` is counted up."""
        size, seed = self.recipe.batch_size, self.recipe.seed
        images = [(name, self._next_image(name, drawn)) for name in self._sources_of(batch, drawn)]
        shuffled = [images[slot] for slot in slot_order(batch, size, seed)]
        seeds = augmentation_seeds(batch, size, seed)
        return [Draw(name, index, slot_seed) for (name, index), slot_seed in zip(shuffled, seeds)]

    def _sources_of(self, batch: int, drawn: Mapping[str, int]) -> Iterator[str]:
        """Source of every image of a batch, unshuffled; reads `drawn`, which is counted up meanwhile."""
        real = real_images_in(batch, self.recipe.batch_size, self._exact_real_ratio)
        for _ in range(real):
            yield REAL
        for _ in range(self.recipe.batch_size - real):
            yield next_generated(drawn, self._generated_shares)

    def _next_image(self, name: str, drawn: dict[str, int]) -> int:
        index = image_at(drawn[name], self.recipe.size(name), self.recipe.seed, name)
        drawn[name] += 1
        return index
