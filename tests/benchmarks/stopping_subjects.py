"""Recorded families as the stopping benchmark needs them: all that a rule may know comes from other tasks."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from sweep.curves.prediction import predict_finals
from sweep.curves.prediction.table import Errors, Table, bundled_table
from tests.benchmarks.families import RUNGS, Family, recorded_families
from tests.benchmarks.make_prediction_table import found_hyperparameters, table_without_errors

NULL_REPLICATES = "null_replicates_bdd10k_pspnet_r50.csv"
SUPPOSED_NOISE_SD = 0.7  # the spec's default
FEWEST_OTHERS = 10
"""Families of other tasks; with fewer the package's table stands in, if it doesn't know the task."""
_UNUSED_WIDTHS = (Errors(0.2, True, (1.0,), 1), Errors(0.2, False, (1.0,), 1))


@dataclass
class Subject:
    """A family, what other tasks teach about it, and all orders in which its trials arrive."""

    family: Family
    table: Table
    noise_sd: float
    """Between runs that differ only in seed, of other tasks."""
    orders: list[tuple[str, ...]]
    curve_errors: dict[tuple[int, ...], float] = field(default_factory=dict)
    """Those reckoned so far, by how many rungs each trial has reached."""

    @functools.cached_property
    def values(self) -> dict[str, tuple[float, ...]]:
        """By trial id, at every rung."""
        return {
            trial.trial_id: tuple(trial.values[rung] for rung in RUNGS)
            for trial in self.family.setting.trials
        }

    @functools.cached_property
    def best(self) -> float:
        """The highest final value."""
        return max(values[-1] for values in self.values.values())

    @functools.cached_property
    def winners(self) -> frozenset[str]:
        """The trials that end highest: one, unless there is a tie."""
        return frozenset(one for one, values in self.values.items() if values[-1] == self.best)

    def curve_error(self, reached: tuple[int, ...]) -> float:
        """Mean over configurations of |final as measured or predicted after the rule - true final|."""
        if reached not in self.curve_errors:
            self.curve_errors[reached] = self._curve_error(reached)
        return self.curve_errors[reached]

    def _curve_error(self, reached: tuple[int, ...]) -> float:
        setting = self.family.setting
        seen = [
            replace(trial, values={rung: trial.values[rung] for rung in RUNGS[:count]})
            for trial, count in zip(setting.trials, reached, strict=True)
        ]
        predicted = predict_finals(replace(setting, trials=tuple(seen)), self.table)
        errors: dict[str, list[float]] = {}
        for trial in setting.trials:
            guess = predicted.get(trial.trial_id)
            error = guess.expected - trial.values[RUNGS[-1]] if guess else 0.0
            errors.setdefault(trial.arm, []).append(error)
        return float(np.mean([abs(np.mean(one)) for one in errors.values()]))


def subjects(folder: Path, orders: int) -> list[Subject]:
    """All families of the folder; the same orders for whoever takes part."""
    families = recorded_families(folder)
    found = found_hyperparameters(families)
    by_task = {}
    for task in sorted({family.task for family in families}):
        others = [family for family in families if family.task != task]
        by_task[task] = (_table(task, others, found), _noise_sd(others, folder))
    return [
        Subject(family, *by_task[family.task], _orders(family, orders, seed))
        for seed, family in enumerate(families)
    ]


def _table(task: str, others: Sequence[Family], found: dict[str, tuple[float, ...]]) -> Table:
    if len(others) < FEWEST_OTHERS:
        print(f"{task}: {len(others)} families of other tasks are too few, so the package's table is used")
        return bundled_table()
    return replace(table_without_errors(others, found), errors=_UNUSED_WIDTHS)


def _noise_sd(others: Sequence[Family], folder: Path) -> float:
    """Pooled over the last values of all settings with several seeds; else of the null replicates."""
    deviations = list(_deviations(others))
    if deviations:
        return math.sqrt(sum(one for one, _ in deviations) / sum(freedom for _, freedom in deviations))
    if (folder / NULL_REPLICATES).exists():
        return float(pd.read_csv(folder / NULL_REPLICATES)["val_miou"].std())
    return SUPPOSED_NOISE_SD


def _deviations(families: Sequence[Family]) -> Iterator[tuple[float, int]]:
    """Sum of squares and degrees of freedom of every arm with several seeds, once."""
    arms = {}
    for family in families:
        for arm in {trial.arm for trial in family.setting.trials}:
            finals = {t.trial_id: t.values[RUNGS[-1]] for t in family.setting.trials if t.arm == arm}
            arms[(family.task, *sorted(finals))] = list(finals.values())
    for finals in arms.values():
        if len(finals) > 1:
            yield float(np.var(finals) * len(finals)), len(finals) - 1


def _orders(family: Family, orders: int, seed: int) -> list[tuple[str, ...]]:
    generator = np.random.default_rng(seed)
    names = [trial.trial_id for trial in family.setting.trials]
    return [tuple(generator.permutation(names).tolist()) for _ in range(orders)]
