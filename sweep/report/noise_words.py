"""The noise at a rung, and what it would take to see through it, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sweep.curves.noise import Noise, seeds_needed
from sweep.report.cells import number

_POWER = 0.8
_MOST_SEEDS = 1000


def noise_words(noise: Noise) -> Iterator[str]:
    """How much trials differ by their seed alone, and how well that is known."""
    if noise.source == "prior":
        yield (
            f"No arm has two differing seeds at iteration {noise.rung}, so the noise is a prior: sd "
            f"{number(noise.sd)}, that of {noise.prior}. Here it may be another."
        )
        return
    low, high = map(number, noise.interval)
    freedom = round(noise.degrees_of_freedom)
    yield (
        f"Noise at iteration {noise.rung}: trials that differ in their seed alone have an sd of "
        f"{number(noise.sd)} (95 % interval {low} to {high}, {freedom} degree{'s' * (freedom != 1)} of "
        "freedom)."
    )
    if noise.by_arm and noise.p_equal is not None:
        arms = ", ".join(f"{arm} {number(sd)}" for arm, sd in noise.by_arm.items())
        yield f"Arms differ in it (p = {noise.p_equal:.2g}), and their own sds are used: {arms}."


def power_words(sd: float, seeds: int, gaps: Mapping[float, str]) -> str:
    """How many seeds an arm tell gaps in points apart. `gaps`: what each is, empty if that is plain.

    `sd` in points; `seeds`: those that arms have already.
    """
    parts = (_power_part(gap, gaps[gap], seeds_needed(gap, sd, _POWER), seeds) for gap in sorted(gaps))
    have = "one seed" if seeds == 1 else f"at most {seeds} seeds"
    return f"Arms have {have} here. To tell two of them apart in 4 of 5 cases, {', '.join(parts)}."


def _power_part(gap: float, words: str, needed: int, seeds: int) -> str:
    what = f"{number(gap)} ({words})" if words else number(gap)
    count = f"{_MOST_SEEDS} or more" if needed >= _MOST_SEEDS else str(needed)
    more = f" ({needed - seeds} more)" if seeds < needed < _MOST_SEEDS else ""
    return f"a gap of {what} takes {count}{more}"
