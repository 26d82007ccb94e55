"""The sweep that `sweep import` writes to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sweep.errors import NameInUseError, SourceError, StorageError
from sweep.importers import Found, ImportTerms, Joined, fresh_sweep, refusal_text
from sweep.ledger import Ledger, SweepState, replay
from sweep.ledger.events import SweepCreated
from sweep.report import write_report
from sweep.source import state_of_folder
from sweep.storage import SweepFolder
from sweep.tracking import target_of
from sweep.tracking.writer import sync


@contextmanager
def held(folder: SweepFolder, dry_run: bool) -> Iterator[None]:
    """Nobody else writes the sweep meanwhile, if it is there. Raises NameInUseError if it runs."""
    if dry_run or not folder.exists():
        yield
        return
    if folder.is_running():
        stop = f"`sweep stop {folder.argument}`"
        raise NameInUseError(f"{folder.name} is running; import into it when it has ended, or after {stop}")
    with folder.locked():
        yield


def sweep_of(folder: SweepFolder, spec_file: Path | None) -> SweepState | None:
    """The sweep as it is, or as a spec would begin it; None if there is neither.

    Raises SweepError: a spec is given for a sweep that exists, or is faulty.
    """
    if not folder.exists():
        return None if spec_file is None else replay([_created_by(spec_file, folder)])
    if spec_file is not None:
        raise NameInUseError(f"{folder.name} exists already and keeps its spec; leave --spec out")
    return state_of_folder(folder)


def new_sweep(folder: SweepFolder, found: Found, terms: ImportTerms, paths: Sequence[str]) -> SweepState:
    """A sweep of nothing but these runs, not yet written down. Raises SourceError if there are none."""
    if not found.runs:
        refused = "\n".join(refusal_text(one) for one in found.refusals)
        raise SourceError(refused or f"nothing that can be imported in {', '.join(paths)}")
    return replay([fresh_sweep(folder.name, found, terms, paths)])


def _created_by(spec_file: Path, folder: SweepFolder) -> SweepCreated:
    """As `sweep run` would begin it, under the name that was given."""
    from sweep.engine.create import created_by
    from sweep.spec import check_data, load_spec

    place = {"name": folder.name, "storage.path": str(folder.home)}
    loaded = load_spec(spec_file, [f"{key}={json.dumps(value)}" for key, value in place.items()])
    check_data(loaded)
    return created_by(loaded, folder.name)


def write_import(folder: SweepFolder, created: SweepCreated, joined: Joined) -> str | None:
    """Writes the events to the ledger, then the report and MLflow; why MLflow misses it, or None.

    The caller holds the sweep if it exists. Raises StorageError.
    """
    if folder.exists():
        return _append(folder, created, joined)
    folder.create()
    with folder.locked():
        Ledger(folder.ledger).append(created)
        return _append(folder, created, joined)


def _append(folder: SweepFolder, created: SweepCreated, joined: Joined) -> str | None:
    ledger = Ledger(folder.ledger)
    for event in joined.events:
        ledger.append(event)
    folder.publish(write_report(replay(ledger.read()), folder.report).all)
    missed = None
    if created.spec["tracking"]["enabled"]:
        try:
            sync(folder, target_of(created, folder.home))
        except StorageError as error:
            missed = str(error)
    if behind := folder.flush():
        sync_it = f"`sweep sync {folder.argument}` writes it"
        raise StorageError(f"{folder.place} misses a part ({behind}); {sync_it}")
    return missed
