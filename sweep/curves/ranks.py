"""Whether the order of trials at a rung tells their order at the end."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from sweep.curves.trials import Setting

_LEVEL = 0.9


@dataclass(frozen=True, kw_only=True)
class RankAudit:
    """One rung against the end, over the trials that ended."""

    rung: int
    trials: int
    tau: float
    """Kendall's tau-b, -1..1: 1 if the rung orders trials as the end does."""
    lower: float
    upper: float
    """90 % interval; -1..1 where trials are too few for one."""
    regret: float
    """What the trial that leads at the rung is behind the best one at the end, in points; 0 if it wins."""

    @property
    def predicts(self) -> bool:
        """Whether the interval of tau lies above 0."""
        return self.lower > 0


def rank_audits(setting: Setting) -> tuple[RankAudit, ...]:
    """An audit of each rung before the end that at least three ended trials have values at."""
    ended = [trial for trial in setting.trials if setting.final in trial.values]
    audits = []
    for rung in setting.rungs[:-1]:
        pairs = [(trial.values[rung], trial.values[setting.final]) for trial in ended if rung in trial.values]
        if len(pairs) >= 3 and all(np.ptp(own) > 0 for own in zip(*pairs, strict=True)):
            audits.append(_audit(rung, *np.array(pairs).T))
    return tuple(audits)


def _audit(rung: int, early: np.ndarray, final: np.ndarray) -> RankAudit:
    tau = float(stats.kendalltau(early, final).statistic)
    lower, upper = _interval(tau, len(early))
    return RankAudit(
        rung=rung,
        trials=len(early),
        tau=tau,
        lower=lower,
        upper=upper,
        regret=float(final.max() - final[early.argmax()]),
    )


def _interval(tau: float, n: int) -> tuple[float, float]:
    """Fieller, Hartley and Pearson 1957: atanh(tau) has variance 0.437 / (n - 4).

    A tau of 1 counts as half a pair short of it, since atanh has no end there.
    """
    if n <= 4:
        return -1.0, 1.0
    most = 1 - 2 / (n * (n - 1))
    centre = math.atanh(min(max(tau, -most), most))
    reach = float(stats.norm.ppf((1 + _LEVEL) / 2)) * math.sqrt(0.437 / (n - 4))
    return math.tanh(centre - reach), math.tanh(centre + reach)
