"""How well final values are foretold on recorded curves: error, coverage and width of the 90 % interval.

    python -m tests.benchmarks.extrapolation --curves ../shared/data/curves

Leaves one task out at a time: what the package takes from recorded curves is derived again without that task.
The other methods have nothing to learn and bring their own intervals.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from sweep.curves.prediction import predict_finals
from sweep.curves.prediction.joint import joint_model
from sweep.curves.prediction.observed import observed
from sweep.curves.prediction.table import Table
from sweep.curves.trials import Setting
from tests.benchmarks.families import FILE_NAME, RUNGS, recorded_families
from tests.benchmarks.make_prediction_table import FINISHED, found_hyperparameters, partly_seen, table_from
from tests.benchmarks.rivals import RIVALS, Guess
from tests.benchmarks.simulated import coverage, timing_setting

OURS = "ours"
JOINT = "our joint model alone"
STAGES = RUNGS[:3]
SIMULATED = ((5, 0), (5, 2), (9, 5))
SCENARIOS = {"ends": "first and last finished", "half": "half finished", "none": "none finished"}


def guesses_on(folder: Path) -> pd.DataFrame:
    """One row for each family, scenario, stage, trial and method: truth, guess, interval."""
    families = recorded_families(folder)
    found = found_hyperparameters(families)
    rows = []
    for task in sorted({family.task for family in families}):
        table = table_from([family for family in families if family.task != task], found)
        for family in (one for one in families if one.task == task):
            finals = {trial.trial_id: trial.values[RUNGS[-1]] for trial in family.setting.trials}
            for finished in FINISHED:
                for stage in STAGES:
                    setting = partly_seen(family.setting, finished, stage)
                    for method, guesses in _guesses(setting, table).items():
                        rows += [
                            (task, family.key, finished, stage, method, finals[trial], *guess)
                            for trial, guess in guesses.items()
                        ]
    columns = ["task", "family", "finished", "stage", "method", "truth", "expected", "lower", "upper"]
    return pd.DataFrame(rows, columns=columns)


def figures(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean absolute error, coverage and mean width by scenario, stage and method."""
    marked = rows.assign(
        error=(rows["expected"] - rows["truth"]).abs(),
        covered=rows["truth"]
        .between(rows["lower"], rows["upper"])
        .where(rows["lower"].notna())
        .astype(float),
        width=rows["upper"] - rows["lower"],
    )
    order = [*RIVALS, JOINT, OURS]
    table = marked.groupby(["finished", "stage", "method"])[["error", "covered", "width"]].mean()
    return table.reindex(
        pd.MultiIndex.from_product([FINISHED, STAGES, order], names=["finished", "stage", "method"])
    )


def _guesses(setting: Setting, table: Table) -> dict[str, dict[str, Guess]]:
    by_method = {name: _quietly(rival, setting) for name, rival in RIVALS.items()}
    ours = predict_finals(setting, table)
    by_method[OURS] = {key: Guess(one.expected, one.lower, one.upper) for key, one in ours.items()}
    by_method[JOINT] = _joint_alone(setting, table)
    return by_method


def _joint_alone(setting: Setting, table: Table) -> dict[str, Guess]:
    """The model's own normal interval, uncalibrated, and no pow3."""
    points = observed(setting)
    targets = np.flatnonzero(~points.finished)
    mean, covariance = joint_model(points, table.kernels, table.common).finals(targets)
    halves = 1.645 * np.sqrt(np.diag(covariance))
    return {
        setting.trials[index].trial_id: Guess(m, m - half, m + half)
        for index, m, half in zip(targets, mean, halves, strict=True)
    }


def _quietly(rival: Callable[[Setting], dict[str, Guess]], setting: Setting) -> dict[str, Guess]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return rival(setting)


def _printed(table: pd.DataFrame) -> str:
    """Markdown: a table a scenario, a line a method; error, coverage and width for each stage."""
    lines = []
    for finished, words in SCENARIOS.items():
        heads = " | ".join(f"{stage} %: error | covers | width" for stage in STAGES)
        lines += ["", f"| {words} | {heads} |", "|---" * (1 + 3 * len(STAGES)) + "|"]
        for method in [*RIVALS, JOINT, OURS]:
            cells = [_cells(table.loc[(finished, stage, method)]) for stage in STAGES]
            lines.append(f"| {method} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cells(row: pd.Series) -> str:
    if np.isnan(row["width"]):
        return f"{row['error']:.2f} | - | -"
    return f"{row['error']:.2f} | {row['covered']:.0%} | {row['width']:.1f}"


def _against_the_goals(table: pd.DataFrame, rows: pd.DataFrame) -> str:
    ours = rows[rows["method"] == OURS]
    by_stage = ours["truth"].between(ours["lower"], ours["upper"]).groupby(ours["stage"]).mean()
    worst = max(
        table.loc[(finished, stage, OURS), "error"]
        / table.loc[(finished, stage)].loc[list(RIVALS), "error"].min()
        for finished in FINISHED
        for stage in STAGES
    )
    return "\n".join(
        [
            "coverage by stage, all scenarios: "
            + ", ".join(f"{stage} %: {share:.1%}" for stage, share in by_stage.items()),
            f"error at 20 % with both ends finished: {table.loc[('ends', 20, OURS), 'error']:.2f} (goal 1.2)",
            f"error over the best other method's, at worst: {worst:.2f} (goal 1.02)",
        ]
    )


def _by_task(rows: pd.DataFrame) -> str:
    """Ours by task, all scenarios together: error at each stage, coverage of all."""
    ours = rows[rows["method"] == OURS]
    error = (ours["expected"] - ours["truth"]).abs()
    table = error.groupby([ours["task"], ours["stage"]]).mean().unstack().round(2)
    table["covers"] = (
        ours["truth"].between(ours["lower"], ours["upper"]).groupby(ours["task"]).mean().round(3)
    )
    mean = table["covers"].mean()
    table["predictions"] = ours.groupby("task").size()
    return f"{table.to_string()}\ncoverage, mean over tasks: {mean:.1%}"


def _median_seconds(setting: Setting, times: int = 9) -> float:
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        predict_finals(setting)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def main() -> None:
    """Print the figures of docs/benchmarks.md."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--curves", type=Path, default=Path("../shared/data/curves"))
    folder = parser.parse_args().curves
    if not (folder / FILE_NAME).exists():
        print(f"{folder / FILE_NAME} is not there: nothing to measure. --curves FOLDER names another place.")
        return
    rows = guesses_on(folder)
    table = figures(rows)
    print(f"{rows['family'].nunique()} families, {rows['task'].nunique()} tasks, {len(rows)} predictions")
    print(_printed(table), _against_the_goals(table, rows), _by_task(rows), sep="\n\n")
    print("\ncoverage on simulated sweeps, independent noise at each rung:")
    for noise_sd in (0.2, 0.63, 1.5):
        shares = [f"{done} of {of} finished: {coverage(of, done, noise_sd):.0%}" for of, done in SIMULATED]
        print(f"  sd {noise_sd}: " + ", ".join(shares))
    print(f"\npredict_finals, 30 trials of 5 rungs, median: {_median_seconds(timing_setting()):.2f} s")


if __name__ == "__main__":
    main()
