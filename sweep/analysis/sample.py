"""What of a very large sweep the fits look at: their time grows with the cube of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sweep.curves.trials import Setting, TrialCurve

MOST_TRIALS = 300
"""That predictions rest on, in all settings together; but no setting has fewer than the least, if it can."""
_LEAST_OF_SETTING = 40


def sampled(settings: Sequence[Setting]) -> tuple[Setting, ...]:
    """The settings with some of their trials, evenly chosen along real_ratio; all of them in a sweep of up to
    `MOST_TRIALS`. A third of those chosen have no final value, more where fewer have one."""
    total = sum(len(setting.trials) for setting in settings)
    if total <= MOST_TRIALS:
        return tuple(settings)
    return tuple(
        _sampled(setting, max(_LEAST_OF_SETTING, MOST_TRIALS * len(setting.trials) // total))
        for setting in settings
    )


def each_stands_for(setting: Setting, chosen: Setting) -> float:
    """How many trials without a final value one of the sample has to speak for, so that a curve hears those
    that were stopped no less than those that finished."""
    before, kept = len(_unfinished(setting)), len(_unfinished(chosen))
    return before / kept if kept else 1.0


def sample_words(settings: Sequence[Setting], chosen: Sequence[Setting]) -> str:
    """What was left out; empty if nothing was."""
    total, kept = (sum(len(setting.trials) for setting in every) for every in (settings, chosen))
    return (
        f" Predictions are made of and for {kept} of {total} trials, evenly chosen." if kept < total else ""
    )


def _sampled(setting: Setting, most: int) -> Setting:
    others = _unfinished(setting)
    left_out = {trial.trial_id for trial in others}
    finished = [trial for trial in setting.trials if trial.trial_id not in left_out]
    of_others = _evenly(others, max(most // 3, most - len(finished)))
    kept = {trial.trial_id for trial in (*_evenly(finished, most - len(of_others)), *of_others)}
    return replace(setting, trials=tuple(trial for trial in setting.trials if trial.trial_id in kept))


def _unfinished(setting: Setting) -> list[TrialCurve]:
    return [trial for trial in setting.trials if setting.final not in trial.values]


def _evenly(trials: Sequence[TrialCurve], most: int) -> list[TrialCurve]:
    if len(trials) <= most:
        return list(trials)
    along = sorted(trials, key=lambda trial: trial.real_ratio)
    return [along[number * len(along) // most] for number in range(most)]
