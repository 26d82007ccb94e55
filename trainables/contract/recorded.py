"""Curves that were measured once, in a file, and what a trial is told that replays one of them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from trainables.contract.errors import TrialError
from trainables.contract.section import Section

T = TypeVar("T")

Metrics = Mapping[str, float]
"""As in `Report`."""
RecordedCurves = Mapping[str, Mapping[int, Mapping[int, Metrics]]]
"""The metrics of every report by arm, seed and iteration."""


class ReplayConfig(Section):
    """One trial that reports what was recorded."""

    curves: Path
    """A file that `write_curves` made."""
    arm: str
    seed: NonNegativeInt
    real_ratio: float = Field(ge=0, le=1)
    """Share of real images that was asked for."""
    validate_at: tuple[PositiveInt, ...] = Field(min_length=1)
    """Iterations at which the trial reports, rising; the last is its end."""
    log_interval: PositiveInt | None = None
    """Iterations between two signs of life; None: reports are the only ones."""
    seconds_per_iteration: NonNegativeFloat = 0.0
    """How long the trial waits before each."""


def write_curves(path: Path, curves: RecordedCurves) -> None:
    """Strict JSON, which knows no NaN: null stands for it. Raises ValueError if a metric is infinite."""
    content = {
        arm: {
            seed: {iteration: _without_nan(metrics) for iteration, metrics in curve.items()}
            for seed, curve in seeds.items()
        }
        for arm, seeds in curves.items()
    }
    path.write_text(json.dumps({"curves": content}, allow_nan=False, indent=1))


def recorded_metrics(config: ReplayConfig) -> dict[int, dict[str, float]]:
    """The metrics of the trial's reports by iteration; those of `config.validate_at`, no others.

    Raises:
        TrialError: the file is none of `write_curves`, or lacks the trial or one of the iterations.
        OSError: the storage fails; a retry may mend it.
    """
    arms = _read(config.curves)
    seeds = _chosen(arms, config.arm, f"{config.curves}: has no arm")
    curve = _chosen(seeds, str(config.seed), f"{config.curves}: has no {config.arm} of seed")
    trial = f"{config.curves}: {config.arm}, seed {config.seed}, was not recorded at iteration"
    found = {iteration: _chosen(curve, str(iteration), trial) for iteration in config.validate_at}
    return {iteration: _with_nan(metrics) for iteration, metrics in found.items()}


def _read(path: Path) -> dict[str, dict[str, dict[str, dict[str, float | None]]]]:
    try:
        content = json.loads(path.read_bytes())["curves"]
        if not isinstance(content, dict):
            raise TypeError("`curves` is no object")
    except FileNotFoundError:
        raise TrialError(f"{path}: there is no such file of recorded curves") from None
    except (ValueError, KeyError, TypeError) as error:
        raise TrialError(f"{path}: is damaged or no file of recorded curves: {error}") from error
    return content


def _chosen(entries: Mapping[str, T], key: str, missing: str) -> T:
    if key not in entries:
        raise TrialError(f"{missing} {key}; it has {', '.join(entries) or 'none'}")
    return entries[key]


def _without_nan(metrics: Metrics) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in metrics.items()}


def _with_nan(metrics: Mapping[str, float | None]) -> dict[str, float]:
    return {name: math.nan if value is None else value for name, value in metrics.items()}
