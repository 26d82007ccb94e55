"""Sweeps that were never run: to measure time, and coverage where noise is larger than on recorded curves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from sweep.curves.prediction import predict_finals
from sweep.curves.trials import Setting, TrialCurve

RUNGS = (2000, 4000, 6000, 8000, 10000)


def simulated_setting(trials: int, noise_sd: float, random: np.random.Generator) -> Setting:
    """Finished trials whose end falls by 4 points from all-real to none; they gain 4 +- 2 from 20 % on.

    A measurement's noise is independent from rung to rung, which is harder than on recorded curves.
    """
    gain = random.normal(4, 2)
    curves = []
    for index in range(trials):
        ratio = 1 - index / (trials - 1)
        own_gain = gain + random.normal(0, 0.5)
        values = {
            rung: 60
            - 4 * (1 - ratio) ** 2
            - own_gain * (RUNGS[-1] / rung - 1) / 4
            + random.normal(0, noise_sd)
            for rung in RUNGS
        }
        curves.append(TrialCurve(f"t{index}", f"{ratio:.3f}", ratio, 0, values))
    return Setting("", RUNGS, tuple(curves), curves[0].arm)


def seen(whole: Setting, finished: int, random: np.random.Generator) -> Setting:
    """The same with all but some trials, drawn at random, stopped after one to three rungs in turn."""
    lasts = [len(RUNGS)] * finished + [1 + k % 3 for k in range(len(whole.trials) - finished)]
    random.shuffle(lasts)
    cut = (
        replace(trial, values=dict(list(trial.values.items())[:last]))
        for trial, last in zip(whole.trials, lasts, strict=True)
    )
    return replace(whole, trials=tuple(cut))


def coverage(trials: int, finished: int, noise_sd: float, sweeps: int = 100) -> float:
    """Share of simulated finals in their 90 % interval."""
    return float(np.mean(list(_inside(trials, finished, noise_sd, sweeps))))


def timing_setting() -> Setting:
    """30 trials of 5 rungs, 10 of them finished."""
    random = np.random.default_rng(0)
    return seen(simulated_setting(30, 0.6, random), 10, random)


def _inside(trials: int, finished: int, noise_sd: float, sweeps: int) -> Iterator[bool]:
    random = np.random.default_rng(0)
    for _ in range(sweeps):
        whole = simulated_setting(trials, noise_sd, random)
        truths = {trial.trial_id: trial.values[RUNGS[-1]] for trial in whole.trials}
        for key, one in predict_finals(seen(whole, finished, random)).items():
            yield one.lower <= truths[key] <= one.upper
