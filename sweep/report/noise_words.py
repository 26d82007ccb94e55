"""The noise at a rung, and what it would take to see through it, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from sweep.curves.noise import Noise, seeds_needed
from sweep.report.cells import number

_POWER = 0.8
_MOST_SEEDS = 1000


def noise_words(noise: Noise) -> Iterator[str]:
    """How much trials differ by their seed alone, and how well that is known."""
    if noise.source == "prior":
        yield (
            f"No arm has two differing seeds at iteration {noise.rung}, so the noise is a prior: sd "
            f"{number(noise.sd)}, as between equal trainings of PSPNet-R50 on BDD10k. Here it may be another."
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


def power_words(sd: float, seeds: int, gaps: dict[float, str]) -> str:
    """How many seeds an arm tell gaps apart. `gaps`: what is said of each, by its size in points.

    `seeds`: those that arms have at least.
    """
    parts = [f"{gap:.2f} ({words})" if words else f"{gap:.2f}" for gap, words in sorted(gaps.items())]
    needed = [_needed(seeds_needed(gap, sd, _POWER), seeds) for gap in sorted(gaps)]
    listed = "; ".join(f"{part}: {need}" for part, need in zip(parts, needed, strict=True))
    return f"Seeds an arm that tell two arms apart at {_POWER:.0%} power, by their gap: {listed}."


def _needed(needed: int, seeds: int) -> str:
    if needed <= seeds:
        return f"{needed}, which are there"
    most = "at least " if needed >= _MOST_SEEDS else ""
    return f"{most}{needed}, {needed - seeds} more"
