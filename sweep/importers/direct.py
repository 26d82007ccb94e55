"""Files of measurements as the state of a sweep, read for one command and written nowhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from sweep.errors import Fault, TableError
from sweep.importers.formats import STANDARD_INPUT, read
from sweep.importers.found import Found
from sweep.importers.fresh import fresh_sweep
from sweep.importers.join import join, refusal_text
from sweep.importers.table import csv_table, runs_of_table
from sweep.importers.terms import ImportTerms
from sweep.ledger import SweepState, replay
from sweep.ledger.events import SweepCreated

_ID_LENGTH = 12


def state_of_path(
    path: str, final: int | None = None, say: Callable[[str], None] = lambda _: None
) -> SweepState:
    """The sweep that a table tells of: CSV, Parquet, Markdown, an export of W&B, or `-`, standard input.

    `say` is told what was left out, and what was guessed. Raises as `state_of_csv`.
    """
    found = read([path], final=final)
    for line in (*map(refusal_text, found.refusals), *found.notes):
        say(line)
    name = "standard input" if path == STANDARD_INPUT else path
    return state_of_found(found, Path(name), final, say=say)


def state_of_csv(path: Path, final: int | None = None, metric: str = "val_miou") -> SweepState:
    """The sweep that a file of measurements tells of; docs/import.md describes the file.

    Rungs are all iterations in the file, or those that `is_rung` marks. A trial with a value at the last one
    is finished, any other interrupted: a row that is not there is not a stop. Provenance is "imported".

    Args:
        path: the file.
        final: the iteration at which a training ends. Default: the last one in the file, or 1 if it names
            none.
        metric: what trials are judged by.

    Raises:
        StorageError: the file cannot be read.
        TableError: all faults of the file, with their lines.
    """
    return state_of_found(runs_of_table(csv_table(path), final, metric), path, final, metric)


def state_of_found(
    found: Found,
    path: Path,
    final: int | None = None,
    metric: str = "val_miou",
    say: Callable[[str], None] = lambda _: None,
) -> SweepState:
    """Likewise, of runs that were read out of `path`.

    Raises TableError if there are none, if they are of several protocols or regimes, or go on after `final`.
    """
    if faults := [*_none(found), *_mixed(found), *_after(found, final)]:
        raise TableError(str(path), faults)
    own = f"csv-{found.digest[:_ID_LENGTH]}"
    terms = ImportTerms(
        protocol_id=_only([run.protocol_id for run in found.runs]) or own,
        regime_id=_only([run.regime_id for run in found.runs]) or own,
    )
    created = _created(found, path, final, terms, metric)
    joined = join(replay([created]), found, terms, [str(path)])
    for refusal in joined.refusals[len(found.refusals) :]:
        say(refusal_text(refusal))
    return replay([created, *(replace(event, time=created.time) for event in joined.events)])


def _created(found: Found, path: Path, final: int | None, terms: ImportTerms, metric: str) -> SweepCreated:
    created = fresh_sweep(path.stem, found, terms, [str(path)], metric, final)
    spec = {**created.spec, "description": f"Imported from {path.name}."}
    time = path.stat().st_mtime if path.exists() else created.time
    return replace(created, time=time, sweep_id=found.digest[:16], spec=spec)


def _none(found: Found) -> list[Fault]:
    return [] if found.runs else [Fault(one.file, one.reason, one.line) for one in found.refusals]


def _mixed(found: Found) -> list[Fault]:
    """Scores of several protocols or regimes must not be ranked together."""
    return [
        Fault(
            name,
            "differs between rows: such scores cannot be compared. Make a file of each, or `sweep import` "
            "them all, which shows them side by side",
            1,
        )
        for name in ("protocol_id", "regime_id")
        if len({getattr(run, name) for run in found.runs}) > 1
    ]


def _after(found: Found, final: int | None) -> list[Fault]:
    last = max((one.iteration for run in found.runs for one in run.validations), default=0)
    if final is None or final >= last:
        return []
    return [Fault("", f"has iteration {last}, which is after the final one, {final}")]


def _only(values: Sequence[str]) -> str:
    return values[0] if len(set(values)) == 1 else ""
