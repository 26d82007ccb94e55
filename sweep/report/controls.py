"""What a report says first: whether the sweep passes its controls."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sweep.curves.controls import ArmValues, ControlVerdict, judge_controls
from sweep.curves.noise import noise_at
from sweep.ledger.state import SweepState, TrialState
from sweep.plan import arm_name
from sweep.report import markdown
from sweep.report.cells import number, signed
from sweep.results import is_control_trial, metric_of, rungs_of, supposed_noise
from sweep.spec.space import CONTROL, REAL_RATIO, identity
from trainables.contract import Control


def controls_section(state: SweepState) -> str:
    """Headline, reasons and a table in Markdown; empty for a sweep without controls."""
    verdicts = control_verdicts(state)
    if not verdicts:
        return ""
    parts = [f"**{_headline(verdicts)}**", markdown.bullets(map(markdown.cell, map(_in_words, verdicts)))]
    rows = control_rows(verdicts)
    if rows:
        difference = f"difference in {metric_of(state)} from all real (95 % interval)"
        headings = ["control", REAL_RATIO, "seeds", metric_of(state), difference]
        parts.append(markdown.table(headings, rows, text=("control",)))
    return "\n\n".join(parts)


def controls_lines(state: SweepState) -> list[str]:
    """Headline and reasons, a paragraph each, for a terminal; none for a sweep without controls."""
    verdicts = control_verdicts(state)
    return [_headline(verdicts), *(f"- {_in_words(verdict)}" for verdict in verdicts)] if verdicts else []


def controls_json(state: SweepState) -> list[dict[str, Any]]:
    """Each control's outcome and reason as plain values; empty for a sweep without controls."""
    return [
        {"control": verdict.control, "outcome": verdict.outcome, "reason": verdict.reason}
        for verdict in control_verdicts(state)
    ]


def control_verdicts(state: SweepState) -> tuple[ControlVerdict, ...]:
    """The verdict on every control of the sweep, by the judged metric at the last iteration.

    Controls are held against the arm that has all their parameters, but real images alone. The noise is that
    within the arms of the search and the copies; noise images are left out, whose scores mean nothing.
    """
    trials = [trial for trial in state.trials.values() if is_control_trial(trial)]
    if not trials:
        return ()
    arms: dict[Control, list[ArmValues]] = {}
    for control, arm in dict.fromkeys((trial.planned.parameters[CONTROL], trial.arm) for trial in trials):
        arms.setdefault(control, []).append(_arm_values(state, arm))
    sd, degrees_of_freedom = _noise(state)
    all_real = _arm_values(state, _all_real_arm(state, trials[0].planned.parameters))
    return judge_controls(all_real, arms, sd, degrees_of_freedom)


def _all_real_arm(state: SweepState, control: Mapping[str, Any]) -> str:
    """Name of the arm that controls are held against, whether it was planned or not."""
    wanted = {path: value for path, value in control.items() if path != CONTROL} | {REAL_RATIO: 1.0}
    arms = {identity(trial.planned.parameters): trial.arm for trial in state.trials.values()}
    return arms.get(identity(wanted), arm_name(wanted))


def _arm_values(state: SweepState, arm: str) -> ArmValues:
    trials = [trial for trial in state.trials.values() if trial.arm == arm]
    values = {trial.planned.seed: _final_value(state, trial) for trial in trials}
    return ArmValues(
        arm=arm,
        real_ratio=trials[0].planned.parameters[REAL_RATIO] if trials else 1.0,
        values={seed: value for seed, value in values.items() if math.isfinite(value)},
        awaited=sum(trial.ended is None for trial in trials),
    )


def _final_value(state: SweepState, trial: TrialState) -> float:
    """NaN where there is none."""
    report = trial.reports.get(rungs_of(state)[-1])
    return math.nan if report is None else report.metrics.get(metric_of(state), math.nan)


def _noise(state: SweepState) -> tuple[float, float]:
    """Sd and degrees of freedom at the last iteration.

    Without repeated seeds it is a prior.
    """
    final = rungs_of(state)[-1]
    trials = [trial for trial in state.trials.values() if trial.planned.parameters.get(CONTROL) != "noise"]
    arms = {arm: _arm_values(state, arm).values for arm in dict.fromkeys(trial.arm for trial in trials)}
    present = {arm: values for arm, values in arms.items() if values}
    noise = noise_at(final, final, present, supposed_noise(state))
    return noise.sd, noise.degrees_of_freedom if noise.source == "measured" else math.inf


def _headline(verdicts: Sequence[ControlVerdict]) -> str:
    failed = [verdict.control for verdict in verdicts if verdict.outcome == "fails"]
    if failed:
        which = f"control {failed[0]} fails" if len(failed) == 1 else f"controls {' and '.join(failed)} fail"
        return f"The numbers of this sweep can't be trusted: its {which}."
    if any(verdict.outcome == "pending" for verdict in verdicts):
        return "The controls are not judged yet, so nothing vouches for the numbers of this sweep so far."
    return f"The sweep passes its controls: {', '.join(verdict.control for verdict in verdicts)}."


def _in_words(verdict: ControlVerdict) -> str:
    outcome = "is pending" if verdict.outcome == "pending" else verdict.outcome
    return f"{verdict.control} {outcome}: {verdict.reason}."


def control_rows(verdicts: Sequence[ControlVerdict]) -> list[list[str]]:
    """Control, real_ratio, seeds, mean, and difference from all-real with its interval."""
    return [
        [
            verdict.control,
            str(one.real_ratio),
            str(one.seeds),
            number(one.mean),
            f"{signed(one.value)} ({signed(one.interval[0])} to {signed(one.interval[1])})",
        ]
        for verdict in verdicts
        for one in verdict.differences
    ]
