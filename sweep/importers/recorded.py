"""Curves out of a file for the trials of a spec with `trainable: replay`, and what of them is not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweep.importers.direct import state_of_csv
from sweep.plan import PlannedTrial, planned_trials, trial_config
from sweep.spec import LoadedSpec, Point, Spec
from sweep.spec.document import Document
from sweep.spec.keys import Loc
from sweep.spec.space import REAL_RATIO, identity
from sweep.spec.wording import Found
from trainables.contract.recorded import Metrics

_CURVES: Loc = ("replay", "curves")
_NAMED = 8  # arms or trials in a message


@dataclass(frozen=True)
class RecordedCurves:
    """The file, as a spec's trials look into it."""

    file: Path
    spec: Spec
    arms: Mapping[str, Mapping[int, Mapping[int, Metrics]]]
    """The metrics of every row by `identity` of the arm, seed and iteration."""
    names: tuple[str, ...]
    """Of the arms."""
    columns: frozenset[str]
    """The parameters that tell arms apart in the file."""

    def seeds_of(self, trial: PlannedTrial) -> Mapping[int, Mapping[int, Metrics]]:
        """The curves of the trial's arm by seed; empty if the file does not have it.

        A parameter that has but one value in the spec need not stand in the file.
        """
        searched = self.spec.search.parameters.items()
        single = {path for path, parameter in searched if len(parameter.choices or ()) == 1}
        left_out = single - self.columns - {REAL_RATIO}
        own: Point = {path: value for path, value in trial.parameters.items() if path not in left_out}
        return self.arms.get(identity(own), {})

    def of(self, trial: PlannedTrial) -> dict[int, Metrics]:
        """What the trial reports, by iteration; KeyError if the file lacks any of it: see `curve_faults`."""
        curve = self.seeds_of(trial)[trial.seed]
        return {iteration: curve[iteration] for iteration in _wanted(self.spec, trial)}


def recorded_curves(spec: Spec) -> RecordedCurves:
    """The curves of the spec's file.

    Raises:
        StorageError: it cannot be read.
        TableError: all faults of the file, with their lines.
    """
    assert spec.replay is not None
    state = state_of_csv(spec.replay.curves, metric=spec.search.metric)
    arms: dict[str, dict[int, dict[int, Metrics]]] = {}
    for trial in state.trials.values():
        curve: dict[int, Metrics] = {iteration: report.metrics for iteration, report in trial.reports.items()}
        arms.setdefault(identity(trial.planned.parameters), {})[trial.planned.seed] = curve
    parameters = (path for trial in state.trials.values() for path in trial.planned.parameters)
    names = dict.fromkeys(trial.arm for trial in state.trials.values())
    return RecordedCurves(spec.replay.curves, spec, arms, tuple(names), frozenset(parameters))


def check_curves(loaded: LoadedSpec) -> None:
    """Nothing: every trial of the plan can be replayed.

    Raises:
        StorageError, TableError: as `recorded_curves`.
        SpecError: with all arms, seeds and iterations of the plan that the file lacks.
    """
    document = loaded.document or Document(loaded.file, loaded.text, {})
    if found := curve_faults(loaded.spec, planned_trials(loaded.spec)):
        raise document.error(found)


def curve_faults(spec: Spec, trials: Sequence[PlannedTrial]) -> list[Found]:
    """What the spec's file lacks of these trials. Raises StorageError, TableError."""
    curves = recorded_curves(spec)
    return [
        Found(_CURVES, f"is {curves.file}, which {lacks}")
        for lacks in (*_missing_arms(curves, trials), *_missing_seeds(curves, trials), *_gaps(curves, trials))
    ]


def _missing_arms(curves: RecordedCurves, trials: Sequence[PlannedTrial]) -> Iterator[str]:
    missing = dict.fromkeys(trial.arm for trial in trials if not curves.seeds_of(trial))
    if missing:
        yield f"has no rows of {_listed(missing)}; its arms are {_listed(curves.names)}"


def _missing_seeds(curves: RecordedCurves, trials: Sequence[PlannedTrial]) -> Iterator[str]:
    missing: dict[str, list[int]] = {}
    for trial in trials:
        if (seeds := curves.seeds_of(trial)) and trial.seed not in seeds:
            missing.setdefault(f"{trial.arm}; it has {_listed(seeds)}", []).append(trial.seed)
    for arm, absent in missing.items():
        yield f"has no seed {_listed(absent)} of {arm}"


def _gaps(curves: RecordedCurves, trials: Sequence[PlannedTrial]) -> Iterator[str]:
    """Trials that lack the same iterations together, as those of one sweep do."""
    missing: dict[tuple[int, ...], list[str]] = {}
    for trial in trials:
        curve = curves.seeds_of(trial).get(trial.seed)
        gaps = () if curve is None else tuple(one for one in _wanted(curves.spec, trial) if one not in curve)
        if gaps:
            missing.setdefault(gaps, []).append(f"{trial.arm} seed {trial.seed}")
    for gaps, names in missing.items():
        yield f"has no row at iteration {_listed(gaps)} of {_listed(names)}, where the spec validates"


def _wanted(spec: Spec, trial: PlannedTrial) -> tuple[int, ...]:
    return trial_config(spec, trial).validate_at


def _listed(values: Iterable[object]) -> str:
    """All of them, or the first few and how many there are."""
    words = [str(value) for value in values]
    some = ", ".join(words[:_NAMED])
    return some if len(words) <= _NAMED else f"{some} and {len(words) - _NAMED} more"
