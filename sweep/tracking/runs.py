"""Writing runs: find, make, fill and close them. Every call can be repeated safely."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import time as seconds_now
from typing import Literal, TypeVar

from mlflow.entities import LifecycleStage, Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from sweep.tracking.client import writing_client
from sweep.tracking.target import TrackingTarget

RunStatus = Literal["SCHEDULED", "RUNNING", "FINISHED", "KILLED", "FAILED"]

T = TypeVar("T")

_MOST_METRICS_A_BATCH = 1000  # MLflow's limits
_MOST_PARAMS_A_BATCH = 100
_MOST_TAGS_A_BATCH = 100
_LONGEST_PARAM = 6000


@dataclass(frozen=True)
class Point:
    """A value of a metric at an iteration."""

    key: str
    value: float
    iteration: int
    time: float
    """Seconds since the epoch."""


class RunStore:
    """Runs of one experiment. Every method may raise whatever the store raises."""

    def __init__(self, target: TrackingTarget) -> None:
        self._target = target
        self._client = writing_client(target)
        self._experiment_id = self._experiment()
        self._status: dict[str, RunStatus] = {}
        self._written: dict[str, set[tuple[str, int]]] = {}
        self._tags: dict[str, dict[str, str]] = {}

    def find(self, tags: dict[str, str]) -> str | None:
        """Id of the run that carries all `tags`, deleted ones left out."""
        wanted = " and ".join(f"tags.`{key}` = '{value}'" for key, value in tags.items())
        runs = self._client.search_runs([self._experiment_id], filter_string=wanted, max_results=1)
        return runs[0].info.run_id if runs else None

    def exists(self, run_id: str) -> bool:
        """Whether the run is there and was not deleted: nothing can be written to a deleted one."""
        try:
            run = self._client.get_run(run_id)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return False
            raise
        return bool(run.info.lifecycle_stage == LifecycleStage.ACTIVE)

    def create(self, name: str, tags: dict[str, str], parent: str | None, time: float) -> str:
        """Id of a new run, which is RUNNING."""
        if parent is not None:
            tags = {**tags, MLFLOW_PARENT_RUN_ID: parent}
        run = self._client.create_run(
            self._experiment_id, start_time=_milliseconds(time), tags=tags, run_name=name
        )
        self._written[run.info.run_id] = set()
        return str(run.info.run_id)

    def params(self, run_id: str, params: dict[str, str]) -> None:
        """Writes parameters; the same again changes nothing."""
        entities = [Param(key, value[:_LONGEST_PARAM]) for key, value in params.items()]
        for batch in _batches(entities, _MOST_PARAMS_A_BATCH):
            self._client.log_batch(run_id, params=batch, synchronous=True)

    def points(self, run_id: str, points: Iterable[Point]) -> None:
        """Writes the points that the run does not have yet."""
        written = self._points_of(run_id)
        new = {(point.key, point.iteration): point for point in points}
        missing = [point for place, point in new.items() if place not in written]
        metrics = [
            Metric(point.key, point.value, _milliseconds(point.time), point.iteration) for point in missing
        ]
        for batch in _batches(metrics, _MOST_METRICS_A_BATCH):
            self._client.log_batch(run_id, metrics=batch, synchronous=True)
            written.update((metric.key, metric.step) for metric in batch)

    def answers(self, run_id: str, values: Mapping[str, float], iteration: int) -> None:
        """Writes metrics that may change as trials are added; the same again changes nothing."""
        known = self._client.get_run(run_id).data.metrics
        now = _milliseconds(seconds_now())
        metrics = [
            Metric(key, value, now, iteration) for key, value in values.items() if known.get(key) != value
        ]
        for batch in _batches(metrics, _MOST_METRICS_A_BATCH):
            self._client.log_batch(run_id, metrics=batch, synchronous=True)

    def tags(self, run_id: str, tags: dict[str, str]) -> None:
        """Writes tags over those of the same name; those that this object has written already are left."""
        written = self._tags.setdefault(run_id, {})
        entities = [RunTag(key, value) for key, value in tags.items() if written.get(key) != value]
        for batch in _batches(entities, _MOST_TAGS_A_BATCH):
            self._client.log_batch(run_id, tags=batch, synchronous=True)
            written.update((tag.key, tag.value) for tag in batch)

    def has_tag(self, run_id: str, key: str) -> bool:
        """Whether the run carries the tag in the store."""
        return key in self._client.get_run(run_id).data.tags

    def status(self, run_id: str, status: RunStatus, time: float | None = None) -> None:
        """Opens a run again with RUNNING, or SCHEDULED if nobody is at work on it, or ends it."""
        if self._status.get(run_id) == status:
            return
        if status in ("RUNNING", "SCHEDULED"):
            self._client.update_run(run_id, status=status)
        else:
            self._client.set_terminated(run_id, status, _milliseconds(time) if time else None)
        self._status[run_id] = status

    def text(self, run_id: str, text: str, file: str) -> None:
        """Writes a text artifact."""
        self._client.log_text(run_id, text, file)

    def folder(self, run_id: str, folder: Path, artifact_path: str) -> None:
        """Writes a folder of artifacts."""
        self._client.log_artifacts(run_id, str(folder), artifact_path)

    def _points_of(self, run_id: str) -> set[tuple[str, int]]:
        """What is there already: asked once a run, after a restart."""
        if run_id not in self._written:
            keys = self._client.get_run(run_id).data.metrics
            histories = (self._client.get_metric_history(run_id, key) for key in keys)
            self._written[run_id] = {(m.key, m.step) for history in histories for m in history}
        return self._written[run_id]

    def _experiment(self) -> str:
        found = self._client.get_experiment_by_name(self._target.experiment)
        if found is not None:
            return str(found.experiment_id)
        return str(
            self._client.create_experiment(self._target.experiment, artifact_location=self._target.artifacts)
        )


def _milliseconds(time: float) -> int:
    return int(time * 1000)


def _batches(items: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
