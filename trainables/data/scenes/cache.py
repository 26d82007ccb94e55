"""Rendered scenes on disk: one file for each set, made on first use."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np

from trainables.contract import SceneSource
from trainables.data.labels import Uint8Array
from trainables.data.scenes.painting import render_scene

RENDERER_VERSION = 4
"""Raise it with every change that moves a pixel: scenes of another version are never read."""


def cached_scenes(source: SceneSource) -> Uint8Array:
    """All scenes of a source, uint8 of shape (count, 4, H, W): red, green, blue, class id. Read-only.

    Read from the cache folder through a memory map, which all trials of a machine share. A missing or damaged
    file is made anew and put in place in one step: trials that do so at once write the same bytes.
    """
    path = cache_folder() / _file_name(source)
    scenes = _read(path, _shape(source))
    if scenes is None:
        _write(path, _rendered(source))
        scenes = _read(path, _shape(source))
    assert scenes is not None, f"{path} was written and cannot be read"
    return scenes


def cache_folder() -> Path:
    """`$SEGSWEEP_CACHE`, else `$XDG_CACHE_HOME/segsweep`, else `~/.cache/segsweep`."""
    if own := os.environ.get("SEGSWEEP_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "segsweep"


def _file_name(source: SceneSource) -> str:
    height, width = source.size
    return f"scenes-v{RENDERER_VERSION}-{source.scenes}-seed{source.seed}-{source.count}x{height}x{width}.npy"


def _shape(source: SceneSource) -> tuple[int, int, int, int]:
    return (source.count, 4, *source.size)


def _read(path: Path, shape: tuple[int, int, int, int]) -> Uint8Array | None:
    """None if the file is missing or is not what was written."""
    try:
        scenes = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return scenes if scenes.shape == shape and scenes.dtype == np.uint8 else None


def _rendered(source: SceneSource) -> Uint8Array:
    scenes = np.empty(_shape(source), dtype=np.uint8)
    for index in range(source.count):
        scene = render_scene(source.scenes, source.seed, index, source.size)
        scenes[index, :3] = scene.image
        scenes[index, 3] = scene.label
    return scenes


def _write(path: Path, scenes: Uint8Array) -> None:
    """Under another name first: nobody ever sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            np.save(file, scenes, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
