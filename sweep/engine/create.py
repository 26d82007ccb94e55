"""Makes a new sweep: its folder and the first line of its ledger."""

from __future__ import annotations

import platform
import subprocess
import uuid
from importlib.metadata import PackageNotFoundError, version

from sweep.ledger import FORMAT, Ledger
from sweep.ledger.events import SweepCreated
from sweep.plan import protocol_id, regime_id
from sweep.spec import LoadedSpec
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
    ledger.append(
        SweepCreated(
            sweep_id=uuid.uuid4().hex,
            name=folder.name,
            format=FORMAT,
            spec=loaded.spec.model_dump(mode="json"),
            spec_text=loaded.text,
            protocol_id=protocol_id(loaded.spec),
            regime_id=regime_id(loaded.spec),
            versions=library_versions(),
            git_revision=git_revision(),
        )
    )
    return ledger


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
