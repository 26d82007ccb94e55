"""Makes the table that the package predicts with out of recorded curves.

    python -m tests.benchmarks.make_prediction_table --curves ../shared/data/curves

For each family of finished trials the hyperparameters of the joint model (sweep/curves/prediction/joint.py)
are found by maximum a posteriori; then each family is predicted from 20, 40, 60 and 80 % of its budget by a
table made without its task, and the errors are kept as quantiles of |error| / sd of the model.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

import sweep.curves.prediction
from sweep.curves.prediction.guess import guesses
from sweep.curves.prediction.joint import covariance, joint_model
from sweep.curves.prediction.observed import Floats, Observed, observed, to_go
from sweep.curves.prediction.table import CommonGain, Errors, Kernel, Table
from sweep.curves.trials import Setting
from tests.benchmarks.families import RUNGS, Family, recorded_families

VERSION = "v1"
SOURCES = (
    "LiheYoung/UniMatch (MIT)",
    "LiheYoung/UniMatch-V2 (MIT)",
    "LiheYoung/FreeMask (MIT)",
)
LEVELS = 20
FINISHED = ("ends", "half", "none")
"""Which trials of a family have finished: its first and last, every other one from the last on, none."""
DRIFT = 0.7
"""Sd, in percent, of a common curve about its shape: one draw per family can't tell, so it is set."""
ROUGH_SHARE = 0.1
ROUGHER = {"common_gain": 4.0, "walk": 3.0, "noise": 4.0}
"""A tenth of the prior weight goes to kernels of a rougher world than the recorded one. There, long trainings
from pretrained weights gain 2 to 4 points from 20 % of the budget on, with a noise of 0.2; a PSPNet on
BDD10k gained 11, its seeds differ by 0.63, and short trainings (docs/results-camvid.md) by more."""

_CENTRES = np.array([np.log(3.0), 0.0, 0.0, -1.0, np.log(0.7), 0.0, np.log(0.25)])
_SPREADS = np.array([1.0, 0.8, 0.6, 1.0, 0.5, 0.6, 0.6])
"""A weak prior: log level, log gain, atanh correlation, logit own, log length, log walk, log noise."""


def table_from(families: Sequence[Family], found: dict[str, tuple[float, ...]] | None = None) -> Table:
    """All that the package keeps of some recorded families."""
    found = found or found_hyperparameters(families)
    tasks = sorted({family.task for family in families})
    scores: dict[tuple[float, bool], list[float]] = {}
    for task in tasks:
        others = [family for family in families if family.task != task]
        without = table_without_errors(others, found)
        for family in families:
            if family.task == task:
                for key, error in _scores(family, without):
                    scores.setdefault(key, []).append(error)
    levels = (np.arange(LEVELS) + 0.5) / LEVELS
    errors = tuple(
        Errors(
            fraction, any_finished, tuple(np.quantile(found_here, levels).round(3).tolist()), len(found_here)
        )
        for (fraction, any_finished), found_here in sorted(scores.items())
    )
    return replace(table_without_errors(families, found), errors=errors)


def table_without_errors(families: Sequence[Family], found: dict[str, tuple[float, ...]]) -> Table:
    """As above, but nothing to make intervals of: what the joint model alone needs, at once."""
    counts = Counter(family.task for family in families)
    mean, sd = _common_gain(families)
    kernels = [
        Kernel(*found[family.key], common_gain=sd, log_weight=_log_share(1 / counts[family.task]))
        for family in families
    ]
    return Table(
        VERSION, SOURCES, CommonGain(mean, DRIFT), tuple(kernels + [_rough(kernel) for kernel in kernels]), ()
    )


def found_hyperparameters(families: Sequence[Family]) -> dict[str, tuple[float, ...]]:
    """By family, the seven numbers of a kernel; depends on nothing but the family itself and weak priors."""
    return {family.key: _fitted(observed(family.setting)) for family in families}


def partly_seen(setting: Setting, finished: str, last: int) -> Setting:
    """The setting amid a sweep: some trials finished, the others measured up to the rung `last`."""
    done = finished_trials(len(setting.trials), finished)
    trials = tuple(
        trial if i in done else replace(trial, values={r: v for r, v in trial.values.items() if r <= last})
        for i, trial in enumerate(setting.trials)
    )
    return replace(setting, trials=trials)


def finished_trials(count: int, finished: str) -> set[int]:
    """Indices of those that have finished."""
    if finished == "none":
        return set()
    if finished == "ends":
        return {0, count - 1}
    return set(range(count - 1, -1, -2)) if count > 3 else {count - 1}


def _rough(kernel: Kernel) -> Kernel:
    factors = {name: round(getattr(kernel, name) * factor, 3) for name, factor in ROUGHER.items()}
    return replace(kernel, **factors, log_weight=round(kernel.log_weight + _log_share(ROUGH_SHARE), 3))


def _log_share(share: float) -> float:
    return round(float(np.log(share)), 3)


def _common_gain(families: Sequence[Family]) -> tuple[float, float]:
    """Mean and sd over families, by middle and middle two thirds; a task weighs by sqrt(families)."""
    counts = Counter(family.task for family in families)
    gains = np.array(
        [
            np.mean([trial.values[RUNGS[-1]] - trial.values[RUNGS[0]] for trial in family.setting.trials])
            for family in families
        ]
    )
    weights = np.array([counts[family.task] ** -0.5 for family in families])
    order = np.argsort(gains)
    levels = (np.cumsum(weights[order]) - weights[order] / 2) / weights.sum()
    low, middle, high = np.interp([1 / 6, 1 / 2, 5 / 6], levels, gains[order])
    return round(float(middle), 2), round(float(high - low) / 2, 2)


def _scores(family: Family, table: Table) -> Iterator[tuple[tuple[float, bool], float]]:
    finals = [trial.values[RUNGS[-1]] for trial in family.setting.trials]
    for finished in FINISHED:
        for last in RUNGS[:-1]:
            points = observed(partly_seen(family.setting, finished, last))
            model = joint_model(points, table.kernels, table.common)
            targets = np.flatnonzero(~points.finished)
            for target, guess in zip(targets, guesses(model, targets)[0], strict=True):
                yield (last / 100, finished != "none"), abs(finals[target] - guess.expected) / guess.sd


def _fitted(points: Observed) -> tuple[float, ...]:
    gain = CommonGain(mean=2.2, drift=DRIFT)
    fit = minimize(
        _minus_log_posterior, _CENTRES, args=(points, gain), method="L-BFGS-B", options={"maxiter": 60}
    )
    return tuple(round(value, 3) for value in _numbers(fit.x))


def _minus_log_posterior(theta: Floats, points: Observed, gain: CommonGain) -> float:
    kernel = Kernel(*_numbers(theta), common_gain=2.0, log_weight=0.0)
    covariance_PP = covariance(points, points, kernel, gain) + kernel.noise**2 * np.eye(len(points.values))
    residuals = points.values - points.values.mean() + gain.mean * to_go(points.fractions)
    factor = np.linalg.cholesky(covariance_PP)
    white = np.linalg.solve(factor, residuals)
    prior = (((theta - _CENTRES) / _SPREADS) ** 2).sum()
    return float(0.5 * white @ white + np.log(np.diag(factor)).sum() + 0.5 * prior)


def _numbers(theta: Floats) -> tuple[float, ...]:
    level, gain, correlation, own, length, walk, noise = theta
    positive = np.exp([level, gain, length, walk, noise])
    return (*positive[:2], np.tanh(correlation), 1 / (1 + np.exp(-own)), *positive[2:])


def main() -> None:
    """Write the table into the package."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--curves", type=Path, default=Path("../shared/data/curves"))
    table = table_from(recorded_families(parser.parse_args().curves))
    target = Path(sweep.curves.prediction.__file__).parent / f"table_{VERSION}.json"
    target.write_text(_as_json(table), encoding="utf-8")
    print(f"{target}: {len(table.kernels)} kernels, {sum(row.trials for row in table.errors)} errors")


def _as_json(table: Table) -> str:
    """One kernel and one row of errors a line, so that a change of the table can be read."""
    raw = asdict(table)
    lists = {name: ",\n  ".join(json.dumps(one) for one in raw.pop(name)) for name in ("kernels", "errors")}
    head = json.dumps(raw, indent=1)[:-2]
    return head + "".join(f',\n "{name}": [\n  {rows}\n ]' for name, rows in lists.items()) + "\n}\n"


if __name__ == "__main__":
    main()
