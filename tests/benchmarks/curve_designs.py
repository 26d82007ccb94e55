"""What could be known of all ends at a given cost: the best fixed design in hindsight.

    python -m tests.benchmarks.curve_designs --curves ../shared/data/curves

A design says to which rung each configuration of a family is trained, in the order of the labelled share.
For every size of family, designs of the same cost are drawn, and the one is kept that these very families are
known best with: a bound that no rule may use, since it has seen the ends. Everything else as in the benchmark
of stopping rules: families over the labelled share, kernels and widths of other tasks.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from sweep.curves.prediction import predict_finals
from sweep.curves.prediction.table import Table
from tests.benchmarks.families import RUNGS, Family, recorded_families
from tests.benchmarks.make_prediction_table import found_hyperparameters, table_from

Design = tuple[int, ...]
"""How many rungs each trial comes to."""

COST = 0.45
MOST_TRIALS = 6
"""Larger families are too few to choose anything with them."""


def curve_error(family: Family, design: Design, table: Table) -> float:
    """Mean over configurations of |what is measured or predicted of the end - what it was|, in percent."""
    setting = family.setting
    trials = tuple(
        replace(trial, values={rung: trial.values[rung] for rung in RUNGS[:count]})
        for trial, count in zip(setting.trials, design, strict=True)
    )
    found = predict_finals(replace(setting, trials=trials), table)
    return float(
        np.mean(
            [
                abs(found[trial.trial_id].expected - trial.values[RUNGS[-1]])
                if trial.trial_id in found
                else 0.0
                for trial in setting.trials
            ]
        )
    )


def drawn_designs(trials: int, cost: float, count: int, random: np.random.Generator) -> list[Design]:
    """Different designs in which every trial comes to the first rung and `cost` is spent, rounded down."""
    budget = int(cost * trials * len(RUNGS) + 1e-9)
    designs: set[Design] = set()
    for _ in range(50 * count):
        design = np.ones(trials, dtype=int)
        while design.sum() < budget:
            design[random.choice(np.flatnonzero(design < len(RUNGS)))] += 1
        designs.add(tuple(design.tolist()))
        if len(designs) == count:
            break
    return sorted(designs)


def best_in_hindsight(
    families: Sequence[Family], designs: Sequence[Design], tables: dict[str, Table]
) -> float:
    """The smallest mean error of any design over the families."""
    errors = [
        np.mean([curve_error(family, design, tables[family.task]) for family in families])
        for design in designs
    ]
    return float(min(errors))


def main() -> None:
    """Print the bound by size of family, and over all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--curves", type=Path, default=Path("../shared/data/curves"))
    parser.add_argument("--designs", type=int, default=100, help="drawn for each size of family")
    options = parser.parse_args()
    families = recorded_families(options.curves)
    found = found_hyperparameters(families)
    by_size = defaultdict(list)
    for family in families:
        if family.factor == "labels" and len(family.setting.trials) <= MOST_TRIALS:
            by_size[len(family.setting.trials)].append(family)
    tables = {
        task: table_from([family for family in families if family.task != task], found)
        for task in sorted({family.task for own in by_size.values() for family in own})
    }
    errors = {}
    for size, own in sorted(by_size.items()):
        designs = drawn_designs(size, COST, options.designs, np.random.default_rng(0))
        errors[size] = best_in_hindsight(own, designs, tables)
        cost = sum(designs[0]) / size / len(RUNGS)
        print(f"{len(own)} families of {size}: {errors[size]:.2f} points at cost {cost:.2f}")
    mean = np.average(list(errors.values()), weights=[len(by_size[size]) for size in errors])
    print(f"all: {mean:.2f}, the best of {options.designs} designs for each size")


if __name__ == "__main__":
    main()
