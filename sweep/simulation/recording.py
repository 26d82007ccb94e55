"""What is replayed: the trials of a sweep that were measured at every rung. For others nothing is made up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

from sweep.errors import SourceError
from sweep.ledger.events import SweepCreated, TrialPlanned, TrialReported
from sweep.ledger.state import Provenance, SweepState, TrialState
from sweep.plan import is_baseline, is_protected, rungs
from sweep.results import baseline_arms, comparable, metric_of, rungs_of
from sweep.spec import EarlyStoppingConfig, Spec
from sweep.spec.space import identity, matches

Parameters = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Recording:
    """Trials of a sweep, whole, and what they are judged by."""

    name: str
    """Of the recorded sweep."""
    created: SweepCreated
    """First line of a simulated ledger, but for its early stopping: see `created_with`."""
    provenance: Provenance
    metric: str
    rungs: tuple[int, ...]
    """That the recorded sweep and the spec have in common; the last is the end of a training."""
    planned: Mapping[str, TrialPlanned]
    """By trial id, in the order of the plan."""
    reports: Mapping[str, tuple[TrialReported, ...]]
    """By trial id, one for every rung."""
    left_out: Mapping[str, str]
    """Why, by trial id."""
    seconds_per_iteration: Mapping[str, float]
    """By trial id, validations included where the sweep measured it; empty if nothing tells."""
    is_protected: Callable[[Parameters], bool]
    is_baseline: Callable[[Parameters], bool]
    remarks: tuple[str, ...]
    """What the user should know of the choice of rungs, trials and baseline."""

    @cached_property
    def curves(self) -> dict[str, tuple[float, ...]]:
        """By trial id, the judged metric at every rung."""
        return {
            trial_id: tuple(report.metrics[self.metric] for report in reports)
            for trial_id, reports in self.reports.items()
        }

    def created_with(self, config: EarlyStoppingConfig) -> SweepCreated:
        """The first line of the ledger of a sweep with this early stopping."""
        section = {**config.model_dump(mode="json"), "rungs": list(self.rungs[:-1])}
        return replace(self.created, spec={**self.created.spec, "early_stopping": section})


def recording_of(state: SweepState, spec: Spec) -> Recording:
    """What of a recorded sweep can be replayed under a spec's early stopping.

    Protected arms and the baseline are the spec's, or the recorded sweep's where that has not the spec's
    baseline; so is the metric. Controls are left out: no rule touches them.

    Raises:
        SourceError: the two have no rung in common before the end, or fewer than two trials are whole.
    """
    common, about_rungs = _common_rungs(state, spec)
    searched = comparable(state)
    metric = _metric(searched, spec)
    missing = {one.trial_id: _missing(one, common, metric) for one in searched.trials.values()}
    left_out = {trial_id: why for trial_id, why in missing.items() if why}
    whole = {trial_id: searched.trials[trial_id] for trial_id in missing.keys() - left_out.keys()}
    whole = {trial_id: trial for trial_id, trial in searched.trials.items() if trial_id in whole}
    _must_be_several(state, whole, left_out)
    protected, baseline, about_baseline = _judged_apart(searched, spec)
    remarks = (about_rungs, _about(left_out), _about_selection(searched, left_out), about_baseline)
    return Recording(
        name=state.created.name,
        created=_created(state, spec, common, metric),
        provenance=state.provenance,
        metric=metric,
        rungs=common,
        planned={trial_id: trial.planned for trial_id, trial in whole.items()},
        reports={
            trial_id: tuple(trial.reports[rung] for rung in common) for trial_id, trial in whole.items()
        },
        left_out=left_out,
        seconds_per_iteration=_pace(whole, common[-1], spec),
        is_protected=protected,
        is_baseline=baseline,
        remarks=tuple(filter(None, remarks)),
    )


def _common_rungs(state: SweepState, spec: Spec) -> tuple[tuple[int, ...], str]:
    """The recorded sweep's that the spec has too, and its end; and in words where the two differ."""
    recorded, wanted = rungs_of(state), rungs(spec)
    common = (*(rung for rung in recorded[:-1] if rung in wanted), recorded[-1])
    if len(common) == 1 and len(wanted) > 1:
        raise SourceError(
            f"early_stopping.rungs are {_listed(wanted)}, and {state.created.name!r} was measured at "
            f"{_listed(recorded)}: none in common before the end. To take those of the recorded sweep: --set "
            f"training.iterations={recorded[-1]} --set 'early_stopping.rungs=[{_listed(recorded[:-1])}]'"
        )
    if recorded == wanted:
        return common, ""
    return common, (
        f"The recorded sweep's rungs are {_listed(recorded)}, the spec's {_listed(wanted)}: replayed at "
        f"{_listed(common)}."
    )


def _metric(searched: SweepState, spec: Spec) -> str:
    reports = (report for trial in searched.trials.values() for report in trial.reports.values())
    has_it = any(spec.search.metric in report.metrics for report in reports)
    return spec.search.metric if has_it else metric_of(searched)


def _missing(trial: TrialState, common: tuple[int, ...], metric: str) -> str:
    """Why the trial cannot be replayed; empty if it can."""
    missing = [
        rung for rung in common if rung not in trial.reports or metric not in trial.reports[rung].metrics
    ]
    return f"{trial.status}, no {metric} at {_listed(missing)}" if missing else ""


def _must_be_several(state: SweepState, whole: Mapping[str, Any], left_out: Mapping[str, str]) -> None:
    if len(whole) < 2:
        raise SourceError(
            f"{len(whole)} of {len(whole) + len(left_out)} trials of {state.created.name!r} were measured at "
            "every rung up to the end, and a replay needs 2; values are not made up. "
            f"{_about(left_out)}".strip()
        )


def _about(left_out: Mapping[str, str]) -> str:
    if not left_out:
        return ""
    each = "; ".join(f"{trial_id} ({why})" for trial_id, why in left_out.items())
    return f"Left out, since their curves are not whole and nothing is made up: {each}."


def _about_selection(searched: SweepState, left_out: Mapping[str, str]) -> str:
    if not any(searched.trials[trial_id].status in ("stopped", "paused") for trial_id in left_out):
        return ""
    return (
        "Early stopping chose who is left: those that did well. So this says little about stopping; a sweep "
        "with early_stopping.name none would."
    )


def _judged_apart(
    searched: SweepState, spec: Spec
) -> tuple[Callable[[Parameters], bool], Callable[[Parameters], bool], str]:
    """Who is protected, who is the baseline, and what the user should know of it."""
    arms = {trial.arm: trial.planned.parameters for trial in searched.trials.values()}
    if any(is_baseline(spec, parameters) for parameters in arms.values()):
        protected = {identity(one) for one in arms.values() if is_protected(spec, one)}
        baseline = {identity(one) for one in arms.values() if is_baseline(spec, one)}
        return partial(_is_among, protected), partial(_is_among, baseline), ""
    recorded = baseline_arms(searched)
    points = [*spec.early_stopping.protect, *searched.created.spec["early_stopping"].get("protect", ())]
    baseline = {identity(parameters) for parameters in recorded.values()}
    protected = {identity(one) for one in arms.values() if any(matches(one, point) for point in points)}
    names = ", ".join(recorded) or "no trial"
    return (
        partial(_is_among, baseline | protected),
        partial(_is_among, baseline),
        f"No trial belongs to the spec's baseline; it is taken from the recorded sweep: {names}.",
    )


def _is_among(known: set[str], parameters: Parameters) -> bool:
    return identity(parameters) in known


def _pace(whole: Mapping[str, TrialState], end: int, spec: Spec) -> dict[str, float]:
    """Seconds per iteration: as each trial measured it, else as the spec says of all, else nothing."""
    measured = {trial_id: trial.reports[end].seconds / end for trial_id, trial in whole.items()}
    if all(seconds > 0 for seconds in measured.values()):
        return measured
    supposed = spec.resources.seconds_per_iteration
    return dict.fromkeys(whole, supposed) if supposed else {}


def _created(state: SweepState, spec: Spec, common: tuple[int, ...], metric: str) -> SweepCreated:
    recorded = state.created.spec
    arms = (trial.planned.parameters for trial in comparable(state).trials.values())
    baseline = spec.baseline if any(is_baseline(spec, one) for one in arms) else recorded["baseline"]
    return replace(
        state.created,
        spec={
            **recorded,
            "training": {**recorded["training"], "iterations": common[-1]},
            "search": {**recorded["search"], "metric": metric},
            "baseline": dict(baseline),
            "controls": [],
        },
    )


def _listed(values: Iterator[int] | tuple[int, ...] | list[int]) -> str:
    return ", ".join(map(str, values))
