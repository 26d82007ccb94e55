"""What the columns of a table that somebody wrote by hand hold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sweep.importers.names import METRICS, OurName, renamed
from sweep.spec.space import REAL_RATIO

_MEASURED_AT = re.compile(r"(?P<scores>.+?)\s+(?:at|@)\s*(?:iter(?:ation)?\s)?\s*(?P<at>\d+)(?P<k>k?)", re.I)


@dataclass(frozen=True)
class ScoreColumn:
    """A column of scores."""

    place: int
    scores: tuple[OurName | None, ...]
    """What stands in a cell, in this order; None is left out."""


@dataclass(frozen=True)
class WrittenColumns:
    """The columns of one table."""

    real_ratio: int
    """Its place."""
    common: Mapping[int, str]
    """Names, by place, of columns that hold for all validations of a row."""
    scores: Mapping[int | None, Sequence[ScoreColumn]]
    """By the iteration that the heading names; None where it names none."""
    protocol_id: str
    notes: tuple[str, ...]

    @property
    def is_wide(self) -> bool:
        """A row is a training, not a validation."""
        return any(iteration is not None for iteration in self.scores)


def columns_of(header: Sequence[str], given: Mapping[str, OurName]) -> WrittenColumns | None:
    """The columns under these headings; None where they lack real_ratio, or any score."""
    parts = [_parts(heading) for heading in header]
    found = renamed(list(dict.fromkeys(name for _, names in parts for name in names)), given)
    scores: dict[int | None, list[ScoreColumn]] = {}
    common: dict[int, str] = {}
    for place, (iteration, names) in enumerate(parts):
        ours = tuple(found.names.get(name) for name in names)
        if iteration is not None or (ours[0] is not None and ours[0].name in METRICS):
            scores.setdefault(iteration, []).append(ScoreColumn(place, ours))
        elif ours[0] is not None:
            common[place] = ours[0].name
    places = [place for place, name in common.items() if name == REAL_RATIO]
    if len(places) != 1 or not scores:
        return None
    return WrittenColumns(places[0], common, scores, found.protocol_id, found.notes)


def _parts(heading: str) -> tuple[int | None, tuple[str, ...]]:
    """`mIoU, aAcc at 2050` as the iteration and the names."""
    match = _MEASURED_AT.fullmatch(heading.strip())
    if match is None:
        return None, (_name(heading),)
    iteration = int(match["at"]) * (1000 if match["k"] else 1)
    return iteration, tuple(map(_name, match["scores"].split(",")))


def _name(text: str) -> str:
    return text.strip().replace(" ", "_")
