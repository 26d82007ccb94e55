"""Which reader for which path."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from sweep.errors import Fault, SourceError, TableError
from sweep.importers.csv_file import content_of
from sweep.importers.found import Found
from sweep.importers.markdown_file import read_markdown
from sweep.importers.mmsegmentation import read_mmsegmentation
from sweep.importers.names import OurName
from sweep.importers.table import Table, csv_table, runs_of_table
from sweep.importers.wandb import is_wandb, read_wandb
from sweep.spec.space import REAL_RATIO

Format = Literal["mmsegmentation", "csv", "parquet", "markdown", "wandb"]
STANDARD_INPUT = "-"
_SUFFIXES: Mapping[str, Format] = {
    ".csv": "csv",
    ".parquet": "parquet",
    ".md": "markdown",
    ".markdown": "markdown",
    ".json": "mmsegmentation",
    ".log": "mmsegmentation",
}


def read(
    paths: Sequence[str],
    form: Format | None = None,
    columns: Mapping[str, OurName] | None = None,
    parameters: Mapping[str, Any] | None = None,
    final: int | None = None,
    metric: str = "val_miou",
) -> Found:
    """All runs of the paths, each read as `form` says, or as its name and content do.

    Args:
        paths: files and folders; `-` is Markdown on standard input.
        form: what all of them are.
        columns: what columns of tables hold whose names do not say it.
        parameters: of runs whose logs do not name them.
        final: the iteration at which a training ends, where a table names none.
        metric: that every row of a table must have.

    Raises:
        SourceError: paths that are not there, or of no known format; all of them at once.
        StorageError: a file cannot be read.
        TableError: all faults of a table.
    """
    forms = _forms(paths, form)
    found = [_read(path, forms[path], columns or {}, parameters or {}, final, metric) for path in paths]
    return merged(found)


def merged(found: Sequence[Found]) -> Found:
    """All of them as one; rungs are all iterations unless every one says its own."""
    rungs = [one.rungs for one in found]
    told = [own for own in rungs if own is not None]
    return Found(
        runs=tuple(run for one in found for run in one.runs),
        refusals=tuple(refusal for one in found for refusal in one.refusals),
        notes=tuple(note for one in found for note in one.notes),
        rungs=tuple(sorted({rung for own in told for rung in own})) if len(told) == len(found) else None,
        digest=hashlib.sha256("".join(one.digest for one in found).encode()).hexdigest(),
    )


def format_of(path: str) -> Format | None:
    """What a path is; None if it is nothing that is known."""
    if path == STANDARD_INPUT:
        return "markdown"
    place = Path(path)
    if place.is_dir():
        return "mmsegmentation"
    form = _SUFFIXES.get(place.suffix.lower())
    return "wandb" if form == "csv" and is_wandb(place) else form


def _forms(paths: Sequence[str], form: Format | None) -> dict[str, Format]:
    faults, forms = [], {}
    for path in paths:
        found = form or format_of(path)
        if path != STANDARD_INPUT and not Path(path).exists():
            faults.append(f"{path}: there is no such file or folder in {Path.cwd()}")
        elif found is None:
            known = ", ".join(("mmsegmentation", "csv", "parquet", "markdown", "wandb", "mlflow"))
            faults.append(f"{path}: is of no format that is known; say which it is with --format: {known}")
        else:
            forms[path] = found
    if faults:
        raise SourceError("\n".join(faults))
    return forms


def _read(
    path: str,
    form: Format,
    columns: Mapping[str, OurName],
    parameters: Mapping[str, Any],
    final: int | None,
    metric: str,
) -> Found:
    place = Path(path)
    readers: dict[Format, Callable[[], Found]] = {
        "mmsegmentation": lambda: read_mmsegmentation(place, parameters.get(REAL_RATIO)),
        "csv": lambda: runs_of_table(csv_table(place), final, metric, columns),
        "parquet": lambda: runs_of_table(_parquet(place), final, metric, columns),
        "markdown": lambda: read_markdown(_text(path), _name(path), final, metric, columns),
        "wandb": lambda: read_wandb(place, columns, parameters, final, metric),
    }
    return readers[form]()


def _parquet(path: Path) -> Table:
    from sweep.importers.parquet_file import parquet_table  # Arrow takes its time to be imported

    return parquet_table(path)


def _name(path: str) -> str:
    return "standard input" if path == STANDARD_INPUT else path


def _text(path: str) -> str:
    if path == STANDARD_INPUT:
        return sys.stdin.read()
    try:
        return content_of(Path(path)).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise TableError(path, [Fault("", "is not text in UTF-8")]) from None
