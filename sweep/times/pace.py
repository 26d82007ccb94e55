"""How fast trials are, beside what starting takes; and what a smoke run tells of the real one's pace."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sweep.ledger.events import TrialProgressed, TrialReported
from sweep.ledger.state import SweepState, TrialState

_SETS_THE_PACE = ("trainable", "data", "model", "training")
_OF_RESOURCES = ("gpus_per_trial", "cpus_per_trial")


@dataclass(frozen=True)
class Pace:
    """Of a trial's newest attempt; in seconds, with all that goes on beside."""

    starting: float
    """That its start took beyond its iterations: on a GPU the first ones choose and load kernels for longer
    than the next hundred train. 0 where it has told nothing but once, which cannot tell it apart."""
    per_iteration: float
    """After the first word."""
    from_start: float
    """An iteration, with the start shared out over all of them."""
    iterations: int
    """Done so far."""


def pace_of(trial: TrialState) -> Pace | None:
    """None before it has told anything, and while it runs and has done so but once."""
    if not trial.starts:
        return None
    start = trial.starts[-1]
    told = {
        word.iteration: word.time
        for word in _words(trial)
        if word.time >= start.time and word.iteration > start.iteration
    }
    if len(told) < (2 if trial.status == "running" else 1):
        return None
    first, last = min(told), max(told)
    done = last - start.iteration
    from_start = (told[last] - start.time) / done
    if first == last:
        return Pace(0.0, from_start, from_start, done)
    per_iteration = max(0.0, told[last] - told[first]) / (last - first)  # clocks are put back at times
    starting = told[first] - start.time - per_iteration * (first - start.iteration)
    return Pace(max(0.0, starting), per_iteration, from_start, done)


def _words(trial: TrialState) -> list[TrialProgressed | TrialReported]:
    """What it told; of a single attempt the ends alone, since thousands may have told hundreds of times."""
    progress, reports = list(trial.progress_history.values()), list(trial.reports.values())
    if len(trial.starts) > 1:
        return [*progress, *reports]
    return [*progress[:1], *progress[-1:], *reports[:1], *reports[-1:]]


def trained_otherwise(state: SweepState, spec: Mapping[str, Any]) -> list[str]:
    """Keys that decide how fast a trial is, and were others in the smoke run than in `spec`."""
    then = state.created.spec
    sections = [key for key in _SETS_THE_PACE if then.get(key) != spec[key]]
    old, new = then["resources"], spec["resources"]
    return sections + [f"resources.{key}" for key in _OF_RESOURCES if old.get(key) != new[key]]


def rehearsed_pace(state: SweepState, iterations: int, validations: int) -> float | None:
    """Seconds an iteration, validation included, of a training so long; None if no trial has told.

    Of all trials that a smoke run trained, by what training, waiting for data and validating took after their
    first report: what comes before it is slow, on a GPU many times. Where all trials reported once, of that.

    Args:
        state: of the smoke run.
        iterations: of a trial of the real one.
        validations: of such a trial.
    """
    stretches = [_stretch(trial) for trial in state.own_trials.values() if len(trial.reports) > 1]
    stretches = stretches or [_stretch(trial) for trial in state.own_trials.values() if trial.reports]
    training, validation, trained, validated = (sum(one[part] for one in stretches) for part in range(4))
    if not training:
        return None
    return training / trained + validation / validated * validations / iterations


def _stretch(trial: TrialState) -> tuple[float, float, int, int]:
    """Seconds of training and of validation, iterations and validations: from the first report to the last,
    with a single one up to that."""
    *earlier, last = sorted(trial.reports)
    after = trial.reports[last].spent
    begin, before = (earlier[0], trial.reports[earlier[0]].spent) if earlier else (0, {})

    def seconds(*kinds: str) -> float:
        return math.fsum(after.get(kind, 0.0) - before.get(kind, 0.0) for kind in kinds)

    return seconds("training", "data"), seconds("validation"), last - begin, max(1, len(earlier))
