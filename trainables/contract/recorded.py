"""What a trial is told that replays a curve which was measured once."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from trainables.contract.section import Section

Metrics = Mapping[str, float]
"""As in `Report`."""


class ReplayConfig(Section):
    """One trial that reports what was recorded."""

    arm: str
    seed: NonNegativeInt
    real_ratio: float = Field(ge=0, le=1)
    """Share of real images that was asked for."""
    recorded: dict[PositiveInt, dict[str, float | None]] = Field(min_length=1)
    """The metrics of every report by iteration; null stands for NaN. The last iteration is the end."""
    log_interval: PositiveInt | None = None
    """Iterations between two signs of life; None: reports are the only ones."""
    seconds_per_iteration: NonNegativeFloat = 0.0
    """How long the trial waits before each."""


def without_nan(curve: Mapping[int, Metrics]) -> dict[int, dict[str, float | None]]:
    """A curve as `ReplayConfig.recorded` has it. Raises ValueError if a metric is infinite."""
    if any(math.isinf(value) for metrics in curve.values() for value in metrics.values()):
        raise ValueError("a recorded metric is infinite")
    return {
        iteration: {name: None if math.isnan(value) else value for name, value in metrics.items()}
        for iteration, metrics in curve.items()
    }


def recorded_metrics(config: ReplayConfig) -> dict[int, dict[str, float]]:
    """The metrics of the trial's reports by iteration, rising."""
    return {
        iteration: {
            name: math.nan if value is None else value for name, value in config.recorded[iteration].items()
        }
        for iteration in sorted(config.recorded)
    }
