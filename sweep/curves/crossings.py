"""Which arm overtakes which, when, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sweep.curves.noise import Noise
from sweep.curves.prediction import Prediction
from sweep.curves.ratio.answers import Estimate
from sweep.curves.trials import Setting

_DRAWS = 4000


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """One arm against another that is behind it at a rung and ahead at the end."""

    leader: str
    """Ahead at the rung, behind at the end."""
    follower: str
    rung: int
    """Where the two facts together are likeliest."""
    ahead: float
    """Probability that the leader's expected value is above the follower's at the rung."""
    behind: float
    """Probability that it is below at the end."""
    probability: float
    """Of both, errors at the rung and at the end taken as independent."""
    iteration: Estimate | None
    """Where the two cross, on straight lines between rungs, with a 90 % interval; None if they hardly do."""
    rests_on_prediction: bool
    """A trial of one of the two has not ended; its final value is predicted."""


def crossings(
    setting: Setting, noises: Mapping[int, Noise], predictions: Mapping[str, Prediction]
) -> tuple[Crossing, ...]:
    """Every arm against the baseline, likeliest first; empty without a baseline.

    `noises` by rung; `predictions` of the final value by trial id. The leader is whichever of the two is
    likelier to be ahead early.
    """
    arms = {arm: _Course.of(arm, setting, noises, predictions) for arm in _names(setting)}
    baseline = arms.get(setting.baseline or "")
    if baseline is None:
        return ()
    found = [_crossing(course, baseline) for arm, course in arms.items() if arm != setting.baseline]
    return tuple(sorted((one for one in found if one), key=lambda one: -one.probability))


@dataclass(frozen=True)
class _Course:
    """What the expected values of an arm may be."""

    arm: str
    draws: Mapping[int, np.ndarray]  # (s,) by rung, the final one with predictions in it
    final: int
    predicted: bool

    @staticmethod
    def of(
        arm: str, setting: Setting, noises: Mapping[int, Noise], predictions: Mapping[str, Prediction]
    ) -> _Course:
        own = {trial.trial_id for trial in setting.trials if trial.arm == arm}
        predicted = [one for trial_id, one in predictions.items() if trial_id in own]
        random = np.random.default_rng([19, *arm.encode()])
        draws = {}
        for rung in setting.rungs:
            measured = list(setting.values_at(rung).get(arm, {}).values())
            joined = predicted if rung == setting.final else []
            if measured or joined:
                noise = noises[rung]
                own_errors = random.standard_t(noise.degrees_of_freedom, _DRAWS)
                draws[rung] = _mean_of(measured, noise.of(arm), joined, own_errors)
        return _Course(arm, draws, setting.final, bool(predicted))


def _mean_of(
    measured: Sequence[float], sd: float, predicted: Sequence[Prediction], own_errors: np.ndarray
) -> np.ndarray:
    """(s,) what the expected value of an arm may be; what predictions share is the same for all arms."""
    values = [*measured, *(one.expected for one in predicted)]
    variances = [sd**2] * len(measured) + [max(one.sd**2 - one.shared_sd**2, 0.0) for one in predicted]
    shared = sum(one.shared_sd for one in predicted) / len(values)
    common = np.random.default_rng(19).standard_normal(len(own_errors))
    return np.asarray(
        np.mean(values) + math.sqrt(sum(variances)) / len(values) * own_errors + shared * common
    )


def _names(setting: Setting) -> list[str]:
    return list(dict.fromkeys(trial.arm for trial in setting.trials))


def _crossing(arm: _Course, baseline: _Course) -> Crossing | None:
    rungs = [rung for rung in arm.draws if rung in baseline.draws]
    if len(rungs) < 2 or rungs[-1] != arm.final:
        return None
    gaps = np.stack([arm.draws[rung] - baseline.draws[rung] for rung in rungs], axis=1)
    arm_falls_back = (gaps[:, :-1] > 0).mean(axis=0) * (gaps[:, -1] < 0).mean()
    arm_catches_up = (gaps[:, :-1] < 0).mean(axis=0) * (gaps[:, -1] > 0).mean()
    leads = arm_falls_back.max() >= arm_catches_up.max()
    leader, follower = (arm, baseline) if leads else (baseline, arm)
    gaps = gaps if leads else -gaps
    joint = arm_falls_back if leads else arm_catches_up
    early = int(joint.argmax())
    return Crossing(
        leader=leader.arm,
        follower=follower.arm,
        rung=rungs[early],
        ahead=float((gaps[:, early] > 0).mean()),
        behind=float((gaps[:, -1] < 0).mean()),
        probability=float(joint[early]),
        iteration=_where(np.array(rungs[early:]), gaps[:, early:]),
        rests_on_prediction=arm.predicted or baseline.predicted,
    )


def _where(rungs: np.ndarray, gaps: np.ndarray) -> Estimate | None:
    """Where gaps (s, rungs) fall below 0 for good, among the draws in which they do."""
    gaps = gaps[(gaps[:, 0] > 0) & (gaps[:, -1] < 0)]
    if len(gaps) < _DRAWS / 10:
        return None
    last = gaps.shape[1] - 2 - (gaps[:, -2::-1] > 0).argmax(axis=1)
    rows = np.arange(len(gaps))
    before, after = gaps[rows, last], gaps[rows, last + 1]
    places = rungs[last] + before / (before - after) * (rungs[last + 1] - rungs[last])
    lower, middle, upper = np.quantile(places, [0.05, 0.5, 0.95])
    return Estimate(float(middle), float(lower), float(upper))
