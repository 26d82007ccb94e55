"""Makes a new sweep: its folder and the first line of its ledger."""

from __future__ import annotations

import getpass
import os
import platform
import subprocess
import uuid
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

from sweep.errors import ChangedError
from sweep.job import OWNER_VARIABLE
from sweep.ledger import FORMAT, Ledger
from sweep.ledger.events import SweepCreated
from sweep.plan import protocol_id, regime_id
from sweep.spec import LoadedSpec, Spec
from sweep.storage import SweepFolder

_LIBRARIES = (
    "segsweep",
    "torch",
    "torchvision",
    "timm",
    "segmentation-models-pytorch",
    "numpy",
    "ray",
    "mlflow",
)


def create_sweep(folder: SweepFolder, loaded: LoadedSpec) -> Ledger:
    """Writes the first line of the ledger; the caller holds `folder.locked()`."""
    ledger = Ledger(folder.ledger)
    ledger.append(created_by(loaded, folder.name))
    return ledger


def created_by(loaded: LoadedSpec, name: str) -> SweepCreated:
    """The first line of the ledger of a new sweep."""
    return SweepCreated(
        sweep_id=uuid.uuid4().hex,
        name=name,
        format=FORMAT,
        spec=loaded.spec.model_dump(mode="json"),
        spec_text=loaded.text,
        protocol_id=protocol_id(loaded.spec),
        regime_id=regime_id(loaded.spec),
        versions=library_versions(),
        git_revision=git_revision(),
        owner=owner(),
    )


def must_be_unchanged(created: SweepCreated, spec: Spec) -> None:
    """Nothing: trials that are trained now may stand in one table with those trained before.

    Raises:
        ChangedError: the data, or segsweep's definition of the metric or the training, is another by now.
    """
    now = {"protocol": protocol_id(spec), "regime": regime_id(spec)}
    then = {"protocol": created.protocol_id, "regime": created.regime_id}
    changed = [
        f"the {name} id was {then[name]} and is {now[name]}" for name in now if now[name] != then[name]
    ]
    if changed:
        raise ChangedError(
            f"the sweep {created.name!r} cannot go on: {' and '.join(changed)}. {_what_changed(spec)}: new "
            "trials could not be compared with old ones. Put it back, or start another sweep"
        )


def _what_changed(spec: Spec) -> str:
    if spec.replay is not None:
        return f"{spec.replay.curves}, which it replays, was changed or is gone"
    if spec.command is not None and spec.command.config_file is not None:
        return f"{spec.command.config_file.template}, or files of the data set, were changed or are gone"
    return (
        "Files of the data set were added, removed or changed, or another version of segsweep trains or "
        "measures otherwise"
    )


def owner() -> str:
    """Who starts the sweep: OWNER_VARIABLE of the environment, else the user of this machine."""
    with suppress(OSError, KeyError):  # a container may have a user without a name
        return os.environ.get(OWNER_VARIABLE) or getpass.getuser()
    return ""


def library_versions() -> dict[str, str]:
    """Versions of all that can change a number."""
    versions = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def git_revision() -> str | None:
    """Revision of the working directory, with `-dirty` behind it if files differ; None outside git."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],  # noqa: S607
            capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
