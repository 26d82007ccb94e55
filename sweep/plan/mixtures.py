"""What an asked-for share of real images means in batches, images and passes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from sweep.plan.trials import PlannedTrial, planned_trials, trial_config
from sweep.spec import Spec
from sweep.spec.source_size import number_of_images
from trainables.contract import TrialConfig
from trainables.contract.fixed_set import set_sizes
from trainables.contract.training import FIXED_TOTAL_SET

_LONGEST_PATTERN = 1000  # batches after which a pattern is better said in percent


@dataclass(frozen=True)
class MixtureRow:
    """A mixture of a full trial."""

    real_ratio: float
    batch_size: int
    generated: tuple[str, ...]
    """Sources of the generated images, or the control that stands in for them; empty where all are real."""
    batch_pattern: str
    """`0-1 of 8 real, 1 in 2 of 5 batches`."""
    real_images: int
    """Consumed over the whole training, repeats included."""
    generated_images: int
    real_passes: float | None
    """`real_images` by the size of the real set; None if the set is not there."""
    generated_passes: float | None
    """Likewise, all sources together; 0 without any."""


def mixtures(spec: Spec, trials: Iterable[PlannedTrial] | None = None) -> list[MixtureRow]:
    """The different mixtures of the trials, the smallest share of real images first.

    Without `trials`, those that the spec plans.
    """
    planned = planned_trials(spec) if trials is None else trials
    rows = {_row(trial_config(spec, trial)) for trial in planned}
    return sorted(rows, key=lambda row: (row.real_ratio, row.batch_size, row.generated))


def batch_pattern(real_ratio: float, batch_size: int) -> str:
    """How many images of a batch are real, and how often it is one more."""
    per_batch = _exact(real_ratio) * batch_size
    low, share = floor(per_batch), per_batch - floor(per_batch)
    if not share:
        return f"{low} of {batch_size} real"
    often = f"{share.numerator} of {share.denominator}"
    if share.denominator > _LONGEST_PATTERN:
        often = f"{float(share):.1%} of"
    return f"{low}-{low + 1} of {batch_size} real, {low + 1} in {often} batches"


def _row(config: TrialConfig) -> MixtureRow:
    batch_size = config.training.batch_size
    images = config.training.iterations * batch_size
    real = floor(images * _exact(config.real_ratio) + Fraction(1, 2))
    generated = tuple(config.generated_weights()) if real < images else ()
    real_size, generated_sizes = _sizes(config, generated)
    known = [size for size in generated_sizes if size is not None]
    return MixtureRow(
        real_ratio=config.real_ratio,
        batch_size=batch_size,
        generated=generated,
        batch_pattern=batch_pattern(config.real_ratio, batch_size),
        real_images=real,
        generated_images=images - real,
        real_passes=_passes(real, real_size),
        generated_passes=_passes(images - real, sum(known) if len(known) == len(generated) else None),
    )


def _sizes(config: TrialConfig, generated: tuple[str, ...]) -> tuple[int | None, list[int | None]]:
    """Images that are drawn from, real ones and by generated source; None of those that are not there."""
    data = config.data
    total = number_of_images(data, data.real)
    if config.training.fairness == FIXED_TOTAL_SET and total is not None:
        real, parts = set_sizes(config.real_ratio, total, config.generated_weights())
        return real, [parts[name] for name in generated]
    sources = (data.generated[name] if config.control is None else data.real for name in generated)
    return total, [number_of_images(data, source) for source in sources]


def _passes(images: int, size: int | None) -> float | None:
    if images == 0:
        return 0.0
    return images / size if size else None


def _exact(real_ratio: float) -> Fraction:
    """0.05 is 1/20, not the nearest binary fraction."""
    return Fraction(repr(real_ratio))
