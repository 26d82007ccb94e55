"""What of a trainable of one's own goes to a cluster with its spec: its top-level module, nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.machinery import PathFinder
from pathlib import Path

from sweep.errors import SourceError

_MOST_BYTES = 20 * 2**20
_LEFT_OUT = ("__pycache__",)


def ship_code(trainable: str, folder: Path) -> str:
    """Copies the module or package of `package.module:function` that lies here into a folder.

    It is found without being imported. Of a package go all files but hidden ones, such as `.env`, and caches.

    Returns:
        What to tell the user.

    Raises:
        SourceError: the package is too large, as with data or checkpoints in it.
    """
    name = trainable.partition(":")[0].partition(".")[0]
    found = PathFinder.find_spec(name, [str(Path.cwd())])
    if found is None:
        return (
            f"the module {name!r} is not in {Path.cwd()}: it must be installed on every node of the cluster"
        )
    package = next(iter(found.submodule_search_locations or ()), None)
    if package is None:
        assert found.origin is not None
        shutil.copy(found.origin, folder)
        return f"{Path(found.origin).name} goes with it"
    files = list(_files_of(Path(package)))
    size = sum(file.stat().st_size for file in files)
    if size > _MOST_BYTES:
        raise SourceError(
            f"the package {package} holds {size / 2**20:.0f} MiB; at most {_MOST_BYTES // 2**20} MiB go to a "
            "cluster with a spec. Keep data and checkpoints elsewhere, or install the package on every node"
        )
    for file in files:
        target = folder / name / file.relative_to(package)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    return f"the package {name!r} goes with it: {len(files)} files"


def _files_of(package: Path) -> Iterator[Path]:
    for file in sorted(package.rglob("*")):
        parts = file.relative_to(package).parts
        is_hidden = any(part.startswith(".") or part in _LEFT_OUT for part in parts)
        if file.is_file() and not is_hidden:
            yield file
