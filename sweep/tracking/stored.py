"""Reading runs that are there. Makes and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlflow.entities import LifecycleStage, Metric, Run

from sweep.errors import StorageError, SweepNotFoundError
from sweep.tracking.client import reading_client
from sweep.tracking.target import TrackingTarget

_RUNS_A_PAGE = 100


@dataclass(frozen=True)
class StoredRun:
    """A run as the store tells it."""

    run_id: str
    name: str
    start: float
    """Seconds since the epoch."""
    is_running: bool
    tags: Mapping[str, str]


class StoredRuns:
    """The runs of one experiment.

    Raises StorageError if the store cannot be read, SweepNotFoundError if it has no such experiment.
    """

    def __init__(self, target: TrackingTarget) -> None:
        self._target = target
        try:
            self._client = reading_client(target)
            found = self._client.get_experiment_by_name(target.experiment)
            active = found is not None and found.lifecycle_stage == LifecycleStage.ACTIVE
            known = [] if active else [other.name for other in self._client.search_experiments()]
        except Exception as error:
            raise self._unreadable(error) from error
        if found is None or not active:
            raise SweepNotFoundError(
                f"no experiment {target.experiment!r} in MLflow at {target.public_uri}; experiments there: "
                f"{', '.join(known) or 'none'}. Another is named with --experiment"
            )
        self._experiment_id = found.experiment_id

    def having(self, tags: Mapping[str, str]) -> list[StoredRun]:
        """The runs that have all these tags, deleted ones left out. Raises StorageError."""
        try:
            return list(self._search(tags))
        except Exception as error:
            raise self._unreadable(error) from error

    def whole(self) -> list[Run]:
        """All runs of the experiment with their parameters and last metrics, oldest first. Raises
        StorageError."""
        try:
            return sorted(self._pages(""), key=lambda run: run.info.start_time)
        except Exception as error:
            raise self._unreadable(error) from error

    def history(self, run: Run, metric: str) -> list[Metric]:
        """Every value of a metric of a run, in the order of their writing. Raises StorageError."""
        try:
            return list(self._client.get_metric_history(run.info.run_id, metric))
        except Exception as error:
            raise self._unreadable(error) from error

    def _search(self, tags: Mapping[str, str]) -> Iterator[StoredRun]:
        wanted = " and ".join(f"tags.`{key}` = '{value}'" for key, value in tags.items())
        yield from map(_stored, self._pages(wanted))

    def _pages(self, wanted: str) -> Iterator[Run]:
        token: str | None = None
        while True:
            page = self._client.search_runs(
                [self._experiment_id], filter_string=wanted, max_results=_RUNS_A_PAGE, page_token=token
            )
            yield from page
            token = page.token
            if not token:
                return

    def _unreadable(self, error: Exception) -> StorageError:
        reason = self._target.reason_of(error)
        return StorageError(f"MLflow at {self._target.public_uri} cannot be read: {reason}")


def _stored(run: Run) -> StoredRun:
    info = run.info
    return StoredRun(
        run_id=info.run_id,
        name=info.run_name,
        start=info.start_time / 1000,
        is_running=info.status == "RUNNING",
        tags=run.data.tags,
    )
