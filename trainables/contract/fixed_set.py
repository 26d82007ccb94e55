"""How a set of a fixed size is made up of real and generated images. Numbers alone; whole ones, exactly."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import floor


def set_fault(real_ratio: float, total: int, name: str, part: int, size: int) -> str | None:
    """Why a source of `size` images cannot give its part of the set; None if it can."""
    if 0 < part <= size:
        return None
    mend = "leave that real_ratio out" if part == 0 else "make more, or take equal_iterations"
    has = f"the set of {total} images has {part} of {name}, which has {size}"
    return f"at real_ratio {real_ratio:g} {has}; {mend}"


def set_sizes(real_ratio: float, total: int, weights: Mapping[str, float]) -> tuple[int, dict[str, int]]:
    """Real images, and generated ones by source, of a set of `total` images; they sum up to it.

    The share of real images is the nearest that whole images allow; the rest is shared over the sources by
    largest remainders (Hamilton's method), ties by name.

    Args:
        real_ratio: 0..1, read as the decimal that the user wrote.
        total: images in all.
        weights: share of each generated source in the generated part, before normalising.
    """
    real = floor(total * Fraction(repr(float(real_ratio))) + Fraction(1, 2))
    rest, whole = total - real, sum(Fraction(repr(float(weight))) for weight in weights.values())
    due = {name: rest * Fraction(repr(float(weight))) / whole for name, weight in sorted(weights.items())}
    sizes = {name: floor(share) for name, share in due.items()}
    by_remainder = sorted(due, key=lambda name: (sizes[name] - due[name], name))
    for name in by_remainder[: rest - sum(sizes.values()) if due else 0]:
        sizes[name] += 1
    return real, sizes
