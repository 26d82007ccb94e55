"""Arms that differ in real_ratio alone: those that one curve over real_ratio may join."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sweep.curves.trials import Setting, TrialCurve
from sweep.ledger.state import SweepState, TrialState
from sweep.results import baseline_arms, comparable, metric_of, rungs_of

MOST_SETTINGS = 6
"""With more settings than this, pictures do not tell them apart."""

_Setting = Mapping[str, Any]
"""All searched parameters but real_ratio, by dotted path."""


@dataclass(frozen=True)
class ArmsOfSetting:
    """Arms that a picture shows alike."""

    words: str
    """The setting; empty if real_ratio alone is searched."""
    arms: tuple[str, ...]
    """Their names."""
    is_one_curve: bool = True
    """They differ in real_ratio alone, so that a line may join them."""


def arms_by_setting(state: SweepState) -> list[ArmsOfSetting]:
    """The arms of each setting; of all settings together where they are too many.

    An arm without some parameter, because it has no effect there, belongs to all settings that it fits.
    Controls belong to none.
    """
    trials = comparable(state).trials.values()
    arms = _arms_of_settings({trial.arm: trial.planned.parameters for trial in trials})
    if len(arms) > MOST_SETTINGS:
        every = tuple(dict.fromkeys(arm for own in arms.values() for arm in own))
        return [ArmsOfSetting(f"{len(arms)} settings of other parameters", every, is_one_curve=False)]
    return [ArmsOfSetting(words, own) for words, own in arms.items()]


def settings_of(state: SweepState) -> tuple[Setting, ...]:
    """Every setting with the finite values of its trials at rungs: what curves are fitted to."""
    trials = comparable(state).trials.values()
    rungs, metric = rungs_of(state), metric_of(state)
    curves = {trial.trial_id: _curve(trial, rungs, metric) for trial in trials}
    baselines = baseline_arms(state)
    arms = _arms_of_settings({trial.arm: trial.planned.parameters for trial in trials})
    return tuple(
        Setting(
            words=words,
            rungs=rungs,
            trials=tuple(curve for curve in curves.values() if curve.arm in own),
            baseline=next((arm for arm in own if arm in baselines), None),
        )
        for words, own in arms.items()
    )


def _curve(trial: TrialState, rungs: Sequence[int], metric: str) -> TrialCurve:
    values = {
        rung: trial.reports[rung].metrics.get(metric, math.nan) for rung in rungs if rung in trial.reports
    }
    return TrialCurve(
        trial_id=trial.trial_id,
        arm=trial.arm,
        real_ratio=trial.planned.parameters["real_ratio"],
        seed=trial.planned.seed,
        values={rung: value for rung, value in values.items() if math.isfinite(value)},
    )


def _arms_of_settings(arms: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Names of the arms by the words of their setting, from the parameters of each arm."""
    own = {arm: _setting(parameters) for arm, parameters in arms.items()}
    distinct = {_words(setting): setting for setting in own.values()} or {"": {}}
    whole = {words: setting for words, setting in distinct.items() if not _is_part(setting, distinct)}
    return {words: tuple(arm for arm in own if _fits(own[arm], setting)) for words, setting in whole.items()}


def _setting(parameters: Mapping[str, Any]) -> _Setting:
    return {path: value for path, value in parameters.items() if path != "real_ratio"}


def _words(setting: _Setting) -> str:
    return ", ".join(f"{path.rsplit('.', 1)[-1]} {value}" for path, value in setting.items())


def _fits(part: _Setting, whole: _Setting) -> bool:
    return all(path in whole and whole[path] == value for path, value in part.items())


def _is_part(setting: _Setting, settings: Mapping[str, _Setting]) -> bool:
    return any(len(other) > len(setting) and _fits(setting, other) for other in settings.values())
