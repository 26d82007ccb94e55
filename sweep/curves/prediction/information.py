"""Which training, carried on, would say most about where all curves of a setting end.

What is learned from a measurement does not depend on its value in a Gaussian model, so it can be reckoned
before: the expected fall of the summed variance of all final values ("A-optimal design", Chaloner and
Verdinelli 1995), for each iteration that has to be trained.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from sweep.curves.prediction.joint import JointModel, covariance, joint_model
from sweep.curves.prediction.observed import Floats, Ints, Observed, observed
from sweep.curves.prediction.table import Table, bundled_table
from sweep.curves.trials import Setting

_MOST_TRIALS = 40  # more are thinned out evenly: neighbours say much the same
_HEAVIEST = 4  # kernels; the others have a say in predictions, not in what to train next
_ABSOLUTE_ERROR = math.sqrt(2 / math.pi)  # mean |error| of a normal variable, in sds


@dataclass(frozen=True)
class Information:
    """What is known of the ends of all trials, and what there is to be learned."""

    expected_error: float
    """Mean over trials of the expected |final value - what is foretold now|, in percent."""
    gains: dict[str, float]
    """By trial_id: fall of the summed variance for each whole training's worth of iterations, if the trial
    goes on as far as pays best."""


def information(
    setting: Setting,
    candidates: Collection[str],
    running: Collection[str] = (),
    table: Table | None = None,
) -> Information:
    """What it would tell to let each of the candidates go on.

    Args:
        setting: trials with at least one finite value at a rung.
        candidates: ids of unfinished trials that may go on.
        running: ids of trials whose next rung will be measured anyhow.
        table: as for predict_finals.
    """
    table = table or bundled_table()
    setting = _thinned(setting, candidates)
    points = observed(setting)
    model = joint_model(points, table.kernels, table.common)
    ahead = _Ahead.of(points, setting)
    covariances = _covariances(model, ahead)
    names = [trial.trial_id for trial in setting.trials]
    next_of_running = [ahead.steps_of(names.index(one))[0] for one in running if one in names]
    covariances = [(weight, _given(cov, next_of_running)) for weight, cov in covariances]
    variances = [(weight, np.maximum(np.diag(cov)[ahead.finals], 0.0)) for weight, cov in covariances]
    error = sum(weight * float(np.sqrt(variance).sum()) for weight, variance in variances)
    gains = {
        name: max(
            sum(weight * _fall(cov, steps, ahead.finals) for weight, cov in covariances)
            / ahead.cost(index, steps)
            for steps in _prefixes(ahead.steps_of(index))
        )
        for index, name in enumerate(names)
        if name in candidates
    }
    return Information(error * _ABSOLUTE_ERROR / len(names), gains)


@dataclass(frozen=True)
class _Ahead:
    """All that has not been measured yet: points with trial and fraction, those of a trial in order."""

    points: Observed
    finals: Ints
    """Indices of the points at the end."""
    reached: Floats
    """(n,) How far each trial has come, as a share of a training."""

    @classmethod
    def of(cls, seen: Observed, setting: Setting) -> _Ahead:
        fractions = np.array(setting.rungs, dtype=float) / setting.final
        reached = np.zeros(len(setting.trials))
        np.maximum.at(reached, seen.trials, seen.fractions)
        trials, rungs = np.nonzero(fractions[None] > reached[:, None])
        points = Observed(np.zeros(len(trials)), trials, fractions[rungs], seen.places)
        return cls(points, np.flatnonzero(points.fractions == 1.0), reached)

    def steps_of(self, trial: int) -> Ints:
        return np.flatnonzero(self.points.trials == trial)

    def cost(self, trial: int, steps: Ints) -> float:
        """Of training it up to the last of the steps, in lengths of a whole training."""
        return float(self.points.fractions[steps[-1]] - self.reached[trial])


def _covariances(model: JointModel, ahead: _Ahead) -> list[tuple[float, Floats]]:
    """Posterior covariance of all that will be measured, by the heaviest kernels and their weights."""
    heaviest = sorted(model.parts, key=lambda part: -part.log_weight)[:_HEAVIEST]
    weights = np.exp([part.log_weight - heaviest[0].log_weight for part in heaviest])
    found = []
    for weight, part in zip(weights / weights.sum(), heaviest, strict=True):
        cross = covariance(ahead.points, model.points, part.kernel, model.common)
        prior = covariance(ahead.points, ahead.points, part.kernel, model.common)
        noise = part.kernel.noise**2 * np.eye(len(prior))
        found.append((float(weight), prior + noise - cross @ part.precision @ cross.T))
    return found


def _given(cov: Floats, steps: list[int]) -> Floats:
    """The covariance once the points `steps` are measured; their own variance is then next to nothing."""
    if not steps:
        return cov
    cross = cov[:, steps]
    return np.asarray(cov - cross @ np.linalg.solve(cov[np.ix_(steps, steps)], cross.T))


def _fall(cov: Floats, steps: Ints, finals: Ints) -> float:
    """By how much the summed variance of the finals falls once the points `steps` are measured."""
    cross = cov[np.ix_(finals, steps)]
    return float(np.trace(cross @ np.linalg.solve(cov[np.ix_(steps, steps)], cross.T)))


def _prefixes(steps: Ints) -> list[Ints]:
    return [steps[: count + 1] for count in range(len(steps))]


def _thinned(setting: Setting, candidates: Collection[str]) -> Setting:
    """Candidates and others thinned out evenly over real_ratio, each to half of the most there may be."""
    ranked = sorted(setting.trials, key=lambda trial: (trial.real_ratio, trial.trial_id))
    halves = [
        [trial for trial in ranked if (trial.trial_id in candidates) == is_one] for is_one in (True, False)
    ]
    kept = [trial for half in halves for trial in half[:: -(-2 * len(half) // _MOST_TRIALS) or 1]]
    return replace(setting, trials=tuple(kept)) if len(ranked) > _MOST_TRIALS else setting
