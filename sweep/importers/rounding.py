"""What a share of real images became where a trainer cut it to whole images of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from sweep.enumeration import enumerated
from sweep.importers.found import FoundRun
from sweep.spec.space import REAL_RATIO, identity

Rule = Literal["int", "max1", "round", "exact"]
"""`int`: `int(batch_size * real_ratio)` of every batch are real. `max1`: that, but at least one. `round`: the
nearest whole number, halves to the even one. `exact`: as asked for, in the long run."""


def real_images(real_ratio: float, batch_size: int, rule: Rule) -> float:
    """How many images of a batch were real; with `exact` on average.

    The product is computed in floats, as such a trainer did: `int(100 * 0.29)` is 28.
    """
    product = batch_size * real_ratio
    match rule:
        case "int":
            return int(product)
        case "max1":
            return max(1, int(product))
        case "round":
            return round(product)
        case "exact":
            return product


def trained_ratio(real_ratio: float, batch_size: int, rule: Rule) -> float:
    """The share of real images that was really trained."""
    if rule == "exact":
        return real_ratio
    return real_images(real_ratio, batch_size, rule) / batch_size


def as_trained(
    runs: Sequence[FoundRun], batch_size: int, rule: Rule
) -> tuple[tuple[FoundRun, ...], tuple[str, ...]]:
    """The runs at the real_ratio that they were really trained at, and notes on those that became one arm.

    Where two runs of an arm would then have one seed, they lose it: they are repeats, and get seeds anew.
    """
    changed = tuple(_as_trained(run, batch_size, rule) for run in runs)
    return _with_distinct_seeds(changed), tuple(_merged(runs, batch_size, rule))


def _as_trained(run: FoundRun, batch_size: int, rule: Rule) -> FoundRun:
    asked = run.parameters[REAL_RATIO]
    trained = trained_ratio(asked, batch_size, rule)
    if trained == asked:
        return run
    note = (
        f"asked for real_ratio {asked:g}, trained {trained:g}: {real_images(asked, batch_size, rule):g} of "
        f"{batch_size} real in every batch (rounding {rule})"
    )
    return replace(run, parameters={**run.parameters, REAL_RATIO: trained}, notes=(*run.notes, note))


def _merged(runs: Sequence[FoundRun], batch_size: int, rule: Rule) -> list[str]:
    asked_for: dict[float, set[float]] = {}
    for asked in {run.parameters[REAL_RATIO] for run in runs}:
        asked_for.setdefault(trained_ratio(asked, batch_size, rule), set()).add(asked)
    return [
        f"{enumerated([f'{one:g}' for one in sorted(asked)])} were all trained as {trained:g}, "
        f"{trained * batch_size:g} of {batch_size} real: they are one arm"
        for trained, asked in sorted(asked_for.items())
        if len(asked) > 1
    ]


def _with_distinct_seeds(runs: Sequence[FoundRun]) -> tuple[FoundRun, ...]:
    seen: dict[tuple[str, int | None], int] = {}
    for run in runs:
        key = identity(run.parameters), run.seed
        seen[key] = seen.get(key, 0) + 1
    return tuple(
        replace(run, seed=None) if seen[identity(run.parameters), run.seed] > 1 else run for run in runs
    )
