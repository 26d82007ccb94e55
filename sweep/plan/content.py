"""What a source holds: by names and sizes of its files, wherever they lie."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from sweep.spec.keys import dotted
from sweep.spec.section_faults import sources
from trainables.contract import DataConfig, ElsewhereSource, FolderSource, SceneSource, Source
from trainables.contract.pairs import paired_folders
from trainables.contract.versions import RENDERER_VERSION


def content_of(data: DataConfig, source: Source) -> dict[str, Any]:
    """Equal for two sources that hold the same. Files are not opened; folders that are missing are empty."""
    if isinstance(source, SceneSource):
        return {**source.model_dump(mode="json"), "renderer": RENDERER_VERSION}
    if isinstance(source, ElsewhereSource):
        return {"elsewhere": source.elsewhere}
    folders = paired_folders(data, source)
    files = [
        [image.relative_to(folders.images).as_posix(), _bytes(image), _bytes(folders.label_path(image))]
        for image in folders.image_paths()
    ]
    return {"files": files}


def inventories(data: DataConfig) -> dict[str, str]:
    """What the sources that are folders hold now, as `TrialConfig.inventories`."""
    found = {}
    for loc, source in sources(data):
        if isinstance(source, FolderSource):
            folders = paired_folders(data, source)
            found[dotted(loc)] = folders.inventory(folders.image_paths())
    return found


def file_hash(path: Path | None) -> str | None:
    """SHA-256 of a file; None if there is none."""
    if path is None or not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _bytes(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None
