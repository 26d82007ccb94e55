"""`sweep next`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sweep.commands.options import (
    AsJson,
    Experiment,
    Final,
    MlflowUri,
    SourceName,
    Storage,
    json_text,
    say,
)
from sweep.errors import SourceError, StorageError
from sweep.source import is_table, state_from
from sweep.storage import DEFAULT_STORAGE, storage_and_name, sweep_named
from sweep.storage import Storage as Place

if TYPE_CHECKING:
    from sweep.analysis.proposals import ProposedTrial
    from sweep.ledger import SweepState

_UNITS = {"m": 1 / 60, "h": 1.0, "d": 24.0}
_DEFAULT_TRAININGS = 5.0

Budget = Annotated[
    str | None,
    typer.Option(
        "--budget",
        metavar="HOURS",
        help="What may be spent: 40h, 90m, 2d. GPU-hours, or hours of training where trials use no GPU. "
        "Default: that of five whole trainings.",
    ),
]
Within = Annotated[
    float, typer.Option("--within", metavar="POINTS", min=0.01, help="How far below all-real is good enough.")
]
Write = Annotated[
    Path | None,
    typer.Option("--write", metavar="FILE", help="Write them as a spec that `sweep run` adds to the sweep."),
]


def next_trials(
    name: SourceName = None,
    budget: Budget = None,
    within: Within = 1.0,
    write: Write = None,
    storage: Storage = DEFAULT_STORAGE,
    mlflow: MlflowUri = None,
    experiment: Experiment = None,
    final: Final = None,
    as_json: AsJson = False,
) -> None:
    """Proposes the trials that would narrow the curve most where it matters, priced."""
    from sweep.analysis import analyse
    from sweep.analysis.proposals import hours_per_iteration, proposed_trials
    from sweep.report.proposals import proposal_lines
    from sweep.results import rungs_of

    if write is not None and is_table(name):
        raise SourceError(
            f"--write: {name} is a file of measurements; there is no sweep that could be added to"
        )
    state = state_from(name, storage, mlflow, experiment, final, say)
    hours = hours_per_iteration(state)
    iterations = _iterations(budget, hours, rungs_of(state)[-1])
    analysis = analyse(state)
    if not analysis.has_curve:
        raise SourceError(
            f"no trial of {analysis.sweep!r} has a value at iteration {analysis.rung} yet: there is no curve "
            "that could be narrowed"
        )
    continuable = [] if mlflow or is_table(name) else _with_checkpoint(state, storage, name or "")
    found = proposed_trials(state, analysis, iterations, loss=within, continuable=continuable)
    if write is not None:
        place = storage_and_name(storage, name or "")[0]
        _write(write, state, storage if place == storage.absolute() else place, found)
    if as_json:
        rows = [{**asdict(one), "hours": None if hours is None else one.iterations * hours} for one in found]
        typer.echo(json_text({"sweep": analysis.sweep, "trials": rows}))
    else:
        unit = "" if hours is None else f", in {_unit(state)}"
        title = f"next for {analysis.sweep}{unit}; each % is of the variance that those above leave:"
        typer.echo("\n  ".join([title, *proposal_lines(found, hours)]))


def _iterations(budget: str | None, hours: float | None, training: int) -> float:
    """How many iterations the budget pays for. Raises SourceError."""
    if budget is None:
        return _DEFAULT_TRAININGS * training
    given = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([mhd]?)", budget.strip())
    if given is None or float(given[1]) <= 0:
        raise SourceError(
            f"--budget is {budget!r}; give hours, minutes or days above 0, such as 40h, 90m or 2d"
        )
    if hours is None:
        raise SourceError(
            "--budget: nothing says how long an iteration takes here, so hours buy no known number of "
            "trials; leave it out"
        )
    return float(given[1]) * _UNITS[given[2] or "h"] / hours


def _with_checkpoint(state: SweepState, storage: Place, name: str) -> list[str]:
    there = sweep_named(storage, name).checkpoint_sizes()
    stopped = [trial_id for trial_id, trial in state.trials.items() if trial.status == "stopped"]
    return [trial_id for trial_id in stopped if trial_id in there]


def _write(path: Path, state: SweepState, storage: Place, found: Sequence[ProposedTrial]) -> None:
    from sweep.spec.extension import extension_text

    arms: dict[str, tuple[dict[str, Any], list[int]]] = {}
    for one in found:
        if one.continues is None:
            arms.setdefault(repr(one.parameters), (dict(one.parameters), []))[1].append(one.seed)
    text = extension_text(
        state.created.name,
        arms.values(),
        [one.continues for one in found if one.continues],
        storage=None if storage == DEFAULT_STORAGE else storage.absolute(),
        comment=f"proposed by `sweep next {state.created.name}`; `sweep run {path}` adds it to the sweep",
    )
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"--write {path}: {error.strerror}") from error


def _unit(state: SweepState) -> str:
    return "GPU-hours" if state.created.spec["resources"]["gpus_per_trial"] else "hours of training"
