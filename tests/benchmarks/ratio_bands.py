"""Bands over real_ratio on simulated sweeps whose truth is known: coverage, width, and false effects.

    python -m tests.benchmarks.ratio_bands [--sweeps 200] [--null-sweeps 1000] [--curves FOLDER]

`--curves` is a folder with null_replicates_bdd10k_pspnet_r50.csv; without it that part is left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sweep.curves.noise import Noise, noise_at
from sweep.curves.ratio import (
    Observations,
    RatioCurve,
    band,
    effect_of,
    fit_ratio_curve,
    observations_at,
    value_at,
)
from sweep.curves.trials import Setting, TrialCurve

SD = 0.63
FINAL = 10_000
FIVE = np.array([0, 0.125, 0.25, 0.5, 1.0])
NINE = np.array([0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0])
ASKED = np.linspace(0, 1, 51)


@dataclass(frozen=True)
class Truth:
    """A curve of expected mIoU, and the columns of the model that knows all but its coefficients."""

    name: str
    curve: Callable[[np.ndarray], np.ndarray]
    oracle: Callable[[np.ndarray], list[np.ndarray]]


TRUTHS = (
    Truth("flat", lambda r: 44 + 0 * r, lambda r: []),
    Truth("linear 1.2", lambda r: 43.4 + 1.2 * r, lambda r: [r]),
    Truth(
        "steep below .3",
        lambda r: 44 + 0.5 * np.maximum(0, r - 0.3) - 8 * np.maximum(0, 0.3 - r),
        lambda r: [r, np.maximum(0, r - 0.3)],
    ),
    Truth("cliff below .1", lambda r: 44 - 60 * np.maximum(0, 0.1 - r), lambda r: [np.maximum(0, 0.1 - r)]),
    Truth("saturating", lambda r: 44 - 5 * np.exp(-r / 0.15), lambda r: [np.exp(-r / 0.15)]),
    Truth("optimum inside", lambda r: 44 - 6 * (r - 0.6) ** 2, lambda r: [r, r**2]),
    # Not looked at while the fit was made:
    Truth(
        "step at .2 *",
        lambda r: 41 + 3 / (1 + np.exp(-(r - 0.2) / 0.05)),
        lambda r: [1 / (1 + np.exp(-(r - 0.2) / 0.05))],
    ),
    Truth(
        "hump at .35 *",
        lambda r: 43 + 2.5 * np.exp(-(((r - 0.35) / 0.2) ** 2)),
        lambda r: [np.exp(-(((r - 0.35) / 0.2) ** 2))],
    ),
)


def simulated(truth: Truth, ratios: np.ndarray, seeds: int, random: np.random.Generator) -> Setting:
    """A sweep of which every trial ended."""
    trials = tuple(
        TrialCurve(
            f"{ratio}-{seed}",
            f"{ratio}",
            ratio,
            seed,
            {FINAL: float(truth.curve(np.array(ratio))) + SD * error},
        )
        for ratio, errors in zip(ratios.tolist(), random.standard_normal((len(ratios), seeds)), strict=True)
        for seed, error in enumerate(errors.tolist())
    )
    return Setting("", (FINAL,), trials, None)


def fitted(setting: Setting) -> RatioCurve:
    """The curve as an analysis fits it."""
    noise = noise_at(FINAL, FINAL, setting.values_at(FINAL))
    return fit_ratio_curve(observations_at(setting, noise), noise)


def oracle_width(truth: Truth, observations: Observations, noise: Noise) -> float:
    """Mean width of the 90 % band of least squares with the right shape."""
    from scipy import stats

    def design(real_ratio: np.ndarray) -> np.ndarray:
        return np.stack([np.ones_like(real_ratio), *truth.oracle(real_ratio)], axis=1)

    precision = np.linalg.inv(observations.covariance)
    basis = design(observations.real_ratio)
    covariance = np.linalg.inv(basis.T @ precision @ basis)
    asked = design(ASKED)
    sds = np.sqrt(np.einsum("ij,jk,ik->i", asked, covariance, asked))
    return float(2 * stats.t.ppf(0.95, noise.degrees_of_freedom) * sds.mean())


def bands(sweeps: int) -> Iterator[dict[str, object]]:
    """A row for every truth and design."""
    for truth in TRUTHS:
        for ratios in (FIVE, NINE):
            for seeds in (1, 3):
                yield _band_row(truth, ratios, seeds, sweeps)


def _band_row(truth: Truth, ratios: np.ndarray, seeds: int, sweeps: int) -> dict[str, object]:
    random = np.random.default_rng(2026)
    covered, widths, oracles = [], [], []
    for _ in range(sweeps):
        curve = fitted(simulated(truth, ratios, seeds, random))
        lower, _, upper = band(curve)
        lower, upper = (np.interp(ASKED, curve.grid, edge) for edge in (lower, upper))
        covered.append((lower <= truth.curve(ASKED)) & (truth.curve(ASKED) <= upper))
        widths.append(float((upper - lower).mean()))
        oracles.append(oracle_width(truth, curve.observations, curve.noise))
    by_ratio = np.mean(covered, axis=0)
    return {
        "truth": truth.name,
        "ratios": len(ratios),
        "seeds": seeds,
        "coverage": f"{by_ratio.mean():.3f}",
        "worst place": f"{by_ratio.min():.2f} at {ASKED[by_ratio.argmin()]:.2f}",
        "width": f"{np.mean(widths):.2f}",
        "oracle's": f"{np.mean(oracles):.2f}",
    }


def beyond(sweeps: int) -> Iterator[dict[str, object]]:
    """How often a new training without real images ends within its interval, if only 0.125 and more ran."""
    for truth in TRUTHS:
        random, hits, widths = np.random.default_rng(5), 0, []
        for _ in range(sweeps):
            value = value_at(fitted(simulated(truth, FIVE[1:], 3, random)), 0.0)
            new = float(truth.curve(np.array(0.0))) + SD * random.standard_normal()
            hits += value.pessimistic <= new <= value.optimistic
            widths.append(value.optimistic - value.pessimistic)
        yield {"truth": truth.name, "coverage": f"{hits / sweeps:.3f}", "width": f"{np.mean(widths):.1f}"}


def false_effects(sweeps: int) -> Iterator[dict[str, object]]:
    """How many flat sweeps are said to show an effect."""
    for ratios in (FIVE, NINE):
        for seeds in (1, 3):
            random = np.random.default_rng(77)
            shown = sum(
                effect_of(fitted(simulated(TRUTHS[0], ratios, seeds, random))).is_suggested
                for _ in range(sweeps)
            )
            yield {"ratios": len(ratios), "seeds": seeds, "effect claimed": f"{shown} of {sweeps}"}


def null_replicates(path: Path) -> Iterator[dict[str, object]]:
    """Recorded trainings of which the ratio is known to have had no effect: by strategy, then as seeds."""
    table = pd.read_csv(path)
    groups = [(str(name), own) for name, own in table.groupby("strategy")]
    for name, own in [*groups, ("all, as 6 seeds a ratio", table)]:
        effect = effect_of(fitted(_recorded(own)))
        yield {
            "strategy": name,
            "p": f"{effect.p_value:.2f}",
            "claimed": "effect" if effect.is_suggested else "none shown",
            "excluded above": f"{effect.largest:.1f}",
        }


def _recorded(table: pd.DataFrame) -> Setting:
    trials = tuple(
        TrialCurve(f"{ratio}-{seed}", f"{ratio}", float(ratio), seed, {FINAL: float(value)})
        for ratio, own in table.groupby("nominal_real_ratio")
        for seed, value in enumerate(own["val_miou"])
    )
    return Setting("", (FINAL,), trials, None)


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sweeps", type=int, default=200)
    parser.add_argument("--null-sweeps", type=int, default=1000)
    parser.add_argument("--curves", type=Path, default=Path("../shared/data/curves"))
    given = parser.parse_args()
    _show("90 % band of the curve, sd 0.63", bands(given.sweeps))
    _show("a new training at 0 from 0.125, 0.25, 0.5, 1 with 3 seeds each", beyond(given.sweeps))
    _show("flat sweeps", false_effects(given.null_sweeps))
    replicates = given.curves / "null_replicates_bdd10k_pspnet_r50.csv"
    if replicates.exists():
        _show("42 replicates of PSPNet-R50 on BDD10k", null_replicates(replicates))
    else:
        print(f"left out: {replicates} is not there")


def _show(title: str, rows: Iterator[dict[str, object]]) -> None:
    print(f"\n{title}")
    for i, row in enumerate(rows):
        if i == 0:
            print(f"| {' | '.join(row)} |\n|{'---|' * len(row)}")
        print(f"| {' | '.join(map(str, row.values()))} |", flush=True)


if __name__ == "__main__":
    main()
