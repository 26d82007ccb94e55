"""The plan as `sweep plan` prints it."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Protocol

from sweep.plan.cost import Cost, estimate_cost
from sweep.plan.mixtures import MixtureRow, mixtures
from sweep.plan.sharing import sharing_advice
from sweep.plan.trials import planned_trials, rungs
from sweep.spec import Spec
from sweep.storage import sweep_in

_LONGEST_COMMAND = 200


class KnownTrial(Protocol):
    """A trial of a sweep that was begun."""

    @property
    def status(self) -> str:
        """`planned`, `running`, `paused`, `finished`, `stopped`, `failed` or `interrupted`."""

    @property
    def iteration(self) -> int:
        """The latest known."""

    @property
    def seconds(self) -> float:
        """Spent up to there."""


class KnownSweep(Protocol):
    """What `sweep.ledger` knows of a sweep that was begun."""

    @property
    def trials(self) -> Mapping[str, KnownTrial]:
        """By trial id."""


def plan_text(
    spec: Spec,
    begun: KnownSweep | None = None,
    checkpoint_bytes: int | None = None,
    rehearsed_seconds: float | None = None,
) -> str:
    """Trials, mixtures and cost of a spec; with `begun`, what of it is done and what would go on.

    The time per iteration is that which the begun sweep measured, else `resources.seconds_per_iteration`,
    else `rehearsed_seconds`, which a smoke run measured; `checkpoint_bytes` is the size of a checkpoint, if
    one was ever written.
    """
    seconds = measured_seconds(begun) or spec.resources.seconds_per_iteration
    cost = estimate_cost(spec, seconds or rehearsed_seconds, checkpoint_bytes=checkpoint_bytes)
    is_rehearsed = not seconds and rehearsed_seconds is not None
    blocks = [
        _trials(spec, cost),
        mixture_lines(mixtures(spec)),
        _cost(spec, cost, is_rehearsed=is_rehearsed),
    ]
    if begun is not None:
        blocks.append(_resumption(spec, begun))
    return "\n\n".join("\n".join(block) for block in blocks)


def _trials(spec: Spec, cost: Cost) -> Iterator[str]:
    seeds = ", ".join(map(str, spec.search.seeds))
    arms = f"{cost.arms} arms with seeds {seeds}{' first' if spec.search.method == 'curve' else ''}"
    yield f"{spec.name}: {cost.trials} trials, {arms}, by {spec.search.method}"
    if spec.replay is not None:
        yield f"replays {spec.replay.curves}: nothing is trained, and no value is measured"
    if spec.command is not None and spec.has_own_trainer:
        yield f"runs {_shortened(shlex.join(spec.command.arguments))}"
    yield f"rungs: {', '.join(map(str, rungs(spec)))} iterations, judged by {spec.search.metric}"
    planned = planned_trials(spec)
    known = dict.fromkeys(trial.arm for trial in planned)
    yield from (f"  {arm}" for arm in known)
    if spec.search.method == "curve" and len(planned) < cost.trials:
        yield f"  and {cost.trials - len(planned)} trials, of these arms or others, that curve will propose"
    elif len(known) < cost.arms:
        yield f"  and {cost.arms - len(known)} that {spec.search.method} will propose"
    if spec.controls:
        yield f"controls: {', '.join(spec.controls)}: they test the sweep itself, are never stopped or ranked"


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_COMMAND else f"{text[: _LONGEST_COMMAND - 3]}..."


def mixture_lines(rows: list[MixtureRow]) -> Iterator[str]:
    """A table of mixtures, in lines."""
    header = ("real_ratio", "batch", "real images", "passes", "generated", "passes", "sources")
    lines = [header, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    yield "mixtures of a full trial"
    for line in lines:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _cells(row: MixtureRow) -> tuple[str, ...]:
    return (
        str(row.real_ratio),
        row.batch_pattern,
        str(row.real_images),
        number_text(row.real_passes),
        str(row.generated_images),
        number_text(row.generated_passes),
        ", ".join(row.generated) or "-",
    )


def _cost(spec: Spec, cost: Cost, *, is_rehearsed: bool) -> Iterator[str]:
    yield "cost                expected  at worst"
    rows = (
        ("iterations", cost.iterations_expected, cost.iterations_worst),
        ("trial hours", cost.trial_hours_expected, cost.trial_hours_worst),
        ("GPU hours", cost.gpu_hours_expected, cost.gpu_hours_worst),
        ("hours on the clock", cost.wall_hours_expected, cost.wall_hours_worst),
    )
    for name, expected, worst in rows:
        yield f"  {name:<18}{number_text(expected):>9} {number_text(worst):>9}"
    yield f"  expected: {cost.assumption}"
    if cost.trial_hours_worst is None:
        yield "  hours need resources.seconds_per_iteration, or `sweep run --smoke`, which measures it"
    elif is_rehearsed:
        yield "  hours by the last iterations of the smoke run: a rough figure"
    if cost.trial_hours_worst is not None and cost.wall_hours_worst is None:
        yield "  hours on the clock need resources.concurrent_trials"
    if cost.checkpoint_gigabytes is None:
        yield "  checkpoints: of unknown size until `sweep run --smoke` has written one"
    else:
        cap = spec.storage.checkpoint_gigabytes
        kept = "kept" if cap is None else f"of which {cap:g} GB are kept"
        yield f"  checkpoints: {cost.checkpoint_gigabytes:.3g} GB, one a trial, {kept}"
    limits = spec.budget.model_dump(exclude_none=True)
    if limits:
        yield f"  budget: {', '.join(f'{name} {limit:g}' for name, limit in limits.items())}"
    if advice := sharing_advice(spec):
        yield f"  {advice}"


def _resumption(spec: Spec, begun: KnownSweep) -> Iterator[str]:
    counts = Counter(trial.status for trial in begun.trials.values())
    argument = sweep_in(spec.storage.path, spec.name).argument
    yield f"a sweep {spec.name} was begun; `sweep resume {argument}` goes on with it"
    yield f"  {', '.join(f'{count} {status}' for status, count in sorted(counts.items())) or 'no trials yet'}"
    for trial_id, trial in begun.trials.items():
        if trial.status in ("running", "interrupted"):
            yield f"  {trial_id} goes on from its checkpoint, at or before iteration {trial.iteration}"
        if trial.status == "paused":
            yield f"  {trial_id} is paused at iteration {trial.iteration}, and goes on if it is promoted"


def measured_seconds(begun: KnownSweep | None) -> float | None:
    """Seconds of training and validating per iteration, so far; None before any."""
    trials = begun.trials.values() if begun else ()
    iterations = sum(trial.iteration for trial in trials)
    return sum(trial.seconds for trial in trials) / iterations if iterations else None


def number_text(value: float | None) -> str:
    """Three digits; `unknown` where it is."""
    if value is None:
        return "unknown"
    return f"{value:.0f}" if isinstance(value, int) or value >= 100 else f"{value:.3g}"
