"""The fair comparison of all arms at one iteration: numbers, not yet text."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sweep.curves.differences import Difference, Differences, differences
from sweep.curves.noise import Arms, Noise, noise_at
from sweep.ledger.state import SweepState, TrialState
from sweep.results import (
    baseline_arms,
    comparable,
    fairness_of,
    metric_of,
    must_be_rung,
    reference_of,
    rungs_of,
    supposed_noise,
)


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation over the seeds of an arm."""

    mean: float
    """NaN if any value is."""
    sd: float | None
    """With n - 1; None for a single seed."""


@dataclass(frozen=True, kw_only=True)
class ArmRow:
    """One arm at one rung; only trials that were validated exactly there."""

    arm: str
    parameters: Mapping[str, Any]
    baseline: str | None
    """The arm it is compared with: itself for a baseline, None where there is none."""
    seeds: int
    """Trials at this rung."""
    planned_seeds: int
    miou: Spread
    aacc: Spread
    judged: Spread
    """Of the metric that trials are judged by; ranks and differences go by it."""
    values: Mapping[int, float]
    """That metric by seed."""
    difference: Difference | None
    """From the baseline; None for a baseline, without one, and where one of the two is NaN."""
    rank: int
    """1 for the highest mean; NaN comes last."""
    status: str
    """What became of the arm's trials: `1 finished, 1 stopped at 60`."""
    lost_to_stopping: int
    """Trials of the arm that were stopped, or wait, before this rung: the mean is that of the survivors."""

    @property
    def is_baseline(self) -> bool:
        """Whether others are compared with it."""
        return self.baseline == self.arm


@dataclass(frozen=True, kw_only=True)
class FairTable:
    """All arms at one rung, from the most real images to the fewest."""

    sweep: str
    rung: int
    metric: str
    rows: tuple[ArmRow, ...]
    noise: Noise
    """Within arms at this rung; a prior if no arm has two differing seeds here."""
    differences: Differences
    """From baselines, and what their intervals rest on."""
    absent: tuple[str, ...]
    """What became of every trial that did not reach this rung: `stopped at 60`."""
    trials: int
    """All trials of the sweep."""
    baselines: tuple[str, ...]
    """Names of the baseline arms in the plan."""
    fairness: str
    """What is equal for all arms, beside the iterations: `training.fairness`."""


def fair_table(state: SweepState, rung: int) -> FairTable:
    """The comparison at a rung, from reports at exactly that iteration; controls are not compared.

    Raises ValueError if the iteration is no rung: what is measured there was not measured for all.
    """
    must_be_rung(state, rung)
    state = comparable(state)
    arms, baselines = _arms_at(state, rung), baseline_arms(state)
    references = {name: reference_of(name, arm.parameters, baselines) for name, arm in arms.items()}
    judged = {name: arm.values(metric_of(state)) for name, arm in arms.items()}
    noise = noise_at(rung, rungs_of(state)[-1], _only_finite(judged), supposed_noise(state))
    found = _differences(judged, references, noise)
    ranks = _ranks(judged)
    rows = [
        _row(arm, judged[name], references[name], found.by_arm.get(name), ranks[name])
        for name, arm in arms.items()
    ]
    return FairTable(
        sweep=state.created.name,
        rung=rung,
        metric=metric_of(state),
        rows=tuple(sorted(rows, key=_most_real_first)),
        noise=noise,
        differences=found,
        absent=tuple(_fate(trial) for trial in state.trials.values() if rung not in trial.reports),
        trials=len(state.trials),
        baselines=tuple(baselines),
        fairness=fairness_of(state),
    )


def fair_tables(state: SweepState) -> tuple[FairTable, ...]:
    """The comparisons at all rungs, the last one first."""
    return tuple(fair_table(state, rung) for rung in reversed(rungs_of(state)))


def newest_table(tables: Sequence[FairTable]) -> FairTable:
    """Of `fair_tables`: that of the last rung which any trial has reached, or of the first."""
    return next((table for table in tables if table.rows), tables[-1])


@dataclass(frozen=True)
class _Arm:
    """The trials of an arm, looked at from a rung."""

    name: str
    rung: int
    trials: Sequence[TrialState]

    @property
    def parameters(self) -> Mapping[str, Any]:
        return self.trials[0].planned.parameters

    @property
    def reached(self) -> list[TrialState]:
        return [trial for trial in self.trials if self.rung in trial.reports]

    def values(self, metric: str) -> dict[int, float]:
        """By seed."""
        return {
            trial.planned.seed: trial.reports[self.rung].metrics.get(metric, math.nan)
            for trial in self.reached
        }


def _arms_at(state: SweepState, rung: int) -> dict[str, _Arm]:
    """Arms with at least one trial at the rung, by name."""
    trials: dict[str, list[TrialState]] = {}
    for trial in state.trials.values():
        trials.setdefault(trial.arm, []).append(trial)
    arms = (_Arm(name, rung, own) for name, own in trials.items())
    return {arm.name: arm for arm in arms if arm.reached}


def _only_finite(arms: Arms) -> dict[str, dict[int, float]]:
    """Without values that are no numbers, and arms that have nothing else."""
    finite = {
        name: {seed: value for seed, value in values.items() if math.isfinite(value)}
        for name, values in arms.items()
    }
    return {name: values for name, values in finite.items() if values}


def _differences(arms: Arms, references: Mapping[str, str | None], noise: Noise) -> Differences:
    """From their baselines, where all values of both are numbers."""
    finite = {name: values for name, values in arms.items() if all(map(math.isfinite, values.values()))}
    pairs = {
        name: other
        for name, other in references.items()
        if other is not None and other != name and name in finite and other in finite
    }
    return differences(finite, pairs, noise)


def _ranks(arms: Arms) -> dict[str, int]:
    """1 + how many have a better mean; NaN is worse than any number."""
    means = {name: float(np.mean(list(values.values()))) for name, values in arms.items()}
    numbers = [mean for mean in means.values() if not math.isnan(mean)]
    return {
        name: 1 + (len(numbers) if math.isnan(own) else sum(mean > own for mean in numbers))
        for name, own in means.items()
    }


def _row(
    arm: _Arm, judged: Mapping[int, float], reference: str | None, difference: Difference | None, rank: int
) -> ArmRow:
    missing = [trial for trial in arm.trials if arm.rung not in trial.reports]
    return ArmRow(
        arm=arm.name,
        parameters=arm.parameters,
        baseline=reference,
        seeds=len(arm.reached),
        planned_seeds=len(arm.trials),
        miou=_spread(arm.values("val_miou")),
        aacc=_spread(arm.values("val_aacc")),
        judged=_spread(judged),
        values=judged,
        difference=difference,
        rank=rank,
        status=count_words(_fate(trial, arm.rung) for trial in arm.trials),
        lost_to_stopping=sum(trial.status in ("stopped", "paused") for trial in missing),
    )


def _spread(by_seed: Mapping[int, float]) -> Spread:
    values = list(by_seed.values())
    return Spread(float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None)


def _fate(trial: TrialState, rung: int | None = None) -> str:
    """What became of a trial, as `stopped at 60`, or `stopped here` if 60 is the rung."""
    match trial.status:
        case "planned":
            return "not started"
        case "finished" | "running":
            return trial.status
        case status:
            return f"{status} {'here' if trial.iteration == rung else f'at {trial.iteration}'}"


def count_words(words: Iterable[str]) -> str:
    """`2 finished, 1 stopped at 60`, the most frequent first."""
    return ", ".join(f"{count} {word}" for word, count in Counter(words).most_common())


def _most_real_first(row: ArmRow) -> tuple[float, str]:
    return -row.parameters["real_ratio"], row.arm
