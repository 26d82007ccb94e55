"""The trial's side: what runs in a Ray worker process."""

from __future__ import annotations

import errno
import os
import socket
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

import ray
from ray import tune

from sweep.engine.messages import Broken, Message, Started, encode
from sweep.engine.watchdog import Watchdog
from sweep.errors import StorageError
from sweep.secrets import without_secrets
from sweep.storage import LEDGER, StoredCheckpoint, StoreURI, storage_at
from trainables.contract import CHECKPOINT_NAME, Progress, Report, TrialConfig, TrialError
from trainables.contract.command import CommandTask
from trainables.contract.recorded import ReplayConfig

_SECONDS_TO_LEAVE = "60"
"""That a stopped trial has to let go of its process, before that is not used again."""
_STORAGE_FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


class RaySession:
    """`trainables.contract.Session` inside a Ray Tune trial."""

    def __init__(self, folder: Path, stored: StoredCheckpoint | None = None) -> None:
        """`stored`: where the checkpoint is kept, if not in `folder`, which all nodes share."""
        self.folder = folder
        self._stored = stored
        self.watchdog = Watchdog(folder, None)

    def begin(self, stall_timeout: float | None) -> None:
        """Makes the folder; after `stall_timeout` seconds between two messages the process ends itself."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.watchdog = Watchdog(self.folder, stall_timeout)
        self.watchdog.watch()

    def restore(self) -> Path | None:
        """The newest checkpoint, if there is one."""
        checkpoint = self.folder / CHECKPOINT_NAME
        if self._stored is not None:
            with self.watchdog.resting():
                return checkpoint if _restored(self._stored, checkpoint) else None
        return checkpoint if checkpoint.exists() else None

    def keep(self, checkpoint: Path) -> None:
        """Brings it to the object store, if the storage is one. A checkpoint is a sign of life."""
        with self.watchdog.resting():  # a store that is away is tried for minutes
            if self._stored is not None:
                self._stored.keep(checkpoint)

    def leave(self, name: str, text: str) -> None:
        """Leaves a file for `sweep logs` in the trial's folder, if that can be written."""
        with suppress(OSError, StorageError):
            if self._stored is not None:
                self._stored.leave(name, text.encode())
            else:
                (self.folder / name).write_text(text)

    def report(self, report: Report, checkpoint: Path) -> None:
        """Waits for the driver's decision; a stop ends the process here."""
        self.send(report)

    def progress(self, progress: Progress) -> None:
        """As `report`."""
        self.send(progress)

    def send(self, message: Message) -> None:
        """Waits until the driver has recorded the message."""
        with self.watchdog.resting():
            tune.report(encode(message))


def run_trial(config: dict[str, Any]) -> None:
    """What Ray Tune runs: `config` holds `trial` (a TrialConfig), with `trainable` if another than ours is to
    train it, `command` (a CommandTask) or `replay` (a ReplayConfig); `trial_id`, `sweep_id`, `threads`,
    `gpus`, `stall_timeout`, and where its checkpoint is: `folder`, or `store` and `sweep`.
    """
    os.environ["OMP_NUM_THREADS"] = str(config["threads"])  # read when torch is first imported, below
    os.environ["TUNE_FUNCTION_THREAD_TIMEOUT_S"] = _SECONDS_TO_LEAVE
    if not config["gpus"]:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # Ray leaves all GPUs in sight of those who ask for none
    session = _session(config)
    node = ray.get_runtime_context().get_node_id()
    session.send(Started(host=socket.gethostname(), pid=os.getpid(), node=node))
    try:
        _must_see_storage(config, session.folder)
        session.begin(config["stall_timeout"])
        _work(config, session)
    except TrialError as error:
        session.send(Broken(reason=without_secrets(str(error)), permanent=True))
    except Exception as error:
        session.leave("error.txt", without_secrets(traceback.format_exc()))
        is_shared = "store" not in config  # else it is this node's own disk that is full
        is_full = is_shared and isinstance(error, OSError) and error.errno in _STORAGE_FAULTS
        is_away = isinstance(error, StorageError)  # and was tried for minutes
        session.send(Broken(reason=_one_line(error), permanent=False, storage=is_full or is_away))
        raise
    finally:
        session.watchdog.end()


def _session(config: dict[str, Any]) -> RaySession:
    if "store" not in config:
        return RaySession(Path(config["folder"]))
    uri = storage_at(config["store"])
    assert isinstance(uri, StoreURI)
    stored = StoredCheckpoint(uri, config["sweep"], config["trial_id"])
    return RaySession(stored.folder, stored)


def _restored(stored: StoredCheckpoint, checkpoint: Path) -> bool:
    """A node that joined late may lack the right to read the store: no reason to end the whole sweep."""
    try:
        return stored.restore(checkpoint)
    except StorageError as error:
        raise ConnectionError(f"the node {socket.gethostname()} cannot use the storage: {error}") from error


def _must_see_storage(config: dict[str, Any], folder: Path) -> None:
    """Nothing. A node that joined late may lack the storage, and a folder of that name on its own disk would
    hide that. Raises OSError; an object store says so itself.
    """
    if "store" not in config and not _begins_with(folder.parents[1] / LEDGER, config["sweep_id"]):
        raise FileNotFoundError(
            f"the node {socket.gethostname()} does not see the sweep in {folder.parents[1]}: mount the "
            "storage there as on the other nodes, or take the node out of the cluster"
        )


def _begins_with(ledger: Path, sweep_id: str) -> bool:
    try:
        with ledger.open("rb") as file:
            return sweep_id.encode() in file.readline()
    except FileNotFoundError:
        return False


def _work(config: dict[str, Any], session: RaySession) -> None:
    """Imports only what it needs: without torch a process is up in a fraction of the time."""
    if "replay" in config:
        from trainables.replay import replay

        replay(ReplayConfig.model_validate(config["replay"]), session)
        return
    if "command" in config:
        from trainables.command import run_command

        run_command(CommandTask.model_validate(config["command"]), session)
        return
    trial = TrialConfig.model_validate(config["trial"])
    if "trainable" in config:
        from trainables import own

        own.train(config["trainable"], [Path(config["code"]), Path.cwd()], trial, session)
    else:
        from trainables import segmentation

        segmentation.train(trial, session)


def _one_line(error: Exception) -> str:
    text = without_secrets(str(error)).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
