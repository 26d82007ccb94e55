"""What image and label files hold, as far as a check needs it; many at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

_ONE_CHANNEL = ("1", "L", "P")
_UNREADABLE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)
_ORIENTATION = 0x0112  # EXIF
_SIDEWAYS = (5, 6, 7, 8)

T = TypeVar("T")


@dataclass(frozen=True)
class ImageFile:
    """The header of an image."""

    path: Path
    size: tuple[int, int] | None = None
    """Width and height in pixels as it is seen, EXIF orientation applied."""
    fault: str | None = None
    """Reads on from the path."""


@dataclass(frozen=True)
class LabelFile:
    """A label, read in full."""

    path: Path
    size: tuple[int, int] | None = None
    """Width and height in pixels."""
    ids: frozenset[int] = frozenset()
    """The ids that it holds, as they stand in the file."""
    fault: str | None = None
    """Reads on from the path."""


def read_images(paths: Iterable[Path]) -> dict[Path, ImageFile]:
    """Every image by its path."""
    return _by_path(_image_file, paths)


def read_labels(paths: Iterable[Path]) -> dict[Path, LabelFile]:
    """Every label by its path."""
    return _by_path(_label_file, paths)


def _by_path(read: Callable[[Path], T], paths: Iterable[Path]) -> dict[Path, T]:
    ordered = sorted(paths)
    with ThreadPoolExecutor(
        max_workers=os.cpu_count()
    ) as pool:  # Pillow decodes outside the interpreter's lock
        return dict(zip(ordered, pool.map(read, ordered), strict=True))


def _image_file(path: Path) -> ImageFile:
    try:
        with Image.open(path) as image:
            width, height = image.size
            is_sideways = image.getexif().get(_ORIENTATION) in _SIDEWAYS
    except _UNREADABLE as error:
        return ImageFile(path, fault=f"cannot be read: {error}")
    return ImageFile(path, size=(height, width) if is_sideways else (width, height))


def _label_file(path: Path) -> LabelFile:
    try:
        with Image.open(path) as label:
            if label.mode not in _ONE_CHANNEL:
                return LabelFile(path, fault=f"has pixels of mode {label.mode}, not one channel of 8 bits")
            file_ids_HW = np.asarray(label, dtype=np.uint8)
            size = label.size
    except _UNREADABLE as error:
        return LabelFile(path, fault=f"cannot be read: {error}")
    return LabelFile(
        path, size=size, ids=frozenset(np.flatnonzero(np.bincount(file_ids_HW.ravel())).tolist())
    )
