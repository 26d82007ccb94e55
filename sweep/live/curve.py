"""The metric over real_ratio, as far as it is known while trials run."""

from __future__ import annotations

import math

from sweep.ledger.state import SweepState
from sweep.live.plot import Mark, plot
from sweep.results import baseline_arms, comparable, metric_of, rungs_of

_HEIGHT = 7
_WIDEST = 72
_BASELINE, _MEAN, _TRIAL = "◆", "●", "·"


def curve_so_far(state: SweepState, width: int) -> list[str]:
    """Lines of text: means and trials at the last rung that half of the arms have reached; none before."""
    state = comparable(state)
    rung, metric = _shared_rung(state), metric_of(state)
    if rung is None:
        return []
    values: dict[str, list[float]] = {}
    ratios: dict[str, float] = {}
    for trial in state.trials.values():
        if rung in trial.reports:
            ratios[trial.arm] = float(trial.planned.parameters["real_ratio"])
            values.setdefault(trial.arm, []).append(trial.reports[rung].metrics.get(metric, math.nan))
    trials = [Mark(ratios[arm], value, _TRIAL) for arm, own in values.items() for value in own]
    baselines = baseline_arms(state)
    means = [
        Mark(ratios[arm], math.fsum(own) / len(own), _BASELINE if arm in baselines else _MEAN)
        for arm, own in values.items()
    ]
    signs = f"{_MEAN} mean, {_BASELINE} baseline, {_TRIAL} trial"
    title = f"{metric} over real_ratio at iteration {rung} ({signs})"
    return ["", title[:width], *plot([*trials, *means], min(width, _WIDEST), _HEIGHT)]


def _shared_rung(state: SweepState) -> int | None:
    arms = {trial.arm for trial in state.trials.values()}
    for rung in reversed(rungs_of(state)):
        reached = {trial.arm for trial in state.trials.values() if rung in trial.reports}
        if len(reached) >= max(2, len(arms) / 2):
            return rung
    return None
