"""Which ids the labels hold, and what classes they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from sweep.sampling import evenly
from trainables.contract.classes import CITYSCAPES_CLASSES

_MOST_LABELS = 400
_IGNORED = 255


@dataclass(frozen=True)
class LabelIds:
    """Of a sample of label files."""

    shares: dict[int, float]
    """Of the pixels, by id, 0..1; only ids that occur."""
    looked_at: int
    files: int

    @property
    def classes(self) -> tuple[int, ...]:
        """All ids but 255, which means nothing."""
        return tuple(sorted(set(self.shares) - {_IGNORED}))


@dataclass(frozen=True)
class Classes:
    """As a spec writes them."""

    names: tuple[str, ...]
    label_map: dict[int, int]
    """Where ids have gaps; empty where they count from 0."""
    are_invented: bool
    """Nobody named them."""


def ids_in(files: Sequence[Path]) -> LabelIds:
    """Ids of the files, of an even sample if they are many; unreadable ones are left to `check_data`."""
    chosen = evenly(files, _MOST_LABELS)
    counts = np.zeros(256, dtype=np.int64)
    for path in chosen:
        try:
            with Image.open(path) as label:
                if label.mode in ("1", "L", "P"):
                    counts += np.bincount(np.asarray(label, dtype=np.uint8).ravel(), minlength=256)
        except (OSError, SyntaxError, ValueError):
            continue
    total = max(1, int(counts.sum()))
    shares = {int(i): int(counts[i]) / total for i in np.flatnonzero(counts)}
    return LabelIds(shares, len(chosen), len(files))


def classes_of(ids: LabelIds, named: Sequence[str], layout: str) -> Classes:
    """Classes by the names given, else by the layout, else one for every id that occurs."""
    if not named and layout in ("cityscapes", "bdd100k"):
        return Classes(CITYSCAPES_CLASSES, {}, are_invented=False)
    found = ids.classes
    has_gaps = found != tuple(range(len(found)))
    if named:
        needs_map = has_gaps and max(found, default=0) >= len(named) == len(found)
        return Classes(tuple(named), closed(found) if needs_map else {}, are_invented=False)
    last = max(found, default=0)
    if has_gaps and len(found) < (last + 1) / 2:  # ids such as 7, 8, 11: most numbers mean nothing
        return Classes(tuple(f"class_{i}" for i in found), closed(found), are_invented=True)
    return Classes(tuple(f"class_{i}" for i in range(last + 1)), {}, are_invented=True)


def closed(ids: Sequence[int]) -> dict[int, int]:
    """The `label_map` that numbers them from 0, without those that it leaves as they are."""
    return {own: number for number, own in enumerate(ids) if own != number}
