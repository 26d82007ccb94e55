"""The command line: one short function per command. What takes seconds to import is imported inside."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sweep.errors import ExitCode, SweepError

if TYPE_CHECKING:
    from rich.console import Console

    from sweep.ledger import SweepState
    from sweep.spec import LoadedSpec
    from sweep.storage import SweepFolder

app = typer.Typer(
    name="sweep",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="""How much generated data can a segmentation model be trained on?

`sweep run ratios.yaml` trains at many shares of real images, stops hopeless trials early, and says which
differences are real and which are noise.

Exit codes: 0 all well, 1 some trials failed, 2 the spec or the command is wrong, 130 interrupted.""",
)

SpecFile = Annotated[Path, typer.Argument(metavar="SPEC", help="The YAML file, such as ratios.yaml.")]
Overrides = Annotated[
    list[str],
    typer.Option("--set", metavar="KEY=VALUE", help="Another value for a key of the spec, by dotted path."),
]
SweepName = Annotated[str, typer.Argument(metavar="NAME", help="Name of the sweep.")]
Storage = Annotated[
    Path, typer.Option("--storage", envvar="SEGSWEEP_STORAGE", help="Folder that holds the sweeps.")
]
Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        envvar="RAY_ADDRESS",
        help="A Ray cluster, such as `auto`. Default: Ray inside this process.",
    ),
]
STORAGE = Path("sweeps")


def main() -> None:
    """The process `sweep`: errors that a user can mend are shown without a traceback."""
    try:
        app()
    except SweepError as error:
        typer.echo(str(error), err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        sys.exit(ExitCode.INTERRUPTED)


@app.command()
def run(
    spec_file: SpecFile,
    overrides: Overrides = [],  # noqa: B006 - Typer's way
    name: Annotated[str | None, typer.Option(help="Another name for the sweep than the spec's.")] = None,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="Every trial for a handful of iterations, through all stages.")
    ] = False,
    address: Address = None,
) -> None:
    """Runs the sweep that a spec describes."""
    _use_ray_at(address)
    from sweep.engine.conduct import conduct
    from sweep.engine.create import create_sweep

    loaded = _checked(spec_file, overrides, name=name, smoke=smoke)
    folder = _folder(loaded.spec.storage.path, loaded.spec.name)
    if smoke:
        folder.forget()
    folder.create()
    with folder.locked():
        ledger = create_sweep(folder, loaded)
        code = conduct(folder, loaded.spec, ledger, _console())
    raise typer.Exit(code)


@app.command()
def plan(
    spec_file: SpecFile,
    overrides: Overrides = [],  # noqa: B006
) -> None:
    """Prints what a spec would run, and what it would cost. Starts nothing."""
    from sweep.plan import plan_text, smoke_spec

    loaded = _checked(spec_file, overrides)
    spec = loaded.spec
    folder = _folder(spec.storage.path, spec.name)
    tiny = smoke_spec(loaded).spec
    smoke = _folder(tiny.storage.path, tiny.name)
    size = folder.largest_checkpoint() or smoke.largest_checkpoint()
    typer.echo(plan_text(spec, _state_of(folder) if folder.exists() else None, size))


@app.command()
def resume(
    name: SweepName,
    storage: Storage = STORAGE,
    overrides: Annotated[
        list[str],
        typer.Option("--set", metavar="KEY=VALUE", help="Another value for budget, resources or tracking."),
    ] = [],  # noqa: B006
    address: Address = None,
) -> None:
    """Goes on with a sweep that was interrupted, killed, or ran out of budget."""
    _use_ray_at(address)
    from sweep.engine.conduct import conduct
    from sweep.ledger import Ledger
    from sweep.spec import spec_of_resume

    folder = _folder(storage, name).must_exist()
    with folder.locked():
        spec = spec_of_resume(_state_of(folder).created.spec, overrides, storage=folder.storage)
        code = conduct(folder, spec, Ledger(folder.ledger), _console())
    raise typer.Exit(code)


@app.command()
def report(name: SweepName, storage: Storage = STORAGE) -> None:
    """Writes tables and figures from what is known now, and prints the newest table."""
    from sweep.report import latest_table_text, write_report

    folder = _folder(storage, name).must_exist()
    state = _state_of(folder)
    write_report(state, folder.report)
    console = _console()
    console.print(latest_table_text(state, width=console.width))
    console.print(f"report: {folder.report / 'report.md'}", soft_wrap=True, highlight=False)


@app.command("list")
def list_sweeps(storage: Storage = STORAGE) -> None:
    """Lists the sweeps of a storage."""
    from sweep.overview import sweeps_table
    from sweep.storage import sweeps_in

    folders = sweeps_in(storage)
    if not folders:
        typer.echo(f"no sweeps in {storage.absolute()}")
        return
    _console().print(sweeps_table([(folder, _state_of(folder)) for folder in folders]))


@app.command()
def status(name: SweepName, storage: Storage = STORAGE) -> None:
    """Prints every trial of a sweep: where it is, its newest value, why it ended."""
    from sweep.overview import trials_table

    folder = _folder(storage, name).must_exist()
    _console().print(trials_table(folder, _state_of(folder)))


@app.command()
def stop(
    name: SweepName,
    storage: Storage = STORAGE,
    trial: Annotated[str | None, typer.Option(metavar="TRIAL", help="Only this trial, such as t003.")] = None,
) -> None:
    """Stops a running sweep in good order, or one trial of a sweep for good."""
    from sweep.engine.stop import request_stop

    folder = _folder(storage, name).must_exist()
    typer.echo(request_stop(folder, _state_of(folder), trial))


@app.command()
def explain(
    name: SweepName,
    trial: Annotated[str, typer.Argument(metavar="TRIAL", help="Id of a trial, such as t003.")],
    storage: Storage = STORAGE,
) -> None:
    """Prints every decision about a trial, and what it rests on."""
    from sweep.stopping import explain as explanation

    typer.echo(explanation(_state_of(_folder(storage, name).must_exist()), trial))


@app.command()
def sync(name: SweepName, storage: Storage = STORAGE) -> None:
    """Writes into MLflow whatever it misses of a sweep."""
    from sweep.spec import spec_from_dict
    from sweep.tracking import sync as sync_runs
    from sweep.tracking import tracking_target

    folder = _folder(storage, name).must_exist()
    target = tracking_target(spec_from_dict(_state_of(folder).created.spec))
    with folder.locked():
        sync_runs(folder, target)
    typer.echo(f"MLflow has all of {name}. {target.ui_command()}")


def _use_ray_at(address: str | None) -> None:
    """Ray takes its address from the environment, and wants it there when it is first imported."""
    if address is not None:
        os.environ["RAY_ADDRESS"] = address


def _checked(
    spec_file: Path, overrides: list[str], *, name: str | None = None, smoke: bool = False
) -> LoadedSpec:
    from sweep.plan import smoke_spec
    from sweep.spec import check_data, load_spec

    loaded = load_spec(spec_file, [*overrides, *([f"name={name}"] if name else [])])
    check_data(loaded)
    return smoke_spec(loaded) if smoke else loaded


def _folder(storage: Path, name: str) -> SweepFolder:
    from sweep.storage import SweepFolder

    return SweepFolder(storage.absolute(), name)


def _state_of(folder: SweepFolder) -> SweepState:
    from sweep.ledger import Ledger, replay

    return replay(Ledger(folder.ledger).read())


def _console() -> Console:
    from rich.console import Console

    return Console()
