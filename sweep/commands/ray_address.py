"""The option `--address` of commands that use Ray themselves."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from sweep.errors import ClusterError

Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        envvar="RAY_ADDRESS",
        help="A Ray cluster that this machine is part of, such as `auto`. Default: Ray inside this process.",
    ),
]
AddressOrDashboard = Annotated[
    str | None,
    typer.Option(
        "--address",
        envvar="RAY_ADDRESS",
        help="A Ray cluster that this machine is part of, such as `auto`; or one from elsewhere, by its "
        "dashboard, such as http://127.0.0.1:8265. Default: Ray inside this process.",
    ),
]


def use_ray_at(address: str | None) -> None:
    """Ray takes its address from the environment, and wants it there when it is first imported."""
    if address is not None and is_dashboard_of_cluster(address):
        raise ClusterError(
            f"{address} is the dashboard of a cluster, which takes jobs: "
            f"`sweep submit SPEC --address {address}`"
        )
    if address is not None:
        os.environ["RAY_ADDRESS"] = address


def is_dashboard_of_cluster(address: str) -> bool:
    """Whether it is that, and not an address of Ray itself."""
    from sweep.engine.address import is_dashboard

    return is_dashboard(address)
