"""What a training stream is mixed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from trainables.contract import TrialError

REAL = "real"
"""Name of the real source in every tag; generated sources go by their own names."""


@dataclass(frozen=True)
class Recipe:
    """A share of real images, the sources with their sizes, and a seed.

    Raises:
        TrialError: the recipe cannot be mixed, such as a share of generated images without any.
    """

    real_ratio: float
    """Share of real images in the stream, 0..1."""
    sizes: Mapping[str, int]
    """Number of images by source: `REAL`, and every generated source of `weights`. A source that the share
    leaves out may be missing."""
    weights: Mapping[str, float]
    """Share of each generated source in the generated part, before normalising."""
    batch_size: int
    """Images in a batch, over all ranks."""
    seed: int

    def __post_init__(self) -> None:
        faults = [*self._faults_of_numbers(), *self._faults_of_sources()]
        if faults:
            raise TrialError("\n".join(faults))

    @property
    def exact_real_ratio(self) -> Fraction:
        """`real_ratio` as the decimal that the user wrote: 0.05 is 1/20."""
        return Fraction(repr(float(self.real_ratio)))

    @property
    def generated_shares(self) -> dict[str, Fraction]:
        """Share of each source in the generated part by name, in the order of names; they sum up to 1."""
        exact = {name: Fraction(repr(float(self.weights[name]))) for name in sorted(self.weights)}
        total = sum(exact.values())
        return {name: weight / total for name, weight in exact.items()}

    @property
    def names(self) -> tuple[str, ...]:
        """All sources, the real one first, then in the order of names."""
        return (REAL, *sorted(self.weights))

    def size(self, name: str) -> int:
        """Number of images of a source; 0 if the share leaves it out."""
        return self.sizes.get(name, 0)

    def _faults_of_numbers(self) -> list[str]:
        faults = []
        if not 0 <= self.real_ratio <= 1:
            faults.append(f"real_ratio is {self.real_ratio}; it must be between 0 and 1")
        if self.batch_size < 1:
            faults.append(f"training.batch_size is {self.batch_size}; it must be at least 1")
        for name, weight in sorted(self.weights.items()):
            if not 0 < weight < float("inf"):
                faults.append(f"data.weights.{name} is {weight}; it must be greater than 0")
        return faults

    def _faults_of_sources(self) -> list[str]:
        faults = []
        if REAL in self.weights:
            faults.append(f"data.generated.{REAL}: {REAL!r} means data.real; give the source another name")
        if self.real_ratio > 0 and self.size(REAL) == 0:
            faults.append(
                f"real_ratio is {self.real_ratio}, but data.real has no images; it needs some, or 0"
            )
        if self.real_ratio < 1 and not self.weights:
            faults.append(
                f"real_ratio is {self.real_ratio}, but data.generated is empty; name a source, or use 1"
            )
        if self.real_ratio < 1:
            empty = [name for name in sorted(self.weights) if self.size(name) == 0]
            faults += [
                f"real_ratio is {self.real_ratio}, but data.generated.{name} is empty" for name in empty
            ]
        return faults
