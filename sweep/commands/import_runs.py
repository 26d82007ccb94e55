"""`sweep import`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sweep.commands.options import Storage, say
from sweep.errors import ExitCode, SourceError
from sweep.source import DEFAULT_EXPERIMENT
from sweep.storage import DEFAULT_STORAGE, storage_and_name, sweep_in

if TYPE_CHECKING:
    from sweep.importers import Found, ImportTerms

Formats = Literal["mmsegmentation", "csv", "parquet", "markdown", "wandb", "mlflow"]
Rounding = Literal["int", "max1", "round", "exact"]


def import_runs(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The sweep that gets them; a new one if there is none.")
    ],
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...", help="Files, work dirs or folders of them; - is standard input; MLflow's URI."
        ),
    ],
    form: Annotated[
        Formats | None,
        typer.Option("--format", help="What they are. Default: seen from the name and the content."),
    ] = None,
    columns: Annotated[
        list[str],
        typer.Option("--column", metavar="THEIRS=OURS", help="What a column holds, such as mIoU=val_miou."),
    ] = [],  # noqa: B006 - Typer's way
    settings: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A parameter of all runs that do not name it themselves, such as real_ratio=0.5.",
        ),
    ] = [],  # noqa: B006
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="With --rounding: images per batch in these trainings.")
    ] = None,
    rounding: Annotated[
        Rounding | None,
        typer.Option(help="How the trainer made real_ratio a number of images of each batch."),
    ] = None,
    log_interval: Annotated[
        int, typer.Option(min=0, help="Iterations between two training lines, where no log says it.")
    ] = 50,
    protocol: Annotated[str, typer.Option(metavar="ID", help="One protocol id for all runs.")] = "",
    regime: Annotated[str, typer.Option(metavar="ID", help="One regime id for all runs.")] = "",
    comparable: Annotated[
        bool,
        typer.Option(
            "--comparable", help="They were trained and measured as the sweep's own trials: you vouch for it."
        ),
    ] = False,
    untrusted: Annotated[
        str, typer.Option(metavar="REASON", help="Show them, but let them count for nothing.")
    ] = "",
    spec: Annotated[
        Path | None,
        typer.Option(
            metavar="SPEC", help="Make the sweep as `sweep run SPEC` would; `sweep resume NAME` starts it."
        ),
    ] = None,
    experiment: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --format mlflow. Default: segsweep.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would be imported.")] = False,
    storage: Storage = DEFAULT_STORAGE,
) -> None:
    """Makes trials of a sweep out of old runs: logs, tables, MLflow, W&B."""
    from rich.console import Console

    from sweep.commands.import_sweep import held, new_sweep, sweep_of, write_import
    from sweep.importers import ImportTerms, Preparation, join
    from sweep.report import import_text

    terms = ImportTerms(
        protocol_id=protocol,
        regime_id=regime,
        comparable=comparable,
        distrust=untrusted,
        parameters=parameters_of(settings),
    )
    _refuse_what_cannot_go_together(batch_size, rounding, form, experiment)
    found = _found(paths, form, columns, terms, experiment)
    folder = sweep_in(*storage_and_name(storage, name))
    with held(folder, dry_run):
        known = sweep_of(folder, spec)
        found = Preparation(batch_size, rounding, log_interval).of(found, known)
        state = known or new_sweep(folder, found, terms, paths)
        joined = join(state, found, terms, paths)
        missed = write_import(folder, state.created, joined) if joined.events and not dry_run else None
    for event in joined.events:
        state.apply(event)
    is_done = bool(joined.events) and not dry_run
    typer.echo(import_text(state, joined, is_done, width=Console().width))
    if missed:
        say(f"MLflow misses it ({missed}); `sweep sync {folder.argument}` writes it")
    if not joined.events and not joined.known:
        raise typer.Exit(ExitCode.USAGE)


def parameters_of(settings: Sequence[str]) -> dict[str, Any]:
    """`["real_ratio=0.5"]` as parameters; values are read as YAML. Raises SourceError, with all faults."""
    from sweep.importers import parameter_of

    faults, parameters = [], {}
    for setting in settings:
        try:
            path, value = parameter_of(setting)
            parameters[path] = value
        except ValueError as error:
            faults.append(f"--set {setting}: {error}")
    if faults:
        raise SourceError("\n".join(faults))
    return parameters


def _refuse_what_cannot_go_together(
    batch_size: int | None, rounding: str | None, form: str | None, experiment: str | None
) -> None:
    faults = []
    if (batch_size is None) != (rounding is None):
        faults.append("--batch-size and --rounding go together: say both, or neither")
    if experiment is not None and form != "mlflow":
        faults.append("--experiment goes with --format mlflow")
    if faults:
        raise SourceError("\n".join(faults))


def _found(
    paths: Sequence[str],
    form: Formats | None,
    columns: Sequence[str],
    terms: ImportTerms,
    experiment: str | None,
) -> Found:
    from sweep.importers import column_map, read

    if form == "mlflow":
        from sweep.tracking.others import found_in_mlflow

        return found_in_mlflow(paths, experiment or DEFAULT_EXPERIMENT, column_map(columns), terms.parameters)
    return read(paths, form, column_map(columns), terms.parameters)
