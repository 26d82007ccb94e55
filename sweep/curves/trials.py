"""What curves are fitted to: the trials of one setting, nothing but numbers and names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class TrialCurve:
    """One trial as a fit sees it."""

    trial_id: str
    arm: str
    real_ratio: float
    """Share of real images that was asked for, 0..1."""
    seed: int
    values: Mapping[int, float]
    """The judged metric in percent by rung; finite, measured at exactly that iteration, rungs rising."""


@dataclass(frozen=True)
class Setting:
    """Trials that differ in real_ratio and seed alone, so that one curve may join them."""

    words: str
    """The other parameters; empty if real_ratio alone is searched."""
    rungs: tuple[int, ...]
    """Iterations at which trials are compared, rising; the last is the end of a training."""
    trials: tuple[TrialCurve, ...]
    baseline: str | None
    """Name of the arm that others are compared with."""

    @property
    def final(self) -> int:
        """The last iteration of a training."""
        return self.rungs[-1]

    def values_at(self, rung: int) -> dict[str, dict[int, float]]:
        """The values measured at exactly this rung, by arm and seed; arms without any are left out."""
        arms: dict[str, dict[int, float]] = {}
        for trial in self.trials:
            if rung in trial.values:
                arms.setdefault(trial.arm, {})[trial.seed] = trial.values[rung]
        return arms

    def real_ratio_of(self, arm: str) -> float:
        """The share of real images of an arm, which all of its trials have."""
        return next(trial.real_ratio for trial in self.trials if trial.arm == arm)
