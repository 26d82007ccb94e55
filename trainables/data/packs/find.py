"""Finds the pack of a source, or makes it."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from filelock import FileLock

from trainables.data.folders import FolderSamples
from trainables.data.packs.manifest import Manifest, pack_folder, read_manifest, stamp_of
from trainables.data.packs.read import PackedSamples
from trainables.data.packs.write import write_pack
from trainables.data.samples import Samples

_log = logging.getLogger("segsweep.data")

_SHARE_OF_FREE_DISK = 0.5
"""What a trial may take of it without being asked to."""


class Pack(NamedTuple):
    """A pack as it is now."""

    folder: Path
    manifest: Manifest
    is_new: bool
    """It was made, or made anew, just now."""


def packed(samples: FolderSamples) -> Samples:
    """The same images out of their pack, which is made if there is none or if the source has changed.

    The first on a machine makes it while others wait. Where it cannot be made, for want of room or of the
    right to write, the folder itself, with a warning.

    Raises:
        DataError: an image or label cannot be read or used, whether it would ever have been drawn or not.
    """
    try:
        pack = renewed_pack(samples, limit=_SHARE_OF_FREE_DISK)
        return PackedSamples(pack.folder, samples.names())
    except (OSError, pa.ArrowInvalid) as error:
        _log.warning("%s: is read file by file, which is slower: %s", samples.folders.images, error)
        return samples


def renewed_pack(
    samples: FolderSamples,
    *,
    threads: int = 1,
    limit: float = 1.0,
    tell: Callable[[int], None] = lambda done: None,
) -> Pack:
    """The pack of a source, as it is now.

    Args:
        samples: the source.
        threads: that decode, if need be.
        limit: share of the free disk that may be taken.
        tell: is told after each image how many are done; never called if there is nothing to do.

    Raises:
        DataError: an image or label cannot be read or used.
        OSError: no room, or no right to write.
    """
    folder = pack_folder(samples)
    folder.parent.mkdir(parents=True, exist_ok=True)
    if (found := _current(folder, samples)) is not None:
        return Pack(folder, found, is_new=False)
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        if (found := _current(folder, samples)) is not None:  # another process has made it meanwhile
            return Pack(folder, found, is_new=False)
        _must_have_room(samples, folder, limit)
        return Pack(folder, write_pack(samples, folder, threads=threads, tell=tell), is_new=True)


def _current(folder: Path, samples: FolderSamples) -> Manifest | None:
    manifest = read_manifest(folder)
    return manifest if manifest is not None and manifest.stamp == stamp_of(samples) else None


def _must_have_room(samples: FolderSamples, folder: Path, limit: float) -> None:
    """Nothing. Judged by the first image. Raises OSError."""
    needed = samples[0][1].numel() * 4 * len(samples)
    free = shutil.disk_usage(folder.parent).free
    if needed > limit * free:
        raise OSError(
            f"decoded it takes about {needed / 1e9:.1f} GB in {folder.parent}, where {free / 1e9:.1f} GB are "
            "free (SEGSWEEP_CACHE names another place)"
        )
