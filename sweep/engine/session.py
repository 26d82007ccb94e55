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
from sweep.secrets import without_secrets
from trainables.contract import CHECKPOINT_NAME, Progress, Report, TrialConfig, TrialError
from trainables.contract.recorded import ReplayConfig

_STORAGE_FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


class RaySession:
    """`trainables.contract.Session` inside a Ray Tune trial."""

    def __init__(self, folder: Path, stall_timeout: float | None) -> None:
        """`stall_timeout`: seconds between two messages after which the process ends itself."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.watchdog = Watchdog(folder, stall_timeout)

    def restore(self) -> Path | None:
        """The newest checkpoint, if there is one."""
        checkpoint = self.folder / CHECKPOINT_NAME
        return checkpoint if checkpoint.exists() else None

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
    """What Ray Tune runs: `config` holds `trial` (a TrialConfig) or `replay` (a ReplayConfig), `folder`,
    `threads`, `gpus` and `stall_timeout`."""
    os.environ["OMP_NUM_THREADS"] = str(config["threads"])  # read when torch is first imported, below
    if not config["gpus"]:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # Ray leaves all GPUs in sight of those who ask for none
    session = RaySession(Path(config["folder"]), config["stall_timeout"])
    node = ray.get_runtime_context().get_node_id()
    session.send(Started(host=socket.gethostname(), pid=os.getpid(), node=node))
    try:
        _work(config, session)
    except TrialError as error:
        session.send(Broken(reason=without_secrets(str(error)), permanent=True))
    except Exception as error:
        with suppress(OSError):
            (session.folder / "error.txt").write_text(without_secrets(traceback.format_exc()))
        is_full = isinstance(error, OSError) and error.errno in _STORAGE_FAULTS
        session.send(Broken(reason=_one_line(error), permanent=False, storage=is_full))
        raise
    finally:
        session.watchdog.end()


def _work(config: dict[str, Any], session: RaySession) -> None:
    """Imports only what it needs: without torch a process is up in a fraction of the time."""
    if "replay" in config:
        from trainables.replay import replay

        replay(ReplayConfig.model_validate(config["replay"]), session)
    else:
        from trainables import segmentation

        segmentation.train(TrialConfig.model_validate(config["trial"]), session)


def _one_line(error: Exception) -> str:
    text = without_secrets(str(error)).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
