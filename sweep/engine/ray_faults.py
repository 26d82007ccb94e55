"""Tells the driver which processes Ray has lost, and why."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

from ray.tune import Callback
from ray.tune.experiment import Trial

from sweep.engine.driver import Driver
from sweep.engine.ray_alive import alive_nodes
from sweep.ledger.events import FaultCause

_PATIENCE = 3.0
"""Seconds for which a node may still answer of which the trial's process was the first to end."""
_SECONDS_TO_ANSWER = 1.0


class FaultCallback(Callback):
    """Ray itself retries nothing: the searcher hands a trial out again that the driver has not ended."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Its process died, or an exception came out of it."""
        trial_id = trial.config["trial_id"]
        self._driver.process_is_gone(trial_id, *cause_of(_error_of(trial), *self._driver.where(trial_id)))

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Its process ended without an error, as the driver wanted or not."""
        self._driver.process_has_ended(trial.config["trial_id"])


def cause_of(error: str, host: str, node: str = "") -> tuple[FaultCause, str]:
    """What Ray's words come to: how it counts, and in one line for the user.

    Args:
        error: as Ray writes it, pages long.
        host: where the process ran; empty if it never said.
        node: Ray's id of that node; empty if unknown.
    """
    where = f"the node {host}" if host else "its node"
    if "running low on memory" in error:
        return "memory", (
            f"{where} ran out of memory, and Ray ended the process; lower "
            "resources.concurrent_trials or training.workers, or give trials more of resources.cpus_per_trial"
        )
    if "its node has died" in error or (node and _dies(node)):
        return "node", f"{where} is gone; that does not count as a failure of the trial"
    return "process", "the worker process died; sweep.log may say why"


def _error_of(trial: Trial) -> str:
    """What Ray wrote down of the trial's error, in its own folder on this machine."""
    file = trial.error_file
    return Path(file).read_text(errors="replace") if file and Path(file).exists() else ""


def _dies(node: str) -> bool:
    """Whether the node is gone, or goes within a moment: of its processes one is the first to end."""
    deadline = time.monotonic() + _PATIENCE
    while not _is_dead(node):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.1)
    return True


def _is_dead(node: str) -> bool:
    """Whether Ray says so, which it may notice after half a minute, or the node takes no connection."""
    alive = alive_nodes().get(node)
    return alive is None or not _answers(alive["NodeManagerAddress"], alive["NodeManagerPort"])


def _answers(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=_SECONDS_TO_ANSWER).close()
    except OSError:
        return False
    return True
