"""Which of their columns is which of ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sweep.errors import SourceError
from sweep.spec.space import REAL_RATIO

METRICS = ("val_miou", "val_macc", "val_aacc")
_WELL_KNOWN = {
    "nominal_real_ratio": REAL_RATIO,
    "real_gen_ratio": REAL_RATIO,
    "ratio": REAL_RATIO,
    **{name: "val_miou" for name in ("mIoU", "miou", "val/mIoU", "val/miou", "val_mIoU")},
    **{name: "val_aacc" for name in ("aAcc", "aacc", "val/aAcc", "val/aacc", "val_aAcc")},
    **{name: "val_macc" for name in ("mAcc", "macc", "val/mAcc", "val/macc", "val_mAcc")},
    **{name: "iteration" for name in ("iter", "step", "_step", "Step", "global_step", "iterations")},
}
_OF_THE_TEST_SET = {
    **{name: "val_miou" for name in ("test_miou", "test_mIoU", "test/mIoU", "test/miou")},
    **{name: "val_aacc" for name in ("test_aacc", "test_aAcc", "test/aAcc", "test/aacc")},
    **{name: "val_macc" for name in ("test_macc", "test_mAcc", "test/mAcc", "test/macc")},
}
TEST_PROTOCOL = "test"
"""Protocol id of scores that are called those of a test set."""


@dataclass(frozen=True)
class OurName:
    """What a column of theirs holds."""

    name: str
    scale: float = 1.0
    """Its numbers times this are ours."""


@dataclass(frozen=True)
class Renamed:
    """The columns of a table under our names."""

    names: Mapping[str, OurName]
    """By their name; columns that are left out are not among them."""
    protocol_id: str
    """TEST_PROTOCOL where the scores are those of a test set, else empty."""
    notes: tuple[str, ...]


def column_map(columns: Iterable[str]) -> dict[str, OurName]:
    """`["mIoU=val_miou*100"]` as a map. Raises SourceError, with all faults."""
    faults, found = [], {}
    for column in columns:
        theirs, equals, ours = column.rpartition("=")
        name, _, factor = ours.partition("*")
        try:
            found[theirs.strip()] = OurName(name.strip(), float(factor) if factor else 1.0)
        except ValueError:
            faults.append(f"--column {column}: {factor!r} is no number")
        if not (equals and theirs.strip() and name.strip()):
            faults.append(f"--column {column}: give THEIRS=OURS, such as mIoU=val_miou or mIoU=val_miou*100")
    if faults:
        raise SourceError("\n".join(faults))
    return found


def renamed(header: Sequence[str], given: Mapping[str, OurName]) -> Renamed:
    """What the columns hold: as given, else as they are well known.

    A name of ours that is there already, or that two columns could be, is not given away.
    """
    names = {name: given.get(name, OurName(name)) for name in header}
    notes = list(_take_well_known(names, _WELL_KNOWN))
    has_validation = "val_miou" in {one.name for one in names.values()}
    if has_validation:
        for name in [name for name in header if name in _OF_THE_TEST_SET and name not in given]:
            del names[name]
            notes.append(f"column {name!r} is left out: a score of another protocol than those beside it")
        return Renamed(names, "", tuple(notes))
    tested = list(_take_well_known(names, _OF_THE_TEST_SET))
    return Renamed(names, TEST_PROTOCOL if tested else "", (*notes, *tested))


def _take_well_known(names: dict[str, OurName], known: Mapping[str, str]) -> Iterable[str]:
    taken = {one.name for one in names.values()}
    for theirs in names:
        ours = known.get(theirs)
        alike = [name for name in names if known.get(name) == ours]
        if ours is not None and names[theirs].name == theirs and ours not in taken and len(alike) == 1:
            names[theirs] = OurName(ours)
            if theirs != "nominal_real_ratio":
                yield f"column {theirs!r} is taken for {ours}"
