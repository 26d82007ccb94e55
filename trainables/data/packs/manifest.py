"""What a pack was made of. It is written last: a pack without it is none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from trainables.cache import cache_folder
from trainables.contract.section import Section
from trainables.data.folders import FolderSamples

FORMAT = "segsweep-pack-v1"
MANIFEST = "manifest.json"


class Shard(Section):
    """One Arrow IPC file."""

    file: str
    images: int
    bytes: int
    sha256: str


class Manifest(Section):
    """The file `manifest.json`."""

    format: Literal["segsweep-pack-v1"] = "segsweep-pack-v1"
    source: str
    """Image folder, for people."""
    stamp: str
    """`stamp_of` the source when it was packed."""
    images: int
    shards: tuple[Shard, ...]

    @property
    def bytes(self) -> int:
        """On disk, without the manifest."""
        return sum(shard.bytes for shard in self.shards)


def pack_folder(samples: FolderSamples) -> Path:
    """Where the pack of a source lies, whether there is one or not.

    Sources share it if they have the same files and mean the same classes by their label ids.
    """
    key = hashlib.sha256(json.dumps([FORMAT, *samples.identity()]).encode()).hexdigest()[:16]
    return cache_folder() / "packs" / f"{samples.folders.images.name}-{key}"


def stamp_of(samples: FolderSamples) -> str:
    """Hash of names, sizes and times of change of all images and labels: another where a file has changed.

    A second or less for ten thousand images on a local disk; nothing is read.
    """
    digest = hashlib.sha256()
    for line in _stats(samples):
        digest.update(line.encode())
    return digest.hexdigest()


def read_manifest(folder: Path) -> Manifest | None:
    """None if there is no whole pack: none at all, one that was left half, or one with a file cut short."""
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_text())
        is_whole = all((folder / shard.file).stat().st_size == shard.bytes for shard in manifest.shards)
    except (OSError, ValidationError):
        return None
    return manifest if is_whole else None


def file_sha256(path: Path) -> str:
    """Of its bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stats(samples: FolderSamples) -> Iterator[str]:
    for index in range(len(samples)):
        for path in samples.files(index):
            found = path.stat()
            yield f"{path}\0{found.st_size}\0{found.st_mtime_ns}\n"
