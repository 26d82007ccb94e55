"""`--address` of commands that can run on a cluster: there they are a short Ray job."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

_OPTION = "--address"


def forward(address: str | None) -> None:
    """Runs this very command line on a cluster instead of here, and ends as it ends there."""
    if address is None:
        return
    from sweep.engine.create import owner
    from sweep.engine.jobs import Jobs

    said, code = Jobs(address, owner()).run(without_address(sys.argv[1:]))
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
