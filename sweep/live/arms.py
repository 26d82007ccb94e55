"""The state of every arm in a line."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from sweep.ledger.state import SweepState, TrialState
from sweep.results import baseline_arms, comparable, is_control_trial, metric_of, reference_of


@dataclass(frozen=True, kw_only=True)
class ArmLine:
    """One arm."""

    arm: str
    real_ratio: float
    is_baseline: bool
    statuses: tuple[str, ...]
    """Of its trials, in the order of the plan."""
    iteration: int
    """That its furthest trial has come to."""
    at: int | None
    """Where it was measured last, if possible together with its baseline; None before any report."""
    value: float | None
    """Mean of the metric there, over its seeds."""
    difference: float | None
    """From its baseline at the same iteration, over the seeds that both have there, if any, else over all."""
    why: str
    """Why a trial is out of the running: the newest reason; empty if all run on."""


def arm_lines(state: SweepState) -> list[ArmLine]:
    """From the most real images to the fewest; arms of other parameters in the order of the plan."""
    arms: dict[str, list[TrialState]] = {}
    for trial in state.trials.values():
        arms.setdefault(trial.arm, []).append(trial)
    baselines, metric, compared = baseline_arms(state), metric_of(state), comparable(state).trials
    lines = []
    for arm, trials in arms.items():
        parameters = trials[0].planned.parameters
        reference = reference_of(arm, parameters, baselines)
        peers = arms[reference] if reference is not None and reference != arm else []
        own, theirs = (
            [one for one in some if one.trial_id in compared or is_control_trial(one)]
            for some in (trials, peers)
        )
        at = _newest(own, theirs)
        values = _values(own, at, metric)
        lines.append(
            ArmLine(
                arm=arm,
                real_ratio=float(parameters["real_ratio"]),
                is_baseline=arm in baselines,
                statuses=tuple(trial.status for trial in trials),
                iteration=max(trial.iteration for trial in trials),
                at=at,
                value=_mean(values),
                difference=_difference(values, _values(theirs, at, metric)),
                why=_why(trials),
            )
        )
    return sorted(lines, key=lambda line: -line.real_ratio)


def _newest(trials: list[TrialState], peers: list[TrialState]) -> int | None:
    own = {iteration for trial in trials for iteration in trial.reports}
    shared = own & {iteration for trial in peers for iteration in trial.reports}
    return max(shared or own, default=None)


def _values(trials: list[TrialState], at: int | None, metric: str) -> dict[int, float]:
    """By seed; of two trials with one seed that of the first."""
    values: dict[int, float] = {}
    for trial in trials:
        if at is not None and at in trial.reports:
            values.setdefault(trial.planned.seed, trial.reports[at].metrics.get(metric, math.nan))
    return values


def _mean(values: Mapping[int, float]) -> float | None:
    return math.fsum(values.values()) / len(values) if values else None


def _difference(own: Mapping[int, float], theirs: Mapping[int, float]) -> float | None:
    if not own or not theirs:
        return None
    seeds = own.keys() & theirs.keys()
    if seeds:
        return math.fsum(own[seed] - theirs[seed] for seed in seeds) / len(seeds)
    return math.fsum(own.values()) / len(own) - math.fsum(theirs.values()) / len(theirs)


def _why(trials: list[TrialState]) -> str:
    out = [trial for trial in trials if trial.status in ("stopped", "failed", "paused")]
    if not out:
        return ""
    last = max(out, key=_when)
    if last.status == "paused" or last.ended is None:
        return f"paused at {last.iteration}"
    judged = last.judged.get(last.ended.iteration)
    if judged is not None and judged.cutoff is not None and last.status == "stopped":
        return f"{judged.value:.2f} < {judged.cutoff:.2f} at {last.iteration}"
    return last.ended.reason


def _when(trial: TrialState) -> float:
    if trial.ended is not None:
        return trial.ended.time
    return trial.judged[max(trial.judged)].time if trial.judged else 0.0
