"""`--address` of commands that can run on a cluster: there they are a short Ray job."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sweep.engine.jobs import Jobs

_OPTION = "--address"


def jobs_at(address: str, owner: str | None = None) -> Jobs:
    """The jobs of the cluster with this dashboard, in the name of this owner, or of the user here."""
    from sweep.engine.create import owner as user
    from sweep.engine.jobs import Jobs

    return Jobs(address, owner or user())


def forward(address: str | None) -> None:
    """Runs this very command line on a cluster instead of here, and ends as it ends there."""
    if address is None:
        return
    said, code = jobs_at(address).run(without_address(sys.argv[1:]))
    typer.echo(said, nl=False)
    raise typer.Exit(code)


OnCluster = Annotated[
    str | None,
    typer.Option(
        _OPTION,
        metavar="URL",
        callback=forward,
        help="A cluster to run this on, by its dashboard, such as http://127.0.0.1:8265. Default: here.",
    ),
]


def without_address(arguments: Sequence[str]) -> list[str]:
    """A command line without `--address URL`."""
    left: list[str] = []
    skip = False
    for argument in arguments:
        if not skip and argument != _OPTION and not argument.startswith(f"{_OPTION}="):
            left.append(argument)
        skip = not skip and argument == _OPTION
    return left
