"""`sweep doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sweep.commands.findings import print_findings
from sweep.commands.options import Overrides
from sweep.commands.ray_address import Address, use_ray_at
from sweep.errors import ExitCode

if TYPE_CHECKING:
    from sweep.spec import Spec


def doctor(
    spec_file: Annotated[
        Path | None,
        typer.Argument(
            metavar="SPEC", help="Whose storage, MLflow and resources. Default: those of any spec."
        ),
    ] = None,
    overrides: Overrides = [],  # noqa: B006 - Typer's way
    address: Address = None,
) -> None:
    """Checks machine, GPUs, storage, MLflow and Ray, and says what to mend."""
    use_ray_at(address)
    spec = _spec(spec_file, overrides)
    from sweep.doctor import examine

    if print_findings(examine(spec)):
        raise typer.Exit(ExitCode.USAGE)


def _spec(spec_file: Path | None, overrides: list[str]) -> Spec:
    from sweep.spec import load_spec, spec_from_dict

    if spec_file is not None:
        return load_spec(spec_file, overrides).spec
    if overrides:
        raise typer.BadParameter("there is no SPEC whose keys could be set", param_hint="--set")
    return spec_from_dict(_ANY_SPEC)


_ANY_SPEC = {
    "name": "doctor",
    "data": {"real": {"scenes": "real", "count": 1}, "validation": {"scenes": "real", "count": 1, "seed": 1}},
    "training": {"iterations": 1, "crop_size": [64, 64]},
    "search": {"parameters": {"real_ratio": {"values": [1.0]}}},
}
