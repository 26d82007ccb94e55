"""Where results, checkpoints and decoded images go."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from sweep.errors import StorageError
from sweep.finding import Finding
from sweep.spec import Spec
from sweep.storage import StoreURI
from sweep.storage.store import Store
from trainables.atomic import sync
from trainables.cache import cache_folder

_PROBE = ".doctor"
_LEAST_GIGABYTES = 5.0


def storage(spec: Spec) -> Finding:
    """Whether it can be written, read and deleted in; how much room it has."""
    path = spec.storage.path
    return _store(path) if isinstance(path, StoreURI) else _folder("storage", path)


def cache(spec: Spec) -> Finding:
    """Whether packs of decoded images, and working copies, can be kept."""
    return _folder("cache", cache_folder())


def _folder(what: str, folder: Path) -> Finding:
    said = str(folder)
    try:
        place = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
        said += "" if folder.exists() else ", which will be made"
        if not place.is_dir():
            return Finding(what, "fault", f"{place} is no folder", "move it, or name another place")
        with tempfile.NamedTemporaryFile(dir=place, prefix=_PROBE) as probe:
            probe.write(b"segsweep")
            probe.flush()
            sync(Path(probe.name))
    except OSError as error:
        mend = "name another place, with " + ("storage.path" if what == "storage" else "SEGSWEEP_CACHE")
        return Finding(what, "fault", f"{said}: cannot be written: {error.strerror}", mend)
    free = shutil.disk_usage(place).free / 1e9
    said += f", {free:.0f} GB free"
    if free < _LEAST_GIGABYTES:
        mend = "make room; `sweep plan` says how much a sweep's checkpoints take"
        return Finding(what, "warning", said, mend)
    return Finding(what, "ok", said)


def _store(uri: StoreURI) -> Finding:
    store, content = Store(uri), b"segsweep"
    try:
        store.write(_PROBE, content)
        is_same = store.read(_PROBE) == content
        store.delete(_PROBE)
    except StorageError as error:
        return Finding(
            "storage", "fault", str(error).replace("\n", " "), "mend that, or name another storage.path"
        )
    if not is_same:
        return Finding(
            "storage", "fault", f"{uri} gives back something else than was written", "use another store"
        )
    return Finding("storage", "ok", f"{uri}: written, read and deleted")
