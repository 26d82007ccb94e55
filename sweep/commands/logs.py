"""`sweep logs`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from sweep.commands.on_cluster import forward, jobs_at
from sweep.commands.options import Storage, SweepName
from sweep.errors import SweepError
from sweep.secrets import without_secrets
from sweep.storage import DEFAULT_STORAGE, SweepFolder, storage_and_name, sweep_named

if TYPE_CHECKING:
    from sweep.ledger import SweepState

_OF_TRIAL = ("error.txt", "stall.txt")
_LAST_LINES = 40


def logs(
    name: SweepName,
    storage: Storage = DEFAULT_STORAGE,
    trial: Annotated[
        str | None, typer.Option(metavar="TRIAL", help="Why attempts of this trial broke off, such as t003.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="With --address: until the job ends.")] = False,
    address: Annotated[
        str | None,
        typer.Option(metavar="URL", help="A cluster, by its dashboard: what the sweep's job prints there."),
    ] = None,
) -> None:
    """Prints what a sweep, its libraries, or a trial that broke off have said."""
    if address is None or trial is not None:
        forward(address)
        folder = sweep_named(storage, name)
        typer.echo("\n".join(_of_trial(folder, trial) if trial else [_read(folder, folder.log.name)]))
        return
    jobs = jobs_at(address)
    _, name = storage_and_name(DEFAULT_STORAGE, name)  # jobs know it by its name alone
    for piece in jobs.follow(name) if follow else [jobs.log(name)]:
        typer.echo(piece, nl=False)


def _of_trial(folder: SweepFolder, trial_id: str) -> Iterator[str]:
    """Its faults, and what its last attempt left behind."""
    from sweep.source import state_of_folder
    from trainables.contract.command import OUTPUT

    state: SweepState = state_of_folder(folder)
    if trial_id not in state.trials:
        raise SweepError(f"no trial {trial_id!r} in {folder.name}; there are {', '.join(state.trials)}")
    faults = state.trials[trial_id].faults
    yield from (f"{fault.cause} at iteration {fault.iteration}: {fault.reason}" for fault in faults)
    yield from (text for name in _OF_TRIAL if (text := _read(folder, f"trials/{trial_id}/{name}")))
    if not faults:
        yield f"no attempt of {trial_id} broke off"
    if output := _read(folder, f"trials/{trial_id}/{OUTPUT}"):
        last = "\n".join(output.splitlines()[-_LAST_LINES:])
        yield f"the end of what its trainer printed:\n{without_secrets(last)}"


def _read(folder: SweepFolder, file: str) -> str:
    return (folder.read(file) or b"").decode(errors="replace").rstrip()
