"""The command line: one short function per command. What takes seconds to import is imported inside."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sweep.commands.check_trainable import check_trainable
from sweep.commands.compare import compare
from sweep.commands.completion import trial_ids
from sweep.commands.doctor import doctor
from sweep.commands.fit import fit
from sweep.commands.import_runs import import_runs
from sweep.commands.init import init
from sweep.commands.logs import logs
from sweep.commands.look import look
from sweep.commands.next_trials import next_trials
from sweep.commands.on_cluster import OnCluster, jobs_at, without_address
from sweep.commands.options import Overrides, SpecFile, Storage, SweepName, TrialId
from sweep.commands.pack import pack
from sweep.commands.predict import predict
from sweep.commands.ray_address import (
    Address,
    AddressOrDashboard,
    is_dashboard_of_cluster,
    use_ray_at,
)
from sweep.commands.simulate import simulate
from sweep.commands.submit import submit
from sweep.commands.watch import must_be_here, watch
from sweep.errors import ClusterError, NameInUseError, NotifyError, StorageError, SweepError
from sweep.job import must_outlast_job, take_arguments
from sweep.source import state_of_folder
from sweep.storage import (
    DEFAULT_STORAGE,
    SweepFolder,
    storage_and_name,
    sweep_in,
    sweep_named,
    sweeps_in,
)

if TYPE_CHECKING:
    from rich.console import Console

    from sweep.ledger import SweepState
    from sweep.ledger.events import SweepCreated
    from sweep.spec import LoadedSpec, Spec

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


def main() -> None:
    """The process `sweep`: errors that a user can mend are shown without a traceback.

    Typer itself ends with 2 where the command line is wrong, and with 130 after Ctrl-C.
    """
    take_arguments()
    try:
        app()
    except SweepError as error:
        typer.echo(str(error), err=True)
        sys.exit(error.exit_code)


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
    """Runs the sweep that a spec describes, or adds to one."""
    if _is_extension(spec_file):
        _refuse_for_extension({"--name": name is not None, "--smoke": smoke})
        raise typer.Exit(_extend(spec_file, overrides, address))
    use_ray_at(address)
    loaded = _checked(spec_file, overrides, name=name, smoke=smoke)
    must_outlast_job(loaded.spec.storage.path)
    folder = sweep_in(loaded.spec.storage.path, loaded.spec.name)
    if smoke:
        folder.forget()
    folder.create()
    from sweep.engine.conduct import conduct
    from sweep.engine.create import create_sweep

    try:
        with folder.locked():
            ledger = create_sweep(folder, loaded)
            code = conduct(folder, loaded.spec, ledger, _console())
    except (ClusterError, NotifyError):
        folder.forget()  # nothing ran: the name stays free for the mended spec
        raise
    raise typer.Exit(code)


@app.command()
def plan(
    spec_file: SpecFile,
    overrides: Overrides = [],  # noqa: B006
) -> None:
    """Prints what a spec would run, and what it would cost. Starts nothing."""
    from sweep.plan import plan_text, smoke_spec

    if _is_extension(spec_file):
        typer.echo(_addition_text(spec_file, overrides))
        return
    loaded = _checked(spec_file, overrides)
    spec = loaded.spec
    folder = sweep_in(spec.storage.path, spec.name)
    tiny = smoke_spec(loaded).spec
    smoke = sweep_in(tiny.storage.path, tiny.name)
    size = folder.largest_checkpoint() or smoke.largest_checkpoint()
    begun = state_of_folder(folder) if folder.exists() else None
    pace = _pace_of(state_of_folder(smoke), spec, tiny) if smoke.exists() else None
    typer.echo(plan_text(spec, begun, size, pace))


@app.command()
def resume(
    name: SweepName,
    storage: Storage = DEFAULT_STORAGE,
    overrides: Annotated[
        list[str],
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Another value for budget, resources, tracking, notify."
        ),
    ] = [],  # noqa: B006
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Trials that failed, too, from their last checkpoint.")
    ] = False,
    address: AddressOrDashboard = None,
) -> None:
    """Goes on with a sweep that was interrupted, killed, or ran out of budget."""
    if address is not None and is_dashboard_of_cluster(address):
        _resume_on_cluster(name, address)
        return
    from sweep.ledger import Ledger

    folder = sweep_named(storage, name)
    with folder.locked():
        created = state_of_folder(folder).created
        spec = _spec_of(created, folder, overrides)
        use_ray_at(address)
        from sweep.engine.conduct import conduct
        from sweep.engine.create import must_be_unchanged

        must_be_unchanged(created, spec)
        code = conduct(folder, spec, Ledger(folder.ledger), _console(), retry_failed=retry_failed)
    raise typer.Exit(code)


app.command()(compare)
app.command()(fit)
app.command()(predict)
app.command("next")(next_trials)
app.command("import")(import_runs)
app.command("check-trainable")(check_trainable)
app.command()(simulate)
app.command()(pack)
app.command()(init)
app.command()(doctor)
app.command()(look)
app.command()(submit)
app.command()(logs)


@app.command()
def report(
    name: SweepName,
    storage: Storage = DEFAULT_STORAGE,
    paper: Annotated[
        bool, typer.Option("--paper", help="Figures in the sizes of a paper, too: SVG, PNG, PDF and CSV.")
    ] = False,
    address: OnCluster = None,
) -> None:
    """Writes tables and figures from what is known now, and prints the newest table."""
    from sweep.report import latest_table_text, write_report

    folder = sweep_named(storage, name)
    state = state_of_folder(folder)
    written = write_report(state, folder.report, paper=paper)
    folder.publish(written.all)
    typer.echo(latest_table_text(state, width=_console().width))
    typer.echo(f"report: {written.html}")


@app.command("list")
def list_sweeps(storage: Storage = DEFAULT_STORAGE, address: OnCluster = None) -> None:
    """Lists the sweeps of a storage."""
    from sweep.overview import sweeps_table

    folders = sweeps_in(storage)
    if not folders:
        typer.echo(f"no sweeps in {storage.absolute()}")
        return
    _console().print(sweeps_table([(folder, _state_or_none(folder)) for folder in folders]))


@app.command()
def status(
    name: SweepName,
    storage: Storage = DEFAULT_STORAGE,
    times: Annotated[bool, typer.Option("--times", help="Where the time of each trial went.")] = False,
    follow: Annotated[
        bool,
        typer.Option(
            "--watch",
            is_eager=True,  # before a cluster is asked
            callback=must_be_here,
            help="Follow it while it runs: arms, the curve so far, cost, time left. Ctrl-C ends only this.",
        ),
    ] = False,
    address: OnCluster = None,
) -> None:
    """Prints every trial of a sweep: where it is, its newest value, why it ended."""
    from sweep.overview import times_table, trials_table
    from sweep.times.words import time_line

    folder = sweep_named(storage, name)
    if follow:
        watch(folder, _console())
    state = state_of_folder(folder)
    _console().print(times_table(state) if times else trials_table(folder, state))
    if line := time_line(state):
        _console().print(line, highlight=False)


@app.command()
def stop(
    name: SweepName,
    storage: Storage = DEFAULT_STORAGE,
    trial: Annotated[
        str | None,
        typer.Option(metavar="TRIAL", help="Only this trial, such as t003.", autocompletion=trial_ids),
    ] = None,
    address: OnCluster = None,
) -> None:
    """Stops a running sweep in good order, or ends one trial of a sweep."""
    from sweep.engine.stop import request_stop

    folder = sweep_named(storage, name)
    typer.echo(request_stop(folder, state_of_folder(folder), trial))


@app.command()
def explain(
    name: SweepName,
    trial: TrialId,
    storage: Storage = DEFAULT_STORAGE,
    address: OnCluster = None,
) -> None:
    """Prints every decision about a trial, and what it rests on."""
    from sweep.stopping import explain as explanation

    typer.echo(explanation(state_of_folder(sweep_named(storage, name)), trial))


@app.command()
def sync(name: SweepName, storage: Storage = DEFAULT_STORAGE) -> None:
    """Writes into MLflow, and into an object store, whatever they miss of a sweep."""
    from sweep.tracking import target_of
    from sweep.tracking.writer import sync as sync_runs

    folder = sweep_named(storage, name)
    target = target_of(state_of_folder(folder).created, folder.home)
    with folder.locked():
        sync_runs(folder, target)
        if behind := folder.flush():
            raise StorageError(f"{folder.place} still misses a part: {behind}")
    typer.echo(f"MLflow has all of {name}. {target.ui_command()}")


def _pace_of(smoke: SweepState, spec: Spec, tiny: Spec) -> float | None:
    """Seconds an iteration as the smoke run tells, which would be `tiny` today."""
    from sweep.plan import planned_trials, trial_config
    from sweep.times.pace import rehearsed_pace, trained_otherwise

    if changed := trained_otherwise(smoke, tiny.model_dump(mode="json")):
        typer.echo(
            f"no pace by the smoke run, which trained otherwise: {', '.join(changed)} changed", err=True
        )
        return None
    validations = len(trial_config(spec, planned_trials(spec)[0]).validate_at)
    return rehearsed_pace(smoke, spec.training.iterations, validations)


def _is_extension(spec_file: Path) -> bool:
    from sweep.spec.extension import is_extension

    return is_extension(spec_file)


def _extend(spec_file: Path, overrides: list[str], address: str | None) -> int:
    """Adds to a sweep and runs what is left of it; the exit code."""
    from sweep.ledger import Ledger
    from sweep.spec.extension import load_extension

    loaded = load_extension(spec_file)
    folder = loaded.folder
    if folder.is_running():
        stop = f"`sweep stop {folder.argument}`"
        raise NameInUseError(f"{folder.name} is running; add to it when it has ended, or after {stop}")
    with folder.locked():
        from sweep.engine.extend import addition_of, budget_must_allow

        addition = addition_of(loaded, overrides)
        ledger = Ledger(folder.ledger)
        budget_must_allow(addition, list(ledger.read()))
        use_ray_at(address)
        from sweep.engine.conduct import conduct
        from sweep.engine.create import must_be_unchanged

        must_be_unchanged(state_of_folder(folder).created, addition.spec)
        return conduct(folder, addition.spec, ledger, _console(), addition=addition)


def _addition_text(spec_file: Path, overrides: list[str]) -> str:
    from sweep.engine.extend import addition_of
    from sweep.plan.addition import addition_text
    from sweep.spec.extension import load_extension

    loaded = load_extension(spec_file)
    size = loaded.folder.largest_checkpoint()
    return addition_text(addition_of(loaded, overrides), state_of_folder(loaded.folder), size)


def _refuse_for_extension(given: dict[str, bool]) -> None:
    """Options that mean nothing where a sweep is added to."""
    for option in (option for option, is_given in given.items() if is_given):
        raise typer.BadParameter(
            "the file adds to the sweep that `extends` names, which keeps its name and its length",
            param_hint=option,
        )


def _resume_on_cluster(name: str, address: str) -> None:
    _, own = storage_and_name(DEFAULT_STORAGE, name)  # a job has a name, not a URI
    jobs_at(address).start(own, without_address(sys.argv[1:]))
    typer.echo(own)
    typer.echo(f"resumed; `sweep status {name} --address {address}` shows how it goes", err=True)


def _checked(
    spec_file: Path, overrides: list[str], *, name: str | None = None, smoke: bool = False
) -> LoadedSpec:
    from sweep.importers import check_curves
    from sweep.plan import smoke_spec
    from sweep.spec import check_data, load_spec

    named = [] if name is None else [f"name={json.dumps(name)}"]  # text, whatever it would be in YAML
    loaded = load_spec(spec_file, [*overrides, *named])
    if loaded.spec.trainable == "replay":
        if smoke:
            raise typer.BadParameter("a replay trains nothing; run it as it is", param_hint="--smoke")
        check_curves(loaded)
    elif loaded.spec.command is not None and smoke:
        advice = "set training.iterations and early_stopping.rungs to what it validates at, with --set"
        raise typer.BadParameter(f"a command is not shortened from here; {advice}", param_hint="--smoke")
    else:
        check_data(loaded)
    return smoke_spec(loaded) if smoke else loaded


def _spec_of(created: SweepCreated, folder: SweepFolder, overrides: Sequence[str] = ()) -> Spec:
    """The spec of a sweep that was begun, in the storage where it lies now; SweepError if it has none."""
    from sweep.ledger.state import IMPORTED
    from sweep.spec import spec_of_resume

    if created.spec.get("trainable") == IMPORTED:
        raise SweepError(
            f"all trials of {folder.name} are imported: there is nothing to run. `sweep import NAME PATH "
            "--spec SPEC` makes a sweep that trains beside them"
        )
    return spec_of_resume(created.spec, overrides, storage=folder.home)


def _state_or_none(folder: SweepFolder) -> SweepState | None:
    try:
        return state_of_folder(folder)
    except SweepError:
        return None


def _console() -> Console:
    from rich.console import Console

    return Console()
