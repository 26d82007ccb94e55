"""What is added to a sweep that was begun, and what that costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sweep.plan.mixtures import mixtures
from sweep.plan.text import KnownSweep, measured_seconds, mixture_lines, number_text
from sweep.plan.trials import PlannedTrial
from sweep.spec import Spec


@dataclass(frozen=True)
class Addition:
    """New trials, and stopped or paused ones that go on to the last iteration."""

    spec: Spec
    """What the sweep goes on with."""
    trials: tuple[PlannedTrial, ...]
    continued: tuple[str, ...]
    """Ids of trials."""


def addition_text(addition: Addition, begun: KnownSweep, checkpoint_bytes: int | None = None) -> str:
    """What is added and what it costs at most: new trials may be stopped early, continued ones are not.

    Args:
        addition: what is added.
        begun: the sweep, for what it has measured and where its trials are.
        checkpoint_bytes: size of a checkpoint, if one was ever written.
    """
    blocks = [_trials(addition, begun)]
    if addition.trials:
        blocks.append(mixture_lines(mixtures(addition.spec, addition.trials)))
    blocks.append(_cost(addition, begun, checkpoint_bytes))
    return "\n\n".join("\n".join(block) for block in blocks)


def _trials(addition: Addition, begun: KnownSweep) -> Iterator[str]:
    new, again, before = len(addition.trials), len(addition.continued), len(begun.trials)
    yield f"{addition.spec.name}: {new} new trials, {again} stopped or paused ones go on; {before} were there"
    for trial in addition.trials:
        yield f"  {trial.trial_id}  {trial.arm} seed={trial.seed}"
    for trial_id in addition.continued:
        iteration = begun.trials[trial_id].iteration
        yield f"  {trial_id}  goes on from iteration {iteration}; no rule stops it again"
    others = (one for trial_id, one in begun.trials.items() if trial_id not in addition.continued)
    left = sum(one.status in ("planned", "running", "interrupted", "paused") for one in others)
    if left:
        yield f"  and {left} trials of the sweep that have not ended"


def _cost(addition: Addition, begun: KnownSweep, checkpoint_bytes: int | None) -> Iterator[str]:
    spec, last = addition.spec, addition.spec.training.iterations
    left = sum(last - begun.trials[trial_id].iteration for trial_id in addition.continued)
    iterations = len(addition.trials) * last + left
    seconds = measured_seconds(begun) or spec.resources.seconds_per_iteration
    hours = None if seconds is None else iterations * seconds / 3600
    yield "cost at most, of what is added"
    yield f"  {'iterations':<18}{number_text(iterations):>9}"
    yield f"  {'trial hours':<18}{number_text(hours):>9}"
    gpu_hours = None if hours is None else hours * spec.resources.gpus_per_trial
    yield f"  {'GPU hours':<18}{number_text(gpu_hours):>9}"
    if checkpoint_bytes is not None:
        yield f"  checkpoints: {len(addition.trials) * checkpoint_bytes / 1e9:.3g} GB, one a new trial, kept"
