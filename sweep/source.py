"""Where a sweep is read from: its ledger in a storage, an MLflow store, or a table of measurements."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sweep.errors import SourceError
from sweep.storage import Storage, SweepFolder, sweep_named

if TYPE_CHECKING:
    from sweep.ledger import SweepState

DEFAULT_EXPERIMENT = "segsweep"
_TABLES = (".csv", ".parquet", ".md", ".markdown")


def state_from(
    name: str | None,
    storage: Storage,
    mlflow: str | None = None,
    experiment: str | None = None,
    final: int | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> SweepState:
    """The state of the sweep that a command names.

    Args:
        name: of the sweep, also `URI/NAME` or an absolute path, or the path of a table: .csv, .parquet, .md,
            or - for one on standard input. With `mlflow` also a sweep id, or None for the only sweep of the
            experiment.
        storage: the folder or URI that holds the sweeps, unless one of the others says where.
        mlflow: tracking URI of the store to read in place of the storage.
        experiment: its experiment. Default: segsweep.
        final: the iteration at which a training ends, where a file does not show it.
        say: is told what the user should know beside the result.

    Raises:
        SourceError: these cannot go together; all of it at once.
        SweepError: whatever keeps the ledger, the store or the file from being read.
    """
    is_file = is_table(name)
    _refuse_what_cannot_go_together(is_file, name, mlflow, experiment, final)
    if mlflow is not None:
        from sweep.tracking.reader import state_of_runs

        return state_of_runs(mlflow, experiment or DEFAULT_EXPERIMENT, name, say)
    assert name is not None
    if is_file:
        from sweep.importers import state_of_path

        return state_of_path(name, final, say)
    return state_of_folder(sweep_named(storage, name))


def is_table(name: str | None) -> bool:
    """Whether what a command was given is a table of measurements, not the name of a sweep."""
    return name is not None and (name == "-" or Path(name).suffix.lower() in _TABLES)


def state_of_folder(folder: SweepFolder) -> SweepState:
    """The state of a sweep in a storage. Raises LedgerError, StorageError."""
    from sweep.ledger import Ledger, replay

    folder.fetch()
    state = replay(Ledger(folder.ledger).read())
    if not folder.is_running():
        state.interrupt_trials()  # its driver may have been killed and have said nothing
    return state


def _refuse_what_cannot_go_together(
    is_file: bool, name: str | None, mlflow: str | None, experiment: str | None, final: int | None
) -> None:
    faults = []
    if name is None and mlflow is None:
        faults.append("say which sweep: NAME, a table such as a .csv file, or --mlflow URI")
    if is_file and mlflow is not None:
        faults.append(f"{name} is a file, and --mlflow names a store: give one of them")
    if experiment is not None and mlflow is None:
        faults.append("--experiment goes with --mlflow")
    if final is not None and not is_file:
        faults.append(
            "--final goes with a table such as a .csv file; a sweep itself says how long a training is"
        )
    if faults:
        raise SourceError("\n".join(faults))
