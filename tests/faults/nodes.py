"""Nodes of a Ray cluster on this machine: loopback addresses stand for hosts."""

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

from tests.integration.commands import PATIENCE
from tests.integration.processes import descendants


class Nodes:
    """`ray start` processes; loopback addresses stand for machines."""

    def __init__(self, folder: Path, cpus: int) -> None:
        self._folder = folder
        self._cpus = cpus
        self._nodes: list[subprocess.Popen[bytes]] = []
        self.port = free_port()

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
                [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", f"--num-cpus={self._cpus}",
                 "--object-store-memory=100000000", "--disable-usage-stats", *arguments],
                stdout=out, stderr=out, start_new_session=True, env=environ | self._of_ray(),
            )  # fmt: skip
        self._nodes.append(process)
        deadline = time.monotonic() + PATIENCE
        while "Ray runtime started" not in log.read_text():
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)

    def _of_ray(self) -> dict[str, str]:
        return {
            "RAY_AUTH_MODE": "disabled",
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "1",  # else Ray listens on 127.0.0.1 alone
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "SEGSWEEP_CACHE": str(self._folder / "cache"),
        }


@contextmanager
def nodes_up(number: int, cpus: int = 1) -> Iterator[Nodes]:
    """A head and workers, each with so many CPUs; all of their processes are ended with the block."""
    folder = Path(tempfile.mkdtemp(prefix="r"))  # short: sockets have names of at most 107 letters
    nodes = Nodes(folder, cpus)
    try:
        nodes.start_head()
        for _ in range(number - 1):
            nodes.start_worker()
        yield nodes
    finally:
        nodes.kill_all()
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
