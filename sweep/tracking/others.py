"""Runs of an MLflow experiment that somebody else's code wrote, as found trainings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlflow.entities import Run

from sweep.importers import Found, FoundRun, OurName, Refusal, Validation
from sweep.importers.names import METRICS, Renamed, renamed
from sweep.importers.ratio_names import NamedRatio, ratio_of_name
from sweep.spec.space import REAL_RATIO
from sweep.tracking.stored import StoredRuns
from sweep.tracking.target import TrackingTarget

_OURS = "segsweep.sweep_id"
_LENGTHS = ("max_iters", "iterations", "max_iterations", "training.iterations")


def found_in_mlflow(
    uris: Sequence[str],
    experiment: str,
    given: Mapping[str, OurName],
    parameters: Mapping[str, Any],
    metric: str = "val_miou",
) -> Found:
    """Every run of the experiment with such a metric, its steps taken for iterations. No artifact is read.

    real_ratio is that of a parameter, as given, or as the run's name tells. Other parameters are left out:
    nothing tells what was searched.

    Raises:
        StorageError: a store cannot be read.
        SweepNotFoundError: no such experiment.
    """
    runs: list[FoundRun] = []
    refusals: list[Refusal] = []
    digest = hashlib.sha256()
    for uri in uris:
        target = TrackingTarget(uri, experiment, None)
        reader = _Reader(target, given, parameters.get(REAL_RATIO), metric)
        for run in reader.stored.whole():
            digest.update(run.info.run_id.encode())
            found = reader.read(run)
            (runs if isinstance(found, FoundRun) else refusals).append(found)  # type: ignore[arg-type]
    notes = ("MLflow's steps are taken for iterations",) if runs else ()
    return Found(runs=tuple(runs), refusals=tuple(refusals), notes=notes, digest=digest.hexdigest())


class _Reader:
    def __init__(
        self, target: TrackingTarget, given: Mapping[str, OurName], real_ratio: float | None, metric: str
    ) -> None:
        self.stored = StoredRuns(target)
        self._place = target.public_uri
        self._given = given
        self._real_ratio = real_ratio
        self._metric = metric

    def read(self, run: Run) -> FoundRun | Refusal:
        """The training, or why it is none."""
        if _OURS in run.data.tags:
            return self._refusal(run, "is a run of a sweep of segsweep; read that with --mlflow")
        ratio = self._ratio(run)
        if ratio.value is None:
            return self._refusal(run, ratio.note)
        columns = renamed(sorted(run.data.metrics), self._given)
        validations = tuple(self._validations(run, columns))
        if not validations:
            there = ", ".join(sorted(run.data.metrics)) or "none"
            return self._refusal(
                run, f"has no {self._metric}; its metrics are: {there}. --column says which it is"
            )
        if max(one.metrics[self._metric] for one in validations) <= 1:
            return self._refusal(
                run, f"has {self._metric} as a share; --column THEIRS={self._metric}*100 mends it"
            )
        state = run.info.status
        notes = (ratio.note, "" if state == "FINISHED" else f"{state.lower()} in MLflow", *columns.notes)
        return FoundRun(
            source=self._place,
            name=run.info.run_id,
            parameters={REAL_RATIO: ratio.value},
            seed=_whole(run.data.params.get("seed")),
            validations=validations,
            iterations=next(
                (length for key in _LENGTHS if (length := _whole(run.data.params.get(key)))), None
            ),
            protocol_id=columns.protocol_id,
            notes=tuple(filter(None, (f"run {run.info.run_name}", *notes))),
        )

    def _ratio(self, run: Run) -> NamedRatio:
        names = renamed(sorted(run.data.params), self._given).names
        told = [run.data.params[theirs] for theirs, one in names.items() if one.name == REAL_RATIO]
        if told:
            return _number_or_fault(told[0])
        if self._real_ratio is not None:
            return NamedRatio(self._real_ratio, "")
        named = ratio_of_name(run.info.run_name or "")
        return named or NamedRatio(None, "nothing tells its real_ratio; say it with --set real_ratio=0.5")

    def _validations(self, run: Run, columns: Renamed) -> Iterator[Validation]:
        """At every step with the judged metric; of a step that was written twice the first value counts."""
        rows: dict[int, dict[str, float]] = {}
        times: dict[int, float] = {}
        for theirs, ours in columns.names.items():
            if ours.name in METRICS:
                for point in self.stored.history(run, theirs):
                    rows.setdefault(point.step, {}).setdefault(ours.name, point.value * ours.scale)
                    times.setdefault(point.step, point.timestamp / 1000)
        for step in sorted(rows):
            if self._metric in rows[step] and step > 0:
                seconds = max(0.0, times[step] - run.info.start_time / 1000)
                yield Validation(iteration=step, metrics=rows[step], file=self._place, seconds=seconds)

    def _refusal(self, run: Run, reason: str) -> Refusal:
        return Refusal(file=self._place, reason=f"run {run.info.run_name} ({run.info.run_id}): {reason}")


def _number_or_fault(text: str) -> NamedRatio:
    try:
        value = float(text)
    except ValueError:
        return NamedRatio(None, f"its parameter says real_ratio {text!r}, which is no number")
    if not 0 <= value <= 1:
        return NamedRatio(None, f"its parameter says real_ratio {text}; it is between 0 and 1")
    return NamedRatio(value, "")


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None
