"""What paused trials go on for: to find the winner, or to know the curve over real_ratio."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sweep.curves.prediction.information import Information, information
from sweep.curves.prediction.table import Table
from sweep.curves.trials import Setting, TrialCurve
from sweep.stopping.rule import Curve

WORTH_AN_IDLE_WORKER = 0.2
"""Chance to overtake the leader from which on a trial goes on beside others that run. Below, what these tell
next may settle the matter for nothing. On recorded curves 0.2 costs what waiting always would, in two thirds
of the time; 0.1 costs 4 % more iterations (docs/decisions/0006-stopping.md)."""

_ROUNDING = 1e-9  # of sums of shares


@dataclass(frozen=True)
class Choice:
    """A paused trial, and why it is the one to go on."""

    trial_id: str
    reason: str


class Aim(Protocol):
    """What the iterations are to be spent on."""

    def choose(
        self, curves: Sequence[Curve], rungs: tuple[int, ...], chances: Mapping[str, float], left: float
    ) -> Choice | None:
        """The paused trial that serves the aim best; None if that is not worth its iterations now.

        Args:
            curves: of all trials; at least one is paused, and all have come to the first rung.
            rungs: of the sweep, rising.
            chances: by trial_id, the chance of each open trial to overtake the leader.
            left: how many whole trainings may still be spent; infinite where nothing limits them.
        """
        ...


@dataclass(frozen=True)
class Winner:
    """Lets the trial go on that will most likely overtake the leader."""

    delta: float
    """Chance below which a trial is not worth its iterations, 0..1."""

    def choose(
        self, curves: Sequence[Curve], rungs: tuple[int, ...], chances: Mapping[str, float], left: float
    ) -> Choice | None:
        """The paused trial with the best chance."""
        is_busy = any(curve.running for curve in curves)
        bar = max(self.delta, WORTH_AN_IDLE_WORKER) if is_busy else self.delta
        hopeful = [curve for curve in curves if curve.open and not curve.diverged]
        ranked = sorted(hopeful, key=lambda one: (chances[one.trial_id], one.reached, one.trial_id))
        ranked.reverse()
        able = [curve for curve in ranked if _rest(curve, rungs) <= left + _ROUNDING]
        if not able and any(curve.reached == len(rungs) for curve in curves):
            return None  # what is left brings nobody to the end beside those who came there
        favourite = able[0] if able and chances[able[0].trial_id] >= 0.5 else None
        for curve in ranked:
            goes_on = curve.paused and chances[curve.trial_id] >= bar
            if goes_on and (not able or _can_be_paid(curve, favourite, rungs, left)):
                return Choice(curve.trial_id, "it has the best chance of those that wait")
        return None


def _can_be_paid(curve: Curve, favourite: Curve | None, rungs: tuple[int, ...], left: float) -> bool:
    """Whether somebody can still come to the end afterwards: a part of a training has won nothing.

    That is the favourite, beside whom the trial takes its next step; or, where the leader has finished
    already, the trial itself.
    """
    if favourite is None or favourite is curve:
        return _rest(curve, rungs) <= left + _ROUNDING
    step = (rungs[curve.reached] - rungs[curve.reached - 1]) / rungs[-1]
    return step + _rest(favourite, rungs) <= left + _ROUNDING


def _rest(curve: Curve, rungs: tuple[int, ...]) -> float:
    """Share of a training that is left to pay: of a running trial what comes after its next rung."""
    if curve.to_the_end and curve.running:
        return 0.0
    reached = min(curve.reached + curve.running, len(rungs))
    return 1 - rungs[reached - 1] / rungs[-1]


@dataclass(frozen=True)
class WholeCurve:
    """Lets the trial go on that says most about where all trials of its setting end."""

    tolerance: float
    """Expected error of the final values, mean over trials, in percent, that is good enough."""
    table: Table | None = None
    """Recorded curves in place of the package's: a benchmark leaves a task out."""

    def choose(
        self, curves: Sequence[Curve], rungs: tuple[int, ...], chances: Mapping[str, float], left: float
    ) -> Choice | None:
        """The paused trial that tells most an iteration, in the setting that is known least."""
        settings: dict[str, list[Curve]] = {}
        for curve in sorted(curves, key=lambda curve: curve.trial_id):  # sums don't hang on the order
            if not curve.diverged:
                settings.setdefault(curve.setting, []).append(curve)
        waiting = {name: own for name, own in settings.items() if any(curve.paused for curve in own)}
        if not waiting:
            return None
        known = {name: self._information(own, rungs) for name, own in waiting.items()}
        least_known = max(known, key=lambda name: (known[name].expected_error, name))
        found = known[least_known]
        if found.expected_error < self.tolerance:
            return None
        best = max(found.gains, key=lambda trial_id: (found.gains[trial_id], trial_id))
        reason = (
            f"it says most about the curve over real_ratio, whose final values are known to "
            f"{found.expected_error:.2f} points"
        )
        return Choice(best, reason)

    def _information(self, curves: Sequence[Curve], rungs: tuple[int, ...]) -> Information:
        setting = Setting("", rungs, tuple(_trial_curve(curve, rungs) for curve in curves), None)
        paused = [curve.trial_id for curve in curves if curve.paused]
        return information(setting, paused, [curve.trial_id for curve in curves if curve.running], self.table)


def _trial_curve(curve: Curve, rungs: tuple[int, ...]) -> TrialCurve:
    values = {rung: value for rung, value in zip(rungs, curve.values, strict=True) if math.isfinite(value)}
    return TrialCurve(curve.trial_id, curve.arm, curve.real_ratio, 0, values)
