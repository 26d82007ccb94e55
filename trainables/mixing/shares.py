"""How many images of each source come next. Exact arithmetic; no randomness, no rounding."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import floor

PHASE = Fraction(1, 2)
"""Makes the running total of real images the integer nearest to the exact one."""


def real_images_before(batch: int, batch_size: int, real_ratio: Fraction) -> int:
    """Real images in the batches 0 .. `batch` - 1: `floor(batch * batch_size * real_ratio + PHASE)`."""
    return floor(batch * batch_size * real_ratio + PHASE)


def real_images_in(batch: int, batch_size: int, real_ratio: Fraction) -> int:
    """Real images in batch number `batch`, counted from 0; from 0 to `batch_size`."""
    return real_images_before(batch + 1, batch_size, real_ratio) - real_images_before(
        batch, batch_size, real_ratio
    )


def next_generated(drawn: Mapping[str, int], shares: Mapping[str, Fraction]) -> str:
    """The source of the next generated image, so that every source stays close to its share.

    If every image so far was chosen by this rule, `drawn[name]` after n images differs from
    `shares[name] * n` by at most 1 - 1 / (2m - 2) with m > 1 sources: never by one. Among the sources that
    have fallen far enough behind, the one that would be overdue first is taken; the name decides a tie.

    Args:
        drawn: images drawn from each source so far.
        shares: exact share of each source; positive, summing up to 1.

    R. Tijdeman, "The chairman assignment problem", Discrete Mathematics 32 (1980), 323-330.
    """
    if len(shares) == 1:
        return next(iter(shares))
    tolerance = Fraction(1, 2 * len(shares) - 2)
    number = sum(drawn[name] for name in shares) + 1
    behind = {name: share * number - drawn[name] for name, share in shares.items()}
    eligible = [name for name in shares if behind[name] >= tolerance]
    return min(eligible, key=lambda name: ((1 - tolerance - behind[name]) / shares[name], name))
