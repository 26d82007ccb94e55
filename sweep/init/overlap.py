"""What training and validation must not share: equal images, look-alikes, sources of generated ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sweep.finding import Finding
from sweep.init.data import LookedAt

_SIDE = 16  # of the thumbnail whose differences are the fingerprint: 256 bits
_ALIKE = 8  # bits that may differ
_NAMED = 2

Prints = NDArray[np.uint8]


def overlap_findings(sources: Mapping[str, LookedAt]) -> Iterator[Finding]:
    """One for what each training source shares with validation, where it shares anything; else one in all."""
    validation = sources["validation"].images
    theirs = _fingerprints(validation)
    found = False
    for name, source in sources.items():
        if name == "validation" or not source.images or not validation:
            continue
        for finding in _shared(name, source.images, validation, theirs):
            found = True
            yield finding
    if not found:
        yield Finding(
            "overlap", "ok", "no image that is trained on is in validation, nor one that looks like it"
        )


def _shared(
    name: str, images: Sequence[Path], validation: Sequence[Path], theirs: Prints
) -> Iterator[Finding]:
    mend = "take them out of the one or the other: scores on images that were trained on say nothing"
    alike = _alike(images, _fingerprints(images), validation, theirs)
    equal = [pair for pair in alike if _is_equal(*pair)]
    similar = [pair for pair in alike if pair not in equal]
    if equal:
        yield Finding(name, "fault", f"{len(equal)} images are in validation, too: {_named(equal)}", mend)
    if similar:
        said = f"{len(similar)} images look like one in validation: {_named(similar)}"
        yield Finding(name, "warning", said, f"look at them; if they are copies, {mend}")
    if name != "real" and (made := _made_of(images, validation)):
        said = f"{len(made)} images have the name of one in validation: {_named(made)}"
        yield Finding(name, "fault", said, f"if they were generated from those, {mend}")


def _named(pairs: Sequence[tuple[Path, Path]]) -> str:
    named = [f"{own.name} ({other.name})" for own, other in pairs[:_NAMED]]
    return ", ".join([*named, *(["..."] if len(pairs) > _NAMED else [])])


def _made_of(images: Sequence[Path], validation: Sequence[Path]) -> list[tuple[Path, Path]]:
    by_stem = {path.stem: path for path in validation}
    return [(path, by_stem[path.stem]) for path in images if path.stem in by_stem]


def _fingerprints(images: Sequence[Path]) -> Prints:
    """Shape (n, 32): whether each pixel of a thumbnail is lighter than its neighbour (dHash)."""
    with ThreadPoolExecutor() as threads:  # decoding leaves Python's lock
        prints = list(threads.map(_fingerprint, images))
    return np.stack(prints) if prints else np.zeros((0, _SIDE * _SIDE // 8), dtype=np.uint8)


def _fingerprint(path: Path) -> Prints:
    """Zeros where the file cannot be read."""
    try:
        with Image.open(path) as image:
            image.draft("L", (4 * _SIDE, 4 * _SIDE))  # of a JPEG only as much is decoded
            small = image.convert("L").resize((_SIDE + 1, _SIDE), Image.Resampling.BOX)
    except (OSError, SyntaxError, ValueError):
        return np.zeros(_SIDE * _SIDE // 8, dtype=np.uint8)
    pixels = np.asarray(small, dtype=np.int16)
    return np.packbits(pixels[:, 1:] > pixels[:, :-1])


def _alike(
    images: Sequence[Path], own: Prints, validation: Sequence[Path], theirs: Prints
) -> list[tuple[Path, Path]]:
    """Each image with the nearest of validation, where that is near."""
    found = []
    for path, print_ in zip(images, own, strict=True):
        if not print_.any():
            continue  # unreadable, or one even colour, which tells nothing
        distances = np.bitwise_count(theirs ^ print_).sum(axis=1)
        nearest = int(distances.argmin())
        if distances[nearest] <= _ALIKE:
            found.append((path, validation[nearest]))
    return found


def _is_equal(own: Path, other: Path) -> bool:
    return own.stat().st_size == other.stat().st_size and _sum(own) == _sum(other)


def _sum(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()
