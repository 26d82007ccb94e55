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
_MEND = "take them out of the one or the other: scores on images that were trained on say nothing"

Prints = NDArray[np.uint8]


def overlap_findings(sources: Mapping[str, LookedAt]) -> Iterator[Finding]:
    """One for what each training source shares with validation, where it shares anything; else one in all."""
    validation = sources["validation"].images
    theirs = _fingerprints(validation)
    found = False
    for name, source in sources.items():
        if name == "validation" or not source.images or not validation:
            continue
        shared = [*_copies(name, source.images, validation, theirs)]
        if name != "real":
            shared += _made_of(name, source, sources["real"], sources["validation"])
        found = found or bool(shared)
        yield from shared
    if not found:
        yield Finding(
            "overlap", "ok", "no image that is trained on is in validation, nor one that looks like it"
        )


def _copies(
    name: str, images: Sequence[Path], validation: Sequence[Path], theirs: Prints
) -> Iterator[Finding]:
    equal: list[tuple[Path, Path]] = []
    similar: list[tuple[Path, Path]] = []
    for pair in _alike(images, _fingerprints(images), validation, theirs):
        (equal if _is_equal(*pair) else similar).append(pair)
    if equal:
        yield Finding(name, "fault", f"{len(equal)} images are in validation, too: {_named(equal)}", _MEND)
    if similar:
        said = f"{len(similar)} images look like one in validation: {_named(similar)}"
        yield Finding(name, "warning", said, f"look at them; if they are copies, {_MEND}")


def _made_of(name: str, source: LookedAt, real: LookedAt, validation: LookedAt) -> Iterator[Finding]:
    """Generated images with the name of one in validation; not those whose label is one of `real`, for they
    were made from it, and the splits of the data set are numbered alike."""
    trained_on, held_out, labels = _by_stem(real), _by_stem(validation), set(real.labels)
    certain: list[tuple[Path, Path]] = []
    uncertain: list[tuple[Path, Path]] = []
    for image, label in zip(source.images, source.labels, strict=True):
        stem = _stem(image, source)
        if stem in held_out and label not in labels:
            (uncertain if stem in trained_on else certain).append((image, held_out[stem]))
    if certain:
        said = f"{len(certain)} images have the name of one in validation: {_named(certain)}"
        yield Finding(name, "fault", said, f"if they were generated from those, {_MEND}")
    if uncertain:
        said = f"{len(uncertain)} images have a name that is in real and in validation: {_named(uncertain)}"
        yield Finding(name, "warning", said, f"if they were generated from those in validation, {_MEND}")


def _by_stem(source: LookedAt) -> dict[str, Path]:
    return {_stem(image, source): image for image in source.images}


def _stem(image: Path, source: LookedAt) -> str:
    return image.name.removesuffix(source.image_suffix)


def _named(pairs: Sequence[tuple[Path, Path]]) -> str:
    named = [f"{own.name} ({other.name})" for own, other in pairs[:_NAMED]]
    return ", ".join([*named, *(["..."] if len(pairs) > _NAMED else [])])


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
