"""`sweep simulate`."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sweep.commands.options import AsJson, Experiment, Final, MlflowUri, json_text, say
from sweep.errors import SourceError
from sweep.source import state_from
from sweep.storage import storage_at

if TYPE_CHECKING:
    from sweep.ledger import SweepState
    from sweep.simulation import Recording, Runs, Simulation
    from sweep.spec import Spec

Curves = Annotated[
    str | None,
    typer.Option(
        "--curves",
        metavar="FILE|NAME",
        help="The recorded trials: a .csv file of measurements, or the name of a past sweep.",
        show_default=False,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=1,
        help="Trials at once. Default: the spec's resources.concurrent_trials, or the past sweep's, or 4.",
    ),
]
Orders = Annotated[
    int | None,
    typer.Option(
        "--orders",
        min=1,
        help="Orders of arrival, drawn at random. Default: 200; through Ray, where each takes seconds, 1.",
    ),
]
Through = Annotated[
    Literal["ray"] | None,
    typer.Option(
        "--through",
        help="Run the recorded trials on real Ray Tune, in a folder that is deleted: with one worker the "
        "numbers are the same.",
    ),
]
Rules = Annotated[
    list[str],
    typer.Option(
        "--rule",
        metavar="NAME",
        help="Only this rule beside the spec's own: none, asha, median, guarded, promote. May be given "
        "repeatedly.",
    ),
]
Folder = Annotated[
    str | None,
    typer.Option(
        "--storage",
        metavar="FOLDER",
        help="Folder or URI that holds the past sweep. Default: the spec's.",
        show_default=False,
    ),
]
Overrides = Annotated[
    list[str],
    typer.Option("--set", metavar="KEY=VALUE", help="Another value for a key of the spec, by dotted path."),
]


def simulate(
    spec_file: Annotated[Path, typer.Argument(metavar="SPEC", help="The YAML file with early_stopping.")],
    curves: Curves = None,
    workers: Workers = None,
    orders: Orders = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the draw of orders.")] = 0,
    rule: Rules = [],  # noqa: B006 - Typer's way
    overrides: Overrides = [],  # noqa: B006
    storage: Folder = None,
    mlflow: MlflowUri = None,
    experiment: Experiment = None,
    final: Final = None,
    through: Through = None,
    as_json: AsJson = False,
) -> None:
    """Replays recorded trials through stopping rules: what each would have cost, and lost."""
    from sweep.simulation import recording_of, simulation_json
    from sweep.simulation import simulate as simulated
    from sweep.spec import load_spec

    _must_be_rules(rule)
    if curves is None and mlflow is None:
        raise SourceError("say what to replay: --curves NAME, --curves FILE.csv, or --mlflow URI")
    spec = load_spec(spec_file, overrides, on_disk=False).spec
    state = state_from(
        curves, storage_at(storage) if storage else spec.storage.path, mlflow, experiment, final, say
    )
    recording = recording_of(state, spec)
    places = workers or _workers(spec, state)
    with _runs(through, recording, spec, places) as runs:
        found = simulated(recording, spec, places, orders or (1 if through else 200), seed, rule, runs)
    if as_json:
        typer.echo(json_text(simulation_json(found)))
    else:
        _show(found)


def _must_be_rules(given: list[str]) -> None:
    from sweep.simulation import RULES

    unknown = [name for name in given if name not in RULES]
    if unknown:
        raise SourceError(f"--rule is {', '.join(unknown)}; the rules are: {', '.join(RULES)}")


def _workers(spec: Spec, state: SweepState) -> int:
    """Of the spec, else of the past sweep, else 4."""
    recorded = state.created.spec.get("resources", {}).get("concurrent_trials")
    return spec.resources.concurrent_trials or recorded or 4


def _runs(
    through: str | None, recording: Recording, spec: Spec, workers: int
) -> AbstractContextManager[Runs | None]:
    """How sweeps are run; None: in memory."""
    if through is None:
        return nullcontext()
    from sweep.engine.replay import runs_on_ray

    return runs_on_ray(recording, spec, workers)


def _show(found: Simulation) -> None:
    from rich.console import Console

    from sweep.simulation import simulation_heading, simulation_notes, simulation_table

    console = Console(highlight=False)
    console.print(simulation_heading(found, console.width), markup=False)
    console.print(simulation_table(found, console.width))
    console.print(simulation_notes(found, console.width), markup=False)
