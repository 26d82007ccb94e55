"""An extension: a short YAML file that adds trials to a sweep that was begun, and lets stopped ones go on.

`extension_faults.py` holds it against the sweep's spec; what the ledger says to it is the engine's.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, ValidationError

from sweep.spec.change import built
from sweep.spec.document import Document, flow_text, plain, read_document
from sweep.spec.sections import Name, Point, Seed, StorageSection
from sweep.spec.wording import Found, Words, faults_of
from sweep.storage import STORAGE_VARIABLE, Storage, SweepFolder, storage_at, sweep_in, sweeps_in
from trainables.contract.section import Section

EXTENDS = "extends"
"""The key that tells an extension from a spec."""


class AddedArm(Section):
    """One of `trials`: searched parameters by dotted path, and the seeds to train them with."""

    model_config = ConfigDict(extra="allow")

    seeds: tuple[Seed, ...] = ()
    """One new trial each. Default: the sweep's `search.seeds`."""

    @property
    def point(self) -> Point:
        """The parameters, as the file has them."""
        return dict(self.model_extra or {})


class Extension(Section):
    """What a file such as `more.yaml` may hold."""

    extends: Name
    """Name of the sweep that is added to. Its spec stays as it is."""
    storage: StorageSection = StorageSection()
    """Where the sweep lies; as in a spec."""
    trials: tuple[Annotated[AddedArm, Words("a section with parameters and seeds")], ...] = ()
    """Arms to train: a value of every searched parameter, by dotted path, and seeds."""
    continued: tuple[str, ...] = Field(default=(), alias="continue")
    """Ids of stopped trials that go on to the last iteration, whatever a stopping rule says."""


@dataclass(frozen=True)
class LoadedExtension:
    """What of an extension is sound by itself, and what is wrong with the rest."""

    folder: SweepFolder
    arms: Mapping[int, AddedArm]
    """By their number in the file."""
    continued: Mapping[int, str]
    """Trial ids by their number in the file."""
    document: Document
    found: tuple[Found, ...]
    """Faults so far; `document.error` raises them with those that its sweep adds."""


def is_extension(path: Path) -> bool:
    """Whether the YAML file is to add to a sweep rather than to begin one. Raises SpecError."""
    return EXTENDS in read_document(Path(path)).values


def load_extension(path: Path) -> LoadedExtension:
    """The extension in a YAML 1.2 file, and the folder of its sweep.

    Raises:
        SpecError: the file is no YAML, or names no sweep that is there. Other faults are in `found`.
    """
    document = read_document(Path(path))
    found = extension_faults(document.values)
    faulty = {one.loc[:2] for one in (*found, *document.found)}
    storage = {} if any(loc[:1] == ("storage",) for loc in faulty) else document.values.get("storage", {})
    if (EXTENDS,) in faulty:
        raise document.error(found)
    place = _storage(storage)
    folder = sweep_in(place, document.values[EXTENDS])
    if folder.name not in (known := [one.name for one in sweeps_in(place)]):
        raise document.error([*found, _no_such_sweep(folder.name, place, known)])
    folder.fetch()
    trials, continued = (_sound(document.values, key, faulty) for key in ("trials", "continue"))
    arms = {number: built(AddedArm, item) for number, item in trials.items()}
    return LoadedExtension(folder, arms, continued, document, tuple(found))


def extension_text(
    name: str,
    arms: Iterable[tuple[Point, Sequence[int]]] = (),
    continued: Sequence[str] = (),
    *,
    storage: Storage | None = None,
    comment: str = "",
) -> str:
    """The YAML text that `load_extension` reads as this.

    Args:
        name: of the sweep.
        arms: parameters by dotted path, and the seeds to train them with; without seeds, the sweep's own.
        continued: ids of stopped trials that go on.
        storage: the folder that holds the sweep's, or the URI; None where it is the default.
        comment: stands above all else.
    """
    lines = [f"# {_printable(line)}" for line in comment.splitlines()]
    lines += [f"{EXTENDS}: {plain(name)}"]
    lines += [f"storage: {flow_text({'path': str(storage)})}"] if storage is not None else []
    items = [flow_text(point | ({"seeds": list(seeds)} if seeds else {})) for point, seeds in arms]
    lines += ["trials:", *(f"  - {item}" for item in items)] if items else []
    lines += [f"continue: [{', '.join(map(plain, continued))}]"] if continued else []
    return "\n".join(lines) + "\n"


def _printable(line: str) -> str:
    return "".join(character for character in line if character.isprintable())


def extension_faults(values: Mapping[str, Any]) -> list[Found]:
    """What is wrong with an extension whatever sweep it extends."""
    try:
        extension = built(Extension, values)
    except ValidationError as error:
        return list(faults_of(Extension, error))
    if extension.trials or extension.continued:
        return []
    return [Found((), "adds nothing; give `trials`, `continue` or both", whole=True)]


def _storage(section: Mapping[str, Any]) -> Storage:
    given = built(StorageSection, section)
    from_environment = os.environ.get(STORAGE_VARIABLE)
    if from_environment and "path" not in given.model_fields_set:
        return storage_at(from_environment).absolute()
    return given.path.absolute()


def _no_such_sweep(name: str, storage: Storage, known: Sequence[str]) -> Found:
    there = ", ".join(known) or "none"
    message = f"is {name!r}; there is no such sweep in {storage}. Sweeps there: {there}"
    return Found((EXTENDS,), message)


def _sound(values: Mapping[str, Any], key: str, faulty: set[Any]) -> dict[int, Any]:
    if (key,) in faulty:
        return {}
    return {number: item for number, item in enumerate(values.get(key, ())) if (key, number) not in faulty}
