"""Notes in sweep.log which nodes of the cluster are gone and which have joined.

Ray prints on the terminal that a node is dead, whatever `log_to_driver` says; the module `cluster` keeps it
from that with RAY_DEDUP_LOGS_SKIP_REGEX, by which Ray skips messages.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

import ray
from ray.tune import Callback
from ray.tune.experiment import Trial

_SECONDS_BETWEEN_LOOKS = 5.0

_log = logging.getLogger("segsweep.nodes")
_log.setLevel(logging.INFO)


class NodeCallback(Callback):
    """For the log alone: what becomes of a node's trials the user is told anyway."""

    def __init__(self) -> None:
        self._alive: dict[str, str] | None = None
        self._next_look = 0.0

    def on_step_begin(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        """Called by Ray several times a second."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + _SECONDS_BETWEEN_LOOKS
        nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
        alive = {node["NodeID"]: _name(node) for node in nodes if node["Alive"]}
        if self._alive is not None:
            reasons = {node["NodeID"]: node.get("DeathReasonMessage") for node in nodes}
            _note(self._alive, alive, reasons)
        self._alive = alive


def _note(before: Mapping[str, str], now: Mapping[str, str], reasons: Mapping[str, str | None]) -> None:
    """By Ray's ids of nodes: names of those that are alive, and why others are not."""
    for node in before.keys() - now.keys():
        _log.warning("node %s is gone: %s", before[node], reasons.get(node) or "Ray does not say why")
    for node in now.keys() - before.keys():
        _log.info("node %s has joined", now[node])


def _name(node: Mapping[str, Any]) -> str:
    return f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']})"
