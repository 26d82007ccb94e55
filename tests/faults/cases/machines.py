"""Nodes of a Ray cluster that go: two nodes on this machine, each with its own processes."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import environ, kill
from pathlib import Path

from sweep.ledger.events import TrialStarted
from tests.faults.case import Case, Expected
from tests.faults.specs import RUNGS
from tests.faults.stage import Stage, in_the_middle
from tests.integration.commands import PATIENCE
from tests.integration.processes import descendants

_GROUP = "Nodes"
_GAP = RUNGS[1] - RUNGS[0]
_ONE_EACH = {"resources": {"concurrent_trials": 2, "cpus_per_trial": 1}}
"""A trial on each node."""


class Nodes:
    """`ray start` processes; loopback addresses stand for machines."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._nodes: list[subprocess.Popen[bytes]] = []
        self.port = _free_port()

    @property
    def environment(self) -> dict[str, str]:
        return {"RAY_ADDRESS": f"127.0.0.1:{self.port}", "RAY_AUTH_MODE": "disabled"}

    def start_head(self) -> None:
        options = (f"--port={self.port}", f"--temp-dir={self._folder}", "--include-dashboard=false")
        self._start("--head", *options, "--node-ip-address=127.0.0.1")

    def start_worker(self) -> None:
        self._start(f"--address=127.0.0.1:{self.port}", f"--node-ip-address=127.0.0.{len(self._nodes) + 1}")

    def kill(self, number: int) -> None:
        """All processes of a node at once, as when its machine loses power."""
        process = self._nodes[number]
        for one in (*(found.pid for found in descendants(process.pid)), process.pid):
            with suppress(ProcessLookupError):
                kill(one, signal.SIGKILL)
        process.wait(timeout=PATIENCE)

    def kill_all(self) -> None:
        for number, process in enumerate(self._nodes):
            if process.poll() is None:
                self.kill(number)

    def _start(self, *arguments: str) -> None:
        log = self._folder / f"node-{len(self._nodes)}.txt"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--num-cpus=1",
                 "--object-store-memory=100000000", "--disable-usage-stats", *arguments],
                stdout=out, stderr=out, start_new_session=True, env=environ | self._of_ray(),
            )  # fmt: skip
        self._nodes.append(process)
        deadline = time.monotonic() + PATIENCE
        while "Ray runtime started" not in log.read_text():
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)

    def _of_ray(self) -> dict[str, str]:
        root = str(Path(__file__).parents[3])
        return {"RAY_AUTH_MODE": "disabled", "PYTHONPATH": root, "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "1"}


@contextmanager
def two_nodes() -> Iterator[Nodes]:
    folder = Path(tempfile.mkdtemp(prefix="r"))  # short: sockets have names of at most 107 letters
    nodes = Nodes(folder)
    try:
        nodes.start_head()
        nodes.start_worker()
        yield nodes
    finally:
        nodes.kill_all()
        shutil.rmtree(folder, ignore_errors=True)


def _node(stage: Stage) -> None:
    stage.write(**_ONE_EACH)
    with two_nodes() as nodes:
        stage.environment |= nodes.environment
        with stage.running("run", "tiny.yaml") as process:
            _both_train(stage, process)
            stage.strike()
            nodes.kill(1)


def _head(stage: Stage) -> None:
    """Its driver was attached to it. The sweep goes on with another cluster."""
    stage.write(**_ONE_EACH)
    with two_nodes() as nodes:
        stage.environment |= nodes.environment
        with stage.running("run", "tiny.yaml") as process:
            _both_train(stage, process)
            stage.strike()
            nodes.kill(0)
    with two_nodes() as nodes:
        stage.environment |= nodes.environment
        stage.sweep("resume", "tiny")


def _both_train(stage: Stage, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while sum(isinstance(event, TrialStarted) for event in stage.events()) < 2:
        assert process.poll() is None and time.monotonic() < deadline, "the two nodes did not both train"
        time.sleep(0.05)
    stage.wait_for(process, in_the_middle)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


MACHINES = (
    Case(
        name="node gone",
        group=_GROUP,
        act=_node,
        expected=Expected(says=r"the node .* is gone; that does not count", again=2 * _GAP, attempts=3),
    ),
    Case(
        name="head gone",
        group=_GROUP,
        act=_head,
        then="`sweep resume` on another cluster",
        expected=Expected(
            codes=(1, 0),
            says="the head of the cluster .* `sweep resume tiny` goes on",
            again=2 * _GAP,
            attempts=2,
        ),
    ),
)
