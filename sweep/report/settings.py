"""Arms that differ in real_ratio alone: those that one curve over real_ratio may join."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sweep.ledger.state import SweepState
from sweep.results import without_controls

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
    trials = without_controls(state).trials.values()
    own = {trial.arm: _setting(trial.planned.parameters) for trial in trials}
    distinct = {_words(setting): setting for setting in own.values()} or {"": {}}
    whole = {words: setting for words, setting in distinct.items() if not _is_part(setting, distinct)}
    if len(whole) > MOST_SETTINGS:
        return [ArmsOfSetting(f"{len(whole)} settings of other parameters", tuple(own), is_one_curve=False)]
    return [
        ArmsOfSetting(words, tuple(arm for arm in own if _fits(own[arm], setting)))
        for words, setting in whole.items()
    ]


def _setting(parameters: Mapping[str, Any]) -> _Setting:
    return {path: value for path, value in parameters.items() if path != "real_ratio"}


def _words(setting: _Setting) -> str:
    return ", ".join(f"{path.rsplit('.', 1)[-1]} {value}" for path, value in setting.items())


def _fits(part: _Setting, whole: _Setting) -> bool:
    return all(path in whole and whole[path] == value for path, value in part.items())


def _is_part(setting: _Setting, settings: Mapping[str, _Setting]) -> bool:
    return any(len(other) > len(setting) and _fits(setting, other) for other in settings.values())
