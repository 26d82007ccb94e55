"""Images that a trainer says it has consumed, as a mixture; and whether it is the one that was asked for."""

from __future__ import annotations

import math

from trainables.command.rows import Counts
from trainables.contract import ElsewhereSource, Mixture, RealRatioError, SceneSource, Source, TrialConfig

_SDS = 4.0


def mixture_of(config: TrialConfig, counts: Counts | None) -> Mixture:
    """What was consumed, or that nobody has counted."""
    if counts is None or _total(counts) == 0:
        return Mixture.not_counted(config.real_ratio)
    generated = sum(counts.generated.values())
    sizes = [_size(config.data.generated.get(name)) for name in counts.generated]
    known = [size for size in sizes if size is not None]
    return Mixture(
        requested_real_ratio=config.real_ratio,
        realised_real_ratio=counts.real / _total(counts),
        real_images=counts.real,
        generated_images=dict(counts.generated),
        distinct_real=counts.distinct_real,
        distinct_generated=counts.distinct_generated,
        real_passes=_passes(counts.real, _size(config.data.real)),
        generated_passes=_passes(generated, sum(known) if len(known) == len(sizes) else None),
    )


def must_be_as_asked(config: TrialConfig, counts: Counts | None) -> None:
    """Nothing.

    A trainer that draws each image by lot is right on average only: within four standard deviations, and a
    batch, it is. Where all images are to be of one kind, a single other one is a fault.

    Raises:
        RealRatioError: the trainer has consumed another share of real images than it was asked for.
    """
    if counts is None:
        return
    total, share = _total(counts), config.real_ratio
    by_lot = _SDS * math.sqrt(share * (1 - share) * total)
    allowed = config.training.batch_size + by_lot if 0 < share < 1 else 0.0
    if abs(counts.real - share * total) > allowed:
        raise RealRatioError(
            f"real_ratio is {share}, but by iteration {counts.iteration} the trainer says it has consumed "
            f"{counts.real} real images of {total}; {share * total:.1f} were due. It does not train on "
            "what it was asked for"
        )


def _total(counts: Counts) -> int:
    return counts.real + sum(counts.generated.values())


def _passes(images: int, size: int | None) -> float | None:
    if images == 0:
        return 0.0
    return images / size if size else None


def _size(source: Source | None) -> int | None:
    if isinstance(source, SceneSource):
        return source.count
    return source.image_count if isinstance(source, ElsewhereSource) else None
