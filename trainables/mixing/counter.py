"""Counts what the train step consumes. Plans are not asked: only the tags that came with the images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from trainables.contract import Mixture, RealRatioError, TrialError
from trainables.mixing.recipe import REAL, Recipe
from trainables.mixing.stream import Position


class MixtureCounter:
    """Images consumed so far, in all and distinct ones, by source.

    Its state is what a restart goes on from, so that nothing that was loaded but not trained on is lost. With
    several data-parallel ranks, give it the tags of all ranks: shares hold for the global batch.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._batches = 0
        self._consumed = dict.fromkeys(recipe.names, 0)
        self._seen = {name: torch.zeros(recipe.size(name), dtype=torch.bool) for name in recipe.names}

    def count(self, sources: Sequence[str], indices: Sequence[int]) -> None:
        """One batch that the train step consumed.

        Args:
            sources: source of each image.
            indices: index of each image in its source.

        Raises:
            RealRatioError: a tag names no image of the recipe.
        """
        for source, index in zip(sources, indices, strict=True):
            size = self._recipe.size(source)
            if not 0 <= index < size:
                raise RealRatioError(
                    f"the train step got image {index} of {source!r}, which has {size} images to draw from; "
                    "the loader does not deliver what was drawn"
                )
            self._consumed[source] += 1
            self._seen[source][index] = True
        self._batches += 1

    def check(self) -> None:
        """Raises RealRatioError if the real images consumed are off the share asked for by more than one."""
        total, real = sum(self._consumed.values()), self._consumed[REAL]
        wanted = self._recipe.exact_real_ratio * total
        if abs(real - wanted) > 1:
            raise RealRatioError(
                f"real_ratio is {self._recipe.real_ratio}, but by iteration {self._batches} the train step "
                f"has consumed {real} real images of {total}; {float(wanted):.1f} were due. "
                "The loader does not deliver what was drawn"
            )

    def mixture(self) -> Mixture:
        """What was consumed so far. Shares and passes of nothing are 0."""
        generated = {name: count for name, count in self._consumed.items() if name != REAL}
        real, drawn = self._consumed[REAL], sum(generated.values())
        distinct = {name: int(seen.sum()) for name, seen in self._seen.items()}
        return Mixture(
            requested_real_ratio=self._recipe.real_ratio,
            realised_real_ratio=real / max(real + drawn, 1),
            real_images=real,
            generated_images=generated,
            distinct_real=distinct[REAL],
            distinct_generated=sum(distinct[name] for name in generated),
            real_passes=real / max(self._recipe.size(REAL), 1),
            generated_passes=drawn / max(sum(self._recipe.size(name) for name in generated), 1),
        )

    @property
    def position(self) -> Position:
        """Where a stream goes on behind what was consumed."""
        return Position(self._batches, dict(self._consumed))

    def state_dict(self) -> dict[str, Any]:
        """The state, of plain numbers and tensors."""
        return {"batches": self._batches, "consumed": dict(self._consumed), "seen": self._seen}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from a state.

        Raises:
            TrialError: a source has another number of images than when the state was saved.
        """
        sizes = {name: len(seen) for name, seen in state["seen"].items()}
        changed = [
            f"{name!r} had {sizes.get(name, 0)} images when the checkpoint was written, {len(seen)} now"
            for name, seen in self._seen.items()
            if sizes.get(name, 0) != len(seen)
        ]
        if changed:
            raise TrialError("the data have changed: " + "; ".join(changed))
        self._batches = state["batches"]
        self._consumed = dict(state["consumed"])
        self._seen = {name: seen.clone() for name, seen in state["seen"].items()}
