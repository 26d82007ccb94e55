"""`sweep submit`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sweep.commands.on_cluster import jobs_at
from sweep.commands.options import Overrides, SpecFile, say
from sweep.commands.shipping import ship_code
from sweep.errors import NameInUseError

if TYPE_CHECKING:
    from sweep.spec.wording import Found

Dashboard = Annotated[
    str,
    typer.Option(
        "--address",
        metavar="URL",
        envvar="RAY_API_SERVER_ADDRESS",
        help="The cluster, by its dashboard, such as http://127.0.0.1:8265.",
    ),
]

_PATHS = (
    ("data", "root"),
    ("model", "pretrained"),
    ("storage", "path"),
    ("replay", "curves"),
    ("command", "working_directory"),
    ("command", "config_file", "template"),
)


def submit(
    spec_file: SpecFile,
    address: Dashboard,
    overrides: Overrides = [],  # noqa: B006 - Typer's way
    name: Annotated[str | None, typer.Option(help="Another name for the sweep than the spec's.")] = None,
    owner: Annotated[str | None, typer.Option(help="Whose sweep it is. Default: the user here.")] = None,
) -> None:
    """Starts a sweep on a cluster, and returns at once."""
    sweep, trainable = _checked(spec_file, overrides, name)
    jobs = jobs_at(address, owner)
    if trainable is not None and jobs.has_run(sweep):
        raise NameInUseError(
            f"a sweep {sweep!r} ran on this cluster already; `sweep resume {sweep} --address {address}` goes "
            "on with it, `--name OTHER` starts another"
        )
    named = [] if name is None else ["--name", name]
    settings = [part for setting in overrides for part in ("--set", setting)]
    with TemporaryDirectory(prefix="segsweep-") as folder:
        shutil.copy(spec_file, folder)  # not what lies beside it: an .env is nobody's business
        if trainable is not None and ":" in trainable:
            say(ship_code(trainable, Path(folder)))
        jobs.start(sweep, ["run", spec_file.name, *settings, *named], Path(folder))
    typer.echo(sweep)
    say(f"submitted; `sweep status {sweep} --address {address}` shows how it goes, `sweep logs` what it says")


def _checked(spec_file: Path, overrides: Sequence[str], name: str | None) -> tuple[str, str | None]:
    """Name of the sweep, and what trains it; None where it is added to. Data and ledger are checked on the
    cluster.

    Raises SpecError: all that can be seen from here to be wrong.
    """
    import json

    from sweep.spec import load_spec
    from sweep.spec.document import read_document
    from sweep.spec.extension import EXTENDS, Extension, extension_faults

    document = read_document(spec_file)
    if EXTENDS in document.values:
        if name is not None:
            raise typer.BadParameter("the file adds to the sweep that `extends` names", param_hint="--name")
        faults = [*extension_faults(document.values), *_relative_paths(document.values)]
        if faults or document.found:
            raise document.error(faults)
        return Extension.model_validate(document.values).extends, None
    named = [] if name is None else [f"name={json.dumps(name)}"]
    loaded = load_spec(spec_file, [*overrides, *named], on_disk=False)
    assert loaded.document is not None
    if faults := list(_relative_paths(loaded.document.values)):
        raise loaded.document.error(faults)
    return loaded.spec.name, loaded.spec.trainable


def _relative_paths(values: dict[str, Any]) -> Iterator[Found]:
    """Paths that mean nothing on another machine."""
    from sweep.spec.wording import Found

    for loc in _PATHS:
        path: Any = values
        for key in loc:
            path = path.get(key) if isinstance(path, dict) else None
        if isinstance(path, str) and "://" not in path and not PurePosixPath(path).is_absolute():
            message = f"is {path!r}; on a cluster it must be a path from / on, as all nodes see it"
            yield Found(loc, message)
