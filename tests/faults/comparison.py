"""A disturbed sweep held against an undisturbed one of the same spec."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from mlflow import MlflowClient

from sweep.ledger import SweepState, replay
from sweep.ledger.events import (
    Event,
    SweepCreated,
    TrialProgressed,
    TrialReported,
    TrialStarted,
)
from tests.faults.case import Expected, Result
from tests.faults.stage import Stage

_RUN_STATUS = {"finished": "FINISHED", "stopped": "KILLED", "failed": "FAILED"}

TrialKey = tuple[str, int]
"""Name of the arm and seed: ids may be others where another trial stands beside them."""


def result_of(stage: Stage, expected: Expected, undisturbed: SweepState | None) -> Result:
    """All that is measured of a case; `undisturbed` is None where no sweep comes of it."""
    plain = Result(
        codes=tuple(stage.codes),
        said=stage.said(expected.says),
        traceback="Traceback" in stage.output,
    )
    if undisturbed is None:
        return plain
    events = stage.events()
    state = replay(events)
    own, wanted = _reports(state), _reports(undisturbed)
    ended, ends = _ends(state), _ends(undisturbed)
    both = own.keys() & wanted.keys()
    lost = [key for key in ends if ended.get(key) != ends[key]]
    return Result(
        codes=plain.codes,
        said=plain.said,
        traceback=plain.traceback,
        lost_trials=tuple(f"{arm} seed={seed}: {ended.get((arm, seed))}" for arm, seed in lost),
        lost_reports=sum(key[:2] not in lost for key in wanted.keys() - own.keys()),
        again=sum(_trained_again(events)),
        twice=(*_reports_twice(events), *_wrong_in_mlflow(stage, state)),
        changed=tuple(str(key) for key in sorted(both) if own[key] != wanted[key]),
        attempts=max(trial.attempts for trial in state.trials.values()),
        seconds=stage.seconds_until_it_went_on(),
    )


def _ends(state: SweepState) -> dict[TrialKey, tuple[str, int]]:
    """How every trial ended, and at which iteration."""
    trials = state.trials.values()
    return {(trial.arm, trial.planned.seed): (trial.status, trial.iteration) for trial in trials}


def _reports(state: SweepState) -> dict[tuple[str, int, int], str]:
    """Metrics and pixel counts of every report, as text: NaN equals NaN there."""
    return {
        (trial.arm, trial.planned.seed, iteration): repr((report.metrics, report.mixture, report.counts))
        for trial in state.trials.values()
        for iteration, report in trial.reports.items()
    }


def _trained_again(events: list[Event]) -> Iterator[int]:
    """Of every new attempt, how many known iterations lie after the checkpoint that it began from."""
    known: Counter[str] = Counter()
    for event in events:
        match event:
            case TrialStarted():
                yield max(0, known[event.trial_id] - event.iteration)
            case TrialProgressed() | TrialReported():
                known[event.trial_id] = max(known[event.trial_id], event.iteration)


def _reports_twice(events: list[Event]) -> Iterator[str]:
    reports = Counter((one.trial_id, one.iteration) for one in events if isinstance(one, TrialReported))
    yield from (f"report {key}" for key, count in reports.items() if count > 1)
    if sum(isinstance(event, SweepCreated) for event in events) != 1:
        yield "the sweep itself"


def _wrong_in_mlflow(stage: Stage, state: SweepState) -> Iterator[str]:
    """One run for the sweep, one for every trial that began, and every value once."""
    if not state.created.spec["tracking"]["enabled"]:
        return
    client = MlflowClient(stage.tracking_uri)
    experiment = client.get_experiment_by_name("segsweep")
    if experiment is None:
        yield "MLflow has nothing"
        return
    own = f"tags.`segsweep.sweep_id` = '{state.created.sweep_id}'"
    runs = client.search_runs([experiment.experiment_id], own)
    by_trial = Counter(run.data.tags.get("segsweep.trial_id", "the sweep") for run in runs)
    begun = [trial_id for trial_id, trial in state.trials.items() if trial.attempts]
    wrong = (one for one in ("the sweep", *begun) if by_trial[one] != 1)
    yield from (f"MLflow runs of {one}: {by_trial[one]}" for one in wrong)
    for run in runs:
        if trial_id := run.data.tags.get("segsweep.trial_id"):
            steps = [point.step for point in client.get_metric_history(run.info.run_id, "val_miou")]
            if sorted(steps) != sorted(state.trials[trial_id].reports):
                yield f"MLflow points of {trial_id}: {sorted(steps)}"
            status = state.trials[trial_id].status
            if run.info.status != _RUN_STATUS.get(status, "KILLED"):
                yield f"MLflow run of {trial_id}: {run.info.status}, and the trial {status}"
