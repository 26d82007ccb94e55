"""`sweep status --watch`: follows a sweep that another process runs."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import typer

from sweep.commands.on_cluster import without_address
from sweep.storage import SweepFolder

if TYPE_CHECKING:
    from rich.console import Console

_SECONDS_BETWEEN_LOOKS = 1.0
_SECONDS_BETWEEN_REQUESTS = 10.0  # each look asks the object store


def watch(folder: SweepFolder, console: Console) -> None:
    """Shows what the driver shows, until no process holds the sweep or Ctrl-C; the sweep takes no notice.

    Where the console is no terminal: a line an event from now on. Raises LedgerError, StorageError.
    """
    from sweep.engine.progress import progress
    from sweep.ledger import Ledger, replay
    from sweep.spec import spec_from_dict

    if not folder.is_running():
        return
    is_here = folder.place == str(folder.path)
    ledger = Ledger(folder.ledger)
    folder.fetch()
    events, offset = ledger.read_from(0)
    state = replay(events)
    try:
        with progress(console, spec_from_dict(state.created.spec)) as listener:
            while folder.is_running():
                listener.show(state)
                time.sleep(_SECONDS_BETWEEN_LOOKS if is_here else _SECONDS_BETWEEN_REQUESTS)
                folder.fetch()
                events, offset = ledger.read_from(offset)
                for event in events:
                    state.apply(event)
                    listener(event, state)
    except KeyboardInterrupt:
        console.print(f"{folder.name} runs on; `sweep stop {folder.argument}` stops it", highlight=False)


def must_be_here(is_wanted: bool) -> bool:
    """The value of `--watch`. Raises BadParameter beside `--address`: a job on a cluster has no terminal."""
    if is_wanted and without_address(sys.argv[1:]) != sys.argv[1:]:
        raise typer.BadParameter(
            "a sweep on a cluster is watched on its head node: `ray attach cluster.yaml`, then this without "
            "--address; from here `sweep status` and `sweep logs` tell",
            param_hint="--watch",
        )
    return is_wanted
