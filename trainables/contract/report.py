"""What a trial says while it trains."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mixture:
    """What the train step has consumed so far, counted there from tags that travel with the samples."""

    requested_real_ratio: float
    realised_real_ratio: float
    real_images: int
    """Real images consumed, repeats included."""
    generated_images: dict[str, int]
    """Generated images consumed, repeats included, by source."""
    distinct_real: int | None
    """None where a trainer of somebody's own has not counted them; so are passes where sizes are unknown."""
    distinct_generated: int | None
    real_passes: float | None
    """`real_images` by the size of the real set."""
    generated_passes: float | None
    """Generated images consumed by the number of generated images there are; 0 without any."""

    @classmethod
    def not_counted(cls, requested_real_ratio: float) -> Mixture:
        """Of nothing, as a counter that has counted nothing has it: what was consumed is not known.

        Tables leave such a mixture out, and reports call the share of real images not verified.
        """
        return cls(
            requested_real_ratio=requested_real_ratio,
            realised_real_ratio=0.0,
            real_images=0,
            generated_images={},
            distinct_real=0,
            distinct_generated=0,
            real_passes=0.0,
            generated_passes=0.0,
        )


@dataclass(frozen=True)
class ClassCounts:
    """Pixel counts over the whole validation set by class id, ignored pixels left out."""

    intersection: tuple[int, ...]
    prediction: tuple[int, ...]
    label: tuple[int, ...]


@dataclass(frozen=True)
class TimeSpent:
    """Seconds of the training thread by what it did, over all attempts. Where a GPU computes while Python
    goes on, its work counts where the thread waits for it."""

    training: float
    data: float
    """Waiting for the next batch."""
    validation: float
    checkpointing: float


@dataclass(frozen=True)
class Report:
    """One validation of one trial."""

    iteration: int
    """Optimizer steps done."""
    metrics: dict[str, float]
    """`val_miou`, `val_macc`, `val_aacc` in percent, `train_loss`: mean over the iterations since the last
    report. NaN where undefined."""
    mixture: Mixture
    counts: ClassCounts
    seconds: float
    """Time spent so far on training and validating, over all attempts."""
    spent: TimeSpent | None = None
    """On what; None where that is not known. Adds up to `seconds`."""


@dataclass(frozen=True)
class Progress:
    """A sign of life between reports. Not a validation, never judged."""

    iteration: int
    train_loss: float
    """Mean over the iterations since the last progress."""
    lr: float
    seconds: float
    """As in `Report`."""
