"""What the shell offers when Tab is pressed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import typer

from sweep.errors import SweepError
from sweep.storage import DEFAULT_STORAGE, STORAGE_VARIABLE, storage_at
from sweep.storage.folder import SweepFolder, known_sweeps


def sweep_names(ctx: typer.Context, incomplete: str) -> Iterator[str]:
    """Those of the storage, if that is a folder: a shell does not wait for a store."""
    folder = _folder(ctx)
    if folder is not None:
        yield from (sweep.name for sweep in known_sweeps(folder) if sweep.name.startswith(incomplete))


def trial_ids(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    """Those of the sweep that is named already, each with its arm, seed and status."""
    from sweep.source import state_of_folder

    folder, name = _folder(ctx), ctx.params.get("name")
    if folder is None or not isinstance(name, str):
        return
    try:
        state = state_of_folder(SweepFolder(folder, name))
    except (SweepError, OSError):
        return
    for trial in state.trials.values():
        if trial.trial_id.startswith(incomplete):
            yield trial.trial_id, f"{trial.arm} seed={trial.planned.seed} {trial.status}"


def _folder(ctx: typer.Context) -> Path | None:
    given = ctx.params.get("storage") or os.environ.get(STORAGE_VARIABLE) or DEFAULT_STORAGE
    try:
        storage = storage_at(str(given))
    except SweepError:
        return None
    return storage if isinstance(storage, Path) else None
