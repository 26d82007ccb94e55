"""Tells the driver which processes Ray has lost, and why."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import ray
from ray.tune import Callback
from ray.tune.experiment import Trial

from sweep.engine.driver import Driver
from sweep.ledger.events import FaultCause

_PATIENCE = 3.0
"""Seconds that Ray may need to notice that a node is gone, after it lost a process there; 1.4 are usual."""


class FaultCallback(Callback):
    """Ray itself retries nothing: the searcher hands a trial out again that the driver has not ended."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Its process died, or an exception came out of it."""
        trial_id = trial.config["trial_id"]
        state = self._driver.state.trials[trial_id]
        self._driver.process_is_gone(trial_id, *cause_of(_error_of(trial), state.host, state.node))

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Its process ended without an error, as the driver wanted or not."""
        self._driver.process_has_ended(trial.config["trial_id"])


def cause_of(error: str, host: str, node: str = "") -> tuple[FaultCause, str]:
    """What Ray's words come to: how it counts, and in one line for the user.

    Args:
        error: as Ray writes it, pages long.
        host: where the process ran.
        node: Ray's id of that node; empty if unknown.
    """
    if "running low on memory" in error:
        return "memory", (
            f"the node {host} ran out of memory, and Ray ended the process; lower "
            "resources.concurrent_trials or training.workers, or give trials more of resources.cpus_per_trial"
        )
    if "its node has died" in error or (node and _dies(node)):
        return "node", f"the node {host} is gone; that does not count as a failure of the trial"
    return "process", "the worker process died; sweep.log may say why"


def _error_of(trial: Trial) -> str:
    """What Ray wrote down of the trial's error, in its own folder on this machine."""
    file = trial.error_file
    return Path(file).read_text(errors="replace") if file and Path(file).exists() else ""


def _dies(node: str) -> bool:
    """Whether Ray says within a moment that the node is gone: of its processes one is the first to end."""
    deadline = time.monotonic() + _PATIENCE
    while not _is_dead(node):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.1)
    return True


def _is_dead(node: str) -> bool:
    nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    return not any(one["NodeID"] == node and one["Alive"] for one in nodes)
