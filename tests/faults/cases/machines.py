"""Nodes of a Ray cluster that go: two nodes on this machine, each with its own processes."""

from __future__ import annotations

import subprocess
import time

from sweep.ledger.events import TrialStarted
from tests.faults.case import Case, Expected
from tests.faults.nodes import nodes_up
from tests.faults.specs import RUNGS
from tests.faults.stage import Stage, in_the_middle
from tests.integration.commands import PATIENCE

_GROUP = "Nodes"
_GAP = RUNGS[1] - RUNGS[0]
_ONE_EACH = {"resources": {"concurrent_trials": 2, "cpus_per_trial": 1}}
"""A trial on each node."""


def _node(stage: Stage) -> None:
    _lose(stage, 1)


def _head(stage: Stage) -> None:
    """Its driver was attached to it. The sweep goes on with another cluster."""
    _lose(stage, 0)
    with nodes_up(number=2) as nodes:
        stage.environment |= nodes.environment
        stage.sweep("resume", "tiny")


def _lose(stage: Stage, node: int) -> None:
    """One of two nodes, the first of which is the head, while a trial trains on each."""
    stage.write(**_ONE_EACH)
    with nodes_up(number=2) as nodes:
        stage.environment |= nodes.environment
        with stage.running("run", "tiny.yaml") as process:
            _both_train(stage, process)
            stage.strike()
            nodes.kill(node)


def _both_train(stage: Stage, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while sum(isinstance(event, TrialStarted) for event in stage.events()) < 2:
        assert process.poll() is None and time.monotonic() < deadline, "the two nodes did not both train"
        time.sleep(0.05)
    stage.wait_for(process, in_the_middle)


MACHINES = (
    Case(
        name="node gone",
        group=_GROUP,
        act=_node,
        own_ray=True,
        expected=Expected(says=r"the node .* is gone; that does not count", again=2 * _GAP, attempts=3),
    ),
    Case(
        name="head gone",
        group=_GROUP,
        act=_head,
        own_ray=True,
        then="`sweep resume` on another cluster",
        expected=Expected(
            codes=(1, 0),
            says="the head of the cluster .* `sweep resume tiny` goes on",
            again=2 * _GAP,
            attempts=2,
        ),
    ),
)
