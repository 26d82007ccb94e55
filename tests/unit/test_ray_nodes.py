"""A node that is gone is for sweep.log, not for the terminal."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from typing import Any

import pytest

from sweep.engine.ray_nodes import NodeCallback

_RAY_SAYS = """
import sweep.engine.cluster
from ray._private.worker import print_to_stdstream
for text in (*{dead!r}, "something else"):
    print_to_stdstream({{"lines": [text], "pid": "raylet", "is_err": False}}, ignore_prefix=False)
"""
_DEAD = (
    "The node with node id: af15 has been marked dead because the detector has missed too many\n heartbeats",
    "Raylet is terminated. Termination is unexpected. Last 20 lines:\n (raylet) a node is dead",
)


def test_ray_does_not_print_that_a_node_is_dead() -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("RAY_")}
    ended = subprocess.run(
        [sys.executable, "-c", _RAY_SAYS.format(dead=_DEAD)],
        capture_output=True, text=True, env=environment, timeout=60, check=True,
    )  # fmt: skip
    assert "something else" in ended.stdout
    assert "dead" not in ended.stdout + ended.stderr


def test_the_log_notes_who_is_gone_and_who_has_joined(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    nodes, now = [node("a"), node("b")], 1000.0
    monkeypatch.setattr(logging.getLogger("segsweep"), "propagate", True)
    monkeypatch.setattr("sweep.engine.ray_nodes.ray.nodes", lambda: nodes)
    monkeypatch.setattr("sweep.engine.ray_nodes.time.monotonic", lambda: now)
    callback = NodeCallback()

    def noted() -> list[str]:
        nonlocal now
        caplog.clear()
        now += 10
        callback.on_step_begin(0, [])
        return [record.getMessage() for record in caplog.records]

    assert noted() == [], "those of the beginning are no news"
    nodes = [node("a"), node("b", alive=False, DeathReasonMessage="no heartbeat"), node("c")]
    assert noted() == ["node host-b (10.0.0.b) is gone: no heartbeat", "node host-c (10.0.0.c) has joined"]
    assert noted() == []
    nodes = [node("c")]
    assert noted() == ["node host-a (10.0.0.a) is gone: Ray does not say why"]


def node(name: str, *, alive: bool = True, **more: Any) -> dict[str, Any]:
    """As `ray.nodes()` tells it."""
    address = {"NodeManagerHostname": f"host-{name}", "NodeManagerAddress": f"10.0.0.{name}"}
    return {"NodeID": name, "Alive": alive, **address, **more}
