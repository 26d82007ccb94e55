"""Rendered scenes on disk: one file for each set, made on first use."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import numpy as np

from trainables.cache import cache_folder
from trainables.contract import DataError, SceneSource
from trainables.contract.versions import RENDERER_VERSION
from trainables.data.labels import Uint8Array
from trainables.data.scenes.painting import render_scene


def cached_scenes(source: SceneSource) -> Uint8Array:
    """All scenes of a source, uint8 of shape (count, 4, H, W): red, green, blue, class id. Read-only.

    Read from the cache folder through a memory map, which all trials of a machine share. A missing or damaged
    file is made anew and put in place in one step: trials that do so at once write the same bytes.

    Raises:
        DataError: the cache folder cannot be written.
    """
    path = cache_folder() / _file_name(source)
    scenes = _read(path, _shape(source))
    if scenes is None:
        _make(path, source)
        scenes = _read(path, _shape(source))
    assert scenes is not None, f"{path} was written and cannot be read"
    return scenes


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
    fits = isinstance(scenes, np.ndarray) and scenes.shape == shape and scenes.dtype == np.uint8
    return scenes if fits else None


def _make(path: Path, source: SceneSource) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_in_one_step(path, source)
    except OSError as error:
        raise DataError(
            f"{path.parent}: rendered scenes cannot be kept there: {error}; "
            "name another folder in the environment variable SEGSWEEP_CACHE"
        ) from error


def _write_in_one_step(path: Path, source: SceneSource) -> None:
    """Under another name first: nobody ever sees half a file."""
    unfinished = path.with_name(f"{path.name}.{uuid4().hex}.tmp")
    try:
        with unfinished.open("xb") as file:
            _write(file, source)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _write(file: BinaryIO, source: SceneSource) -> None:
    """In the format of numpy.save, scene by scene: all of them may not fit into memory."""
    header = {"descr": "|u1", "fortran_order": False, "shape": _shape(source)}
    np.lib.format.write_array_header_1_0(file, header)
    for index in range(source.count):
        scene = render_scene(source.scenes, source.seed, index, source.size)
        file.write(scene.image.tobytes())
        file.write(scene.label.tobytes())
