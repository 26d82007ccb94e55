"""How fast trials are, beside what starting takes; and what a smoke run tells of the real one's pace."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sweep.ledger.events import TrialProgressed, TrialReported
from sweep.ledger.state import SweepState, TrialState
from sweep.spec.space import REAL_RATIO

_SETS_THE_PACE = ("trainable", "command", "data", "model", "training")
_OF_RESOURCES = ("gpus_per_trial", "cpus_per_trial")
_NO_MATTER = ("seed", "optimizer", "schedule")  # of training


@dataclass(frozen=True)
class Pace:
    """Of a trial's newest attempt; in seconds, with all that goes on beside."""

    starting: float
    """That its start and its first validation took beyond its iterations: on a GPU the first ones choose and
    load kernels for longer than the next hundred train."""
    quick: float
    """An iteration, after that; validations may be missing from it."""
    slow: float
    """An iteration with its part of the validations: between reports, and before there are two with the start
    shared out over all iterations."""
    iterations: int
    """Done so far."""


def pace_of(trial: TrialState) -> Pace | None:
    """None before it has told twice how far it is, and where its clock was put back. Of a finished trial that
    told but once, the start cannot be told apart."""
    if not trial.starts:
        return None
    progress, reports = _told(trial, trial.progress_history), _told(trial, trial.reports)
    told = progress | reports
    start = trial.starts[-1]
    if not told or told[max(told)] < max(start.time, told[min(told)]):
        return None
    done = max(told) - start.iteration
    from_start = (told[max(told)] - start.time) / done
    rest = told if reports and min(reports) < max(told) else progress  # the first validation is of the start
    begin = min(reports) if rest is told else min(progress, default=0)
    if len(rest) < 2 or rest[max(rest)] < rest[begin]:
        return Pace(0.0, from_start, from_start, done) if trial.status == "finished" else None
    quick = (rest[max(rest)] - rest[begin]) / (max(rest) - begin)
    first, last = min(reports, default=0), max(reports, default=0)
    slow = (reports[last] - reports[first]) / (last - first) if last > first else from_start
    starting = rest[begin] - start.time - quick * (begin - start.iteration)
    return Pace(max(0.0, starting), quick, max(quick, slow), done)


def _told(
    trial: TrialState, words: Mapping[int, TrialProgressed] | Mapping[int, TrialReported]
) -> dict[int, float]:
    """When the newest attempt was at which iteration; of a single attempt the ends alone, since thousands of
    trials may have told hundreds of times."""
    start = trial.starts[-1]
    every: list[TrialProgressed | TrialReported] = list(words.values())
    chosen = every if len(trial.starts) > 1 else [*every[:1], *every[-1:]]
    return {
        word.iteration: word.time
        for word in chosen
        if word.time >= start.time and word.iteration > start.iteration
    }


def trained_otherwise(state: SweepState, spec: Mapping[str, Any]) -> list[str]:
    """Keys that decide how fast a trial is, and were others in the smoke run than in `spec`."""
    then, now = _what_matters(state.created.spec), _what_matters(spec)
    return [key for key in now if then.get(key) != now[key]]


def _what_matters(spec: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: spec.get(key) for key in _SETS_THE_PACE}
    found["training"] = {key: value for key, value in spec["training"].items() if key not in _NO_MATTER}
    searched = spec["search"]["parameters"].items()
    return (
        found
        | {f"resources.{key}": spec["resources"].get(key) for key in _OF_RESOURCES}
        | {"search.parameters": {path: values for path, values in searched if path != REAL_RATIO}}
    )


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
