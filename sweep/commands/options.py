"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sweep.commands.completion import sweep_names, trial_ids
from sweep.errors import SourceError
from sweep.storage import STORAGE_VARIABLE, storage_at
from sweep.storage import Storage as Place

if TYPE_CHECKING:
    from sweep.ledger import SweepState


def _place(text: str | Path) -> Place:
    return storage_at(str(text))


SpecFile = Annotated[Path, typer.Argument(metavar="SPEC", help="The YAML file, such as ratios.yaml.")]
Overrides = Annotated[
    list[str],
    typer.Option("--set", metavar="KEY=VALUE", help="Another value for a key of the spec, by dotted path."),
]
SweepName = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="Name of the sweep, or its path or URI: s3://bucket/sweeps/NAME.",
        autocompletion=sweep_names,
    ),
]
Storage = Annotated[
    Any,  # a sweep.storage.Storage; Typer knows no unions
    typer.Option(
        "--storage",
        metavar="FOLDER",
        parser=_place,
        envvar=STORAGE_VARIABLE,
        help="Folder or URI (s3://bucket/sweeps) that holds the sweeps.",
    ),
]
SourceName = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME",
        help="Name of the sweep, or a table of measurements: .csv, .parquet, .md, or - for standard input. "
        "With --mlflow also a sweep id, or nothing where the experiment has only one sweep.",
        show_default=False,
        autocompletion=sweep_names,
    ),
]
TrialId = Annotated[
    str, typer.Argument(metavar="TRIAL", help="Id of a trial, such as t003.", autocompletion=trial_ids)
]
MlflowUri = Annotated[
    str | None,
    typer.Option(
        "--mlflow", metavar="URI", help="Read the sweep from this MLflow store, not from the storage."
    ),
]
Experiment = Annotated[
    str | None, typer.Option("--experiment", metavar="NAME", help="With --mlflow. Default: segsweep.")
]
Final = Annotated[
    int | None,
    typer.Option(
        "--final",
        metavar="ITERATION",
        min=1,
        help="Where a training ends. With a table. Default: the last iteration in it.",
    ),
]
At = Annotated[
    int | None,
    typer.Option(
        "--at", metavar="ITERATION", help="The rung. Default: the newest one that any trial has reached."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for machines; docs/json.md names its keys.")]


def say(text: str) -> None:
    """Shows a remark beside the result, which may be piped on."""
    typer.echo(text, err=True)


def rung_at(state: SweepState, at: int | None) -> int:
    """The rung that `--at` names, or the newest one that any trial has reached. Raises SourceError."""
    from sweep.results import newest_rung, rungs_of

    if at is None:
        return newest_rung(state)
    if at not in rungs_of(state):
        known = ", ".join(map(str, rungs_of(state)))
        raise SourceError(
            f"--at is {at}, which is no rung of {state.created.name!r}; trials are compared at: {known}"
        )
    return at


def json_text(values: Any) -> str:
    """Strict JSON, which knows no NaN: whoever makes `values` has put None for it."""
    import json

    return json.dumps(values, indent=2, allow_nan=False)
