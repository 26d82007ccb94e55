"""A sweep that was never run, to measure time on."""

from __future__ import annotations

import numpy as np

from sweep.curves.trials import Setting, TrialCurve


def timing_setting(trials: int = 30, rungs: int = 5) -> Setting:
    """A third of the trials finished, the rest stopped at any rung."""
    random = np.random.default_rng(0)
    every = tuple(2000 * (k + 1) for k in range(rungs))
    curves = []
    for index in range(trials):
        ratio = index / (trials - 1)
        last = rungs if index % 3 == 0 else 1 + index % (rungs - 1)
        values = {
            rung: 45 + 5 * ratio - 3 * (every[-1] / rung) ** 0.5 + float(random.normal(0, 0.6))
            for rung in every[:last]
        }
        curves.append(TrialCurve(f"t{index}", f"{ratio:.3f}", ratio, 0, values))
    return Setting("", every, tuple(curves), curves[-1].arm)
