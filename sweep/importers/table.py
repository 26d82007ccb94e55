"""A CSV of measurements as the state of a sweep: everything that is computed from a sweep, from a file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sweep.errors import Fault, TableError
from sweep.importers.columns import Columns, Measurement
from sweep.importers.csv_file import content_of, rows_of
from sweep.ledger import FORMAT, SweepState, replay
from sweep.ledger.events import (
    DriverEnded,
    DriverStarted,
    Event,
    SweepCreated,
    SweepOutcome,
    TrialEnded,
    TrialPlanned,
    TrialReported,
    TrialStarted,
)
from sweep.plan.arms import arm_name
from sweep.spec import BudgetConfig, EarlyStoppingConfig
from sweep.spec.space import REAL_RATIO


def state_of_csv(path: Path, final: int | None = None, metric: str = "val_miou") -> SweepState:
    """The sweep that a file of measurements tells of; docs/import.md describes the file.

    Rungs are all iterations in the file, or those that `is_rung` marks. A trial with a value at the last one
    is finished, any other interrupted: a row that is not there is not a stop. Provenance is "imported".

    Args:
        path: the file.
        final: the iteration at which a training ends. Default: the last one in the file, or 1 if it names
            none.
        metric: what trials are judged by.

    Raises:
        StorageError: the file cannot be read.
        TableError: all faults of the file, with their lines.
    """
    content = content_of(path)
    columns = Columns(*rows_of(path, content), metric)
    measurements = columns.measurements(only_iteration=final or 1)
    faults = [*columns.faults]
    trials = _trials(measurements, faults)
    rungs = _rungs(measurements, final, faults)
    baseline = _baseline(trials, faults)
    if faults:
        raise TableError(str(path), faults)
    spec = _spec(path, trials, rungs, {"metric": metric, "baseline": baseline})
    digest = hashlib.sha256(content).hexdigest()
    created = SweepCreated(
        time=path.stat().st_mtime,
        sweep_id=digest[:16],
        name=path.stem,
        format=FORMAT,
        spec=spec,
        spec_text="",
        protocol_id=columns.only_value("protocol_id") or f"csv-{digest[:12]}",
        regime_id=columns.only_value("regime_id") or f"csv-{digest[:12]}",
        versions={},
        git_revision=None,
    )
    state = replay(_events(created, trials, rungs[-1]))
    state.provenance = "imported"
    return state


@dataclass
class _Trial:
    """The rows of one trial."""

    trial_id: str
    seed: int
    first: Measurement
    rows: dict[int, Measurement] = field(default_factory=dict)
    """By iteration."""

    @property
    def arm(self) -> str:
        return arm_name(self.first.parameters)


def _trials(measurements: Sequence[Measurement], faults: list[Fault]) -> list[_Trial]:
    """Trials in the order of their first rows; adds rows that contradict each other to `faults`."""
    trials: dict[str, _Trial] = {}
    for row in measurements:
        key = row.trial_id or json.dumps([row.parameters, row.seed])
        if key not in trials:
            trials[key] = _new_trial(row, list(trials.values()), faults)
        _add(trials[key], row, faults)
    return list(trials.values())


def _new_trial(row: Measurement, known: Sequence[_Trial], faults: list[Fault]) -> _Trial:
    """A trial that begins with this row; without a seed it gets the next one of its arm."""
    own = {trial.seed: trial for trial in known if trial.first.parameters == row.parameters}
    seed = row.seed if row.seed is not None else max(own, default=-1) + 1
    if seed in own:
        other = own[seed].first
        faults.append(
            Fault("seed", f"is {seed}, as of another trial of the same arm in line {other.line}", row.line)
        )
    return _Trial(row.trial_id or f"t{len(known):03d}", seed, row)


def _add(trial: _Trial, row: Measurement, faults: list[Fault]) -> None:
    first, same = trial.first, trial.rows.get(row.iteration)
    if same is not None:
        faults.append(
            Fault(
                "",
                f"is the same trial at the same iteration, {row.iteration}, as line {same.line}. "
                "A column `seed` or `trial_id` tells repeated runs apart",
                row.line,
            )
        )
    if (row.parameters, row.seed) != (first.parameters, first.seed):
        faults.append(
            Fault(
                "trial_id",
                f"is {row.trial_id}, whose parameters or seed are others in line {first.line}",
                row.line,
            )
        )
    trial.rows.setdefault(row.iteration, row)


def _rungs(measurements: Sequence[Measurement], final: int | None, faults: list[Fault]) -> list[int]:
    """Iterations at which trials are compared, rising; the end of a training is the last."""
    last = max((row.iteration for row in measurements), default=1)
    if final is not None and final < last:
        faults.append(Fault("", f"has iteration {last}, which is after the final one, {final}"))
    return sorted({row.iteration for row in measurements if row.is_rung} | {max(final or last, last)})


def _baseline(trials: Sequence[_Trial], faults: list[Fault]) -> dict[str, Any]:
    """What the parameters of the marked arms have in common; all real where none is marked."""
    marked = [trial for trial in trials if any(row.is_baseline for row in trial.rows.values())]
    if not marked:
        return {REAL_RATIO: 1.0}
    common = dict(marked[0].first.parameters)
    for trial in marked:
        own = trial.first.parameters
        common = {path: value for path, value in common.items() if own.get(path) == value}
    arms = {trial.arm for trial in marked}
    for trial in trials:
        if trial.arm not in arms and _fits(trial.first.parameters, common):
            faults.append(
                Fault(
                    "baseline",
                    f"marks {', '.join(sorted(arms))}; this row has all that they share, and no mark",
                    trial.first.line,
                )
            )
    return common


def _fits(parameters: Mapping[str, Any], point: Mapping[str, Any]) -> bool:
    return all(parameters.get(path, value) == value for path, value in point.items())


def _spec(
    path: Path, trials: Sequence[_Trial], rungs: Sequence[int], known: Mapping[str, Any]
) -> dict[str, Any]:
    """As much of a spec as the file tells: what was compared, not how it was trained."""
    searched: dict[str, dict[Any, None]] = {}
    for trial in trials:
        for key, value in trial.first.parameters.items():
            searched.setdefault(key, {})[value] = None
    stopping = EarlyStoppingConfig(name="none", rungs=tuple(rungs[:-1]))
    return {
        "name": path.stem,
        "description": f"Imported from {path.name}.",
        "data": {"classes": []},
        "model": {},
        "training": {"iterations": rungs[-1]},
        "search": {
            "method": "grid",
            "metric": known["metric"],
            "parameters": {key: {"values": list(values)} for key, values in searched.items()},
            "seeds": sorted({trial.seed for trial in trials}),
        },
        "baseline": known["baseline"],
        "controls": [],
        "early_stopping": stopping.model_dump(mode="json"),
        "budget": BudgetConfig().model_dump(mode="json"),
    }


def _events(created: SweepCreated, trials: Sequence[_Trial], final: int) -> Iterator[Event]:
    """The ledger that such a sweep would have left, all at the time of the file."""
    time, host = created.time, "imported"
    yield created
    yield DriverStarted(time=time, pid=0, host=host)
    for trial in trials:
        trial_id, parameters = trial.trial_id, dict(trial.first.parameters)
        yield TrialPlanned(
            time=time, trial_id=trial_id, arm=trial.arm, parameters=parameters, seed=trial.seed
        )
        yield TrialStarted(time=time, trial_id=trial_id, attempt=1, iteration=0, host=host)
        for iteration in sorted(trial.rows):
            yield _reported(trial_id, trial.rows[iteration], time)
        if final in trial.rows:
            yield TrialEnded(time=time, trial_id=trial_id, outcome="finished", reason="", iteration=final)
    all_finished = all(final in trial.rows for trial in trials)
    outcome: SweepOutcome = "completed" if all_finished else "interrupted"
    yield DriverEnded(time=time, outcome=outcome, reason=created.spec["description"])


def _reported(trial_id: str, row: Measurement, time: float) -> TrialReported:
    return TrialReported(
        time=time,
        trial_id=trial_id,
        iteration=row.iteration,
        metrics=dict(row.metrics),
        mixture={},
        counts={"intersection": [], "prediction": [], "label": []},
        seconds=row.seconds,
    )
