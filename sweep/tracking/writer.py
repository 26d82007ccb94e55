"""Turns the events of a ledger into MLflow runs."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sweep.analysis import analyse, telling_rung
from sweep.errors import StorageError
from sweep.ledger import Ledger
from sweep.ledger.events import (
    DriverEnded,
    DriverStarted,
    Event,
    RunsImported,
    RunTracked,
    SweepOutcome,
    TrialEvent,
    TrialProgressed,
    TrialReported,
)
from sweep.ledger.state import SweepState, TrialState, TrialStatus, replay
from sweep.results import comparability
from sweep.storage import SweepFolder
from sweep.tracking.answers import audit_metrics, fit_metrics, fit_tags
from sweep.tracking.carried import CarriedLines
from sweep.tracking.notes import NOTE, sweep_note
from sweep.tracking.runs import Point, RunStatus, RunStore
from sweep.tracking.tags import trial_tags
from sweep.tracking.target import TrackingTarget
from sweep.tracking.values import class_points, flat, mixture_points

_TRIAL_STATUS: dict[TrialStatus, RunStatus] = {
    "planned": "RUNNING",
    "running": "RUNNING",
    "paused": "RUNNING",  # it is not over, though no process has it
    "finished": "FINISHED",
    "stopped": "KILLED",
    "interrupted": "KILLED",
    "failed": "FAILED",
}
_SWEEP_STATUS: dict[SweepOutcome | None, RunStatus] = {
    None: "RUNNING",
    "completed": "FINISHED",
    "interrupted": "KILLED",
    "budget": "KILLED",
    "failed": "FAILED",
}


class LedgerWriter:
    """Writes all events of a ledger from the first on, in any number of goes, each event any number of times.
    The store ends up the same.

    Methods raise what the store raises; the caller tries the same events again later.
    """

    def __init__(self, ledger: Ledger, target: TrackingTarget) -> None:
        self._ledger = ledger
        self._target = target
        self._store = RunStore(target)
        self._open: set[str] = set()
        self._carried = CarriedLines()

    def write(self, state: SweepState, events: Sequence[Event]) -> None:
        """Brings the store up to `events`; `state` is that of the ledger after them."""
        self._carried.add(events)
        parent = self._parent_run(state)
        by_trial: dict[str, list[TrialEvent]] = {}
        if any(isinstance(event, DriverStarted | DriverEnded | RunsImported) for event in events):
            by_trial = {name: [] for name, trial in state.trials.items() if trial.ended is None}
            self._write_sweep_status(state, parent)
        for event in events:
            if isinstance(event, TrialEvent):
                by_trial.setdefault(event.trial_id, []).append(event)
        for trial_id, news in by_trial.items():
            if _has_run(state.trials[trial_id]):
                self._write_trial(state, parent, state.trials[trial_id], news)
        without_run = [name for name, trial in state.trials.items() if not _has_run(trial)]
        self._store.tags(parent, self._carried.of_sweep(without_run))  # last: it vouches for the trials

    def write_report(self, state: SweepState, folder: SweepFolder) -> None:
        """Tables and figures as artifacts of the parent run, if there are any yet, and what was fitted."""
        if folder.report.is_dir():
            parent, analysis = self._parent_run(state), analyse(state, telling_rung(state))
            self._store.folder(parent, folder.report, "report")
            self._store.answers(parent, fit_metrics(analysis) | audit_metrics(state), analysis.rung)
            self._store.tags(parent, fit_tags(state, analysis) | {NOTE: sweep_note(state, analysis)})
        if state.created.spec["tracking"].get("log_models"):  # a key that old ledgers do not have
            for trial in state.own_trials.values():
                if trial.status == "finished":
                    self._write_model(state, trial, folder)

    def _write_model(self, state: SweepState, trial: TrialState, folder: SweepFolder) -> None:
        """Once: a model that is there is the trial's."""
        from sweep.tracking.models import MODEL_TAG, model_folder, model_uri  # torch takes seconds to import

        run_id = self._trial_run(state, self._parent_run(state), trial)
        if self._store.has_tag(run_id, MODEL_TAG):
            return
        with tempfile.TemporaryDirectory(prefix="segsweep-mlflow-") as temporary:
            model = model_folder(state, trial, folder, Path(temporary))
            if model is not None:
                self._store.folder(run_id, model, model.name)
                self._store.tags(run_id, {MODEL_TAG: model_uri(run_id)})

    def _write_trial(
        self, state: SweepState, parent: str, trial: TrialState, news: Sequence[TrialEvent]
    ) -> None:
        run_id = self._trial_run(state, parent, trial)
        self._store.points(run_id, _points(state, news))
        self._store.tags(run_id, trial_tags(state, trial) | self._carried.of_trial(trial.trial_id))
        self._store.status(run_id, _run_status(state, trial), _end_time(state, trial))

    def _write_sweep_status(self, state: SweepState, parent: str) -> None:
        if not state.drivers and state.outcome is None:
            self._store.tags(parent, {"segsweep.status": "not started"})
            self._store.status(parent, "SCHEDULED")
            return
        ended = state.drivers[-1].ended if state.drivers else None
        tags = {"segsweep.status": state.outcome or "running"} | (
            {"segsweep.reason": ended.reason} if ended else {}
        )
        self._store.tags(parent, tags)
        self._store.status(parent, _SWEEP_STATUS[state.outcome], ended.time if ended else None)

    def _parent_run(self, state: SweepState) -> str:
        created = state.created
        tags = {
            "segsweep.sweep_id": created.sweep_id,
            "segsweep.kind": "sweep",
            **_SOURCE,
            "segsweep.protocol_id": created.protocol_id,
            "segsweep.regime_id": created.regime_id,
            "segsweep.provenance": state.provenance,
            **{f"segsweep.version.{name}": version for name, version in created.versions.items()},
        }
        if created.git_revision:
            tags["mlflow.source.git.commit"] = created.git_revision
        run_id, is_new = self._run(state, None, created.name, tags, None)
        if is_new:
            self._store.params(run_id, flat({key: created.spec[key] for key in _SECTIONS}))
            self._store.text(run_id, created.spec_text, "spec.yaml")
            self._store.text(run_id, json.dumps(created.spec, indent=2), "spec_resolved.json")
        return run_id

    def _trial_run(self, state: SweepState, parent: str, trial: TrialState) -> str:
        planned = trial.planned
        tags = {
            "segsweep.sweep_id": state.created.sweep_id,
            "segsweep.kind": "trial",
            **_SOURCE,
            "segsweep.trial_id": planned.trial_id,
            "segsweep.arm": planned.arm,
            **{f"segsweep.{key}": value for key, value in comparability(state, trial).items()},
        }
        name = f"{planned.arm} seed={planned.seed}" + (" (imported)" if trial.imported else "")
        run_id, is_new = self._run(state, planned.trial_id, name, tags, parent)
        if is_new:  # of an imported trial nobody knows what was fixed
            fixed = {} if trial.imported else flat({key: state.created.spec[key] for key in _SECTIONS})
            searched = {key: str(value) for key, value in planned.parameters.items()}
            self._store.params(run_id, {**fixed, **searched, "seed": str(planned.seed)})
        return run_id

    def _run(
        self, state: SweepState, trial_id: str | None, name: str, tags: dict[str, str], parent: str | None
    ) -> tuple[str, bool]:
        """The run of a trial, or with None of the sweep, and whether its parameters may be missing."""
        known = state.runs.get(trial_id)
        if known is not None and known.run_id in self._open:
            return known.run_id, False
        if known is not None and self._store.exists(known.run_id):
            self._open.add(known.run_id)
            return known.run_id, True
        identity = {key: tags[key] for key in _IDENTITY if key in tags}
        begin = state.trials[trial_id].began if trial_id is not None else None
        run_id = self._store.find(identity) or self._store.create(
            name, tags, parent, begin or state.created.time
        )
        self._remember(state, trial_id, run_id)
        return run_id, True

    def _remember(self, state: SweepState, trial_id: str | None, run_id: str) -> None:
        event = RunTracked(trial_id=trial_id, run_id=run_id, tracking_uri=self._target.public_uri)
        state.apply(self._ledger.append(event))
        self._open.add(run_id)


_SOURCE = {"mlflow.source.name": "sweep run", "mlflow.source.type": "LOCAL"}
_SECTIONS = ("data", "model", "training")
_IDENTITY = ("segsweep.sweep_id", "segsweep.kind", "segsweep.trial_id")


def sync(folder: SweepFolder, target: TrackingTarget) -> SweepState:
    """Writes whatever the store misses out of the whole ledger; the caller holds `folder.locked()`.

    Raises:
        StorageError: the store cannot be reached or written.
    """
    ledger = Ledger(folder.ledger)
    events = list(ledger.read())
    state = replay(events)
    if state.drivers and state.outcome is None:  # killed: nobody holds the sweep, so nothing of it is running
        last = DriverEnded(outcome="interrupted", reason="its driver was killed", time=events[-1].time)
        state.apply(last)
        events.append(last)
    try:
        writer = LedgerWriter(ledger, target)
        writer.write(state, events)
        writer.write_report(state, folder)
    except Exception as error:
        reason = target.reason_of(error)
        raise StorageError(f"MLflow at {target.public_uri} cannot be written: {reason}") from error
    return state


def _has_run(trial: TrialState) -> bool:
    """Whether it is worth a run: a process began to train it, or it was trained elsewhere."""
    return trial.attempts > 0 or trial.imported is not None


def _run_status(state: SweepState, trial: TrialState) -> RunStatus:
    """A paused trial goes on only while somebody drives its sweep."""
    if trial.status == "paused" and state.outcome is not None:
        return "KILLED"
    return _TRIAL_STATUS[trial.status]


def _end_time(state: SweepState, trial: TrialState) -> float | None:
    if trial.ended is not None:
        return trial.ended.time
    driver = state.drivers[-1].ended if state.drivers else None
    return driver.time if driver is not None else None


def _points(state: SweepState, events: Sequence[TrialEvent]) -> Iterator[Point]:
    classes: list[str] = state.created.spec["data"]["classes"]
    for event in events:
        values: dict[str, Any] = {}
        match event:
            case TrialProgressed():
                values = {"train_loss": event.train_loss, "lr": event.lr}
            case TrialReported():
                reported = {key: value for key, value in event.metrics.items() if key != "train_loss"}
                values = reported | mixture_points(event.mixture) | class_points(event.counts, classes)
                values |= {f"time/{kind}": seconds for kind, seconds in event.spent.items()}
            case _:
                continue
        for key, value in values.items():
            if not math.isinf(value):  # MLflow's charts cannot draw it
                yield Point(key, float(value), event.iteration, event.time)
