"""MLflow: not there, slow, gone for a while, and its SQLite file locked."""

from __future__ import annotations

import os
import signal
import socket
import socketserver
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.faults.case import Case, Expected
from tests.faults.nodes import free_port
from tests.faults.stage import Stage, first_report
from tests.integration.commands import PATIENCE
from tests.integration.processes import descendants

_GROUP = "MLflow"
_MISSES = r"MLflow misses a part .*sweep sync tiny. writes it"
_LONGER = 0.4
"""Seconds of an iteration, so that a sweep outlasts what happens to MLflow."""


def _down(stage: Stage) -> None:
    """Nothing listens; somebody starts the server after the sweep."""
    server = Server(stage.folder)
    _write_to(stage, server.uri)
    stage.sweep("run", "tiny.yaml")
    with server.running():
        stage.sweep("sync", "tiny")
    stage.tracking_uri = server.store


def _gone(stage: Stage) -> None:
    """The server is killed in the middle, and started again ten seconds later."""
    server = Server(stage.folder)
    _write_to(stage, server.uri, seconds=_LONGER)
    with stage.running("run", "tiny.yaml") as process:
        with server.running():
            stage.wait_for(process, first_report)
        time.sleep(10)
        with server.running():
            process.wait(timeout=PATIENCE)
    stage.tracking_uri = server.store


def _slow(stage: Stage) -> None:
    """Every answer takes a second longer."""
    server = Server(stage.folder)
    with server.running(), _delayed(server.port, seconds=1.0) as port:
        _write_to(stage, f"http://127.0.0.1:{port}")
        stage.sweep("run", "tiny.yaml")
        if "sync" in stage.said("MLflow misses a part"):
            stage.sweep("sync", "tiny")
    stage.tracking_uri = server.store


def _locked(stage: Stage) -> None:
    """Another program holds the database from the first report on until long after the sweep's end."""
    stage.write()
    with stage.running("run", "tiny.yaml") as process:
        stage.wait_for(process, first_report)
        lock = _lock(stage.storage / "mlflow.db", process)
        process.wait(timeout=PATIENCE)
    lock.close()
    stage.sweep("sync", "tiny")


def _lock(file: Path, process: subprocess.Popen[str]) -> sqlite3.Connection:
    """An exclusive lock on the database, once MLflow has made it."""
    deadline = time.monotonic() + PATIENCE
    while not file.exists():
        assert process.poll() is None and time.monotonic() < deadline, "MLflow made no database"
        time.sleep(0.05)
    connection = sqlite3.connect(file, timeout=60, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    return connection


def _write_to(stage: Stage, uri: str, seconds: float = 0.07) -> None:
    curves = {"curves": str(stage.folder / "curves.csv"), "seconds_per_iteration": seconds}
    stage.write(tracking={"uri": uri}, replay=curves)


class Server:
    """An MLflow server on loopback that can be started, killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "server"
        self._folder.mkdir()
        self.port = free_port()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def store(self) -> str:
        """The same, read without the server."""
        return f"sqlite:///{self._folder}/mlflow.db"

    @contextmanager
    def running(self) -> Iterator[None]:
        """Up at the beginning of the block; killed at its end."""
        with (self._folder / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--host", "127.0.0.1",
                 "--port", str(self.port), "--backend-store-uri", self.store,
                 "--artifacts-destination", str(self._folder / "artifacts")],
                stdout=log, stderr=log, start_new_session=True,
                env=os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            )  # fmt: skip
        try:
            self._wait(process)
            yield
        finally:
            for one in (*(found.pid for found in descendants(process.pid)), process.pid):
                with suppress(ProcessLookupError):
                    os.kill(one, signal.SIGKILL)
            process.wait()

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            assert process.poll() is None, (self._folder / "log.txt").read_text()
            with suppress(OSError), urllib.request.urlopen(f"{self.uri}/health", timeout=5):
                return
            time.sleep(0.2)
        raise AssertionError("the MLflow server did not answer")


@contextmanager
def _delayed(port: int, seconds: float) -> Iterator[int]:
    """The port of a relay before another one, whose answers come that much later."""

    class Relay(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", port)) as server:
                back = threading.Thread(target=_pass_on, args=(server, self.request, seconds), daemon=True)
                back.start()
                _pass_on(self.request, server, 0.0)
                back.join()

    class Relays(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Relays(("127.0.0.1", 0), Relay) as relays:
        thread = threading.Thread(target=relays.serve_forever, daemon=True)
        thread.start()
        yield int(relays.server_address[1])
        relays.shutdown()


def _pass_on(source: socket.socket, target: socket.socket, seconds: float) -> None:
    with suppress(OSError):
        while content := source.recv(1 << 16):
            time.sleep(seconds)
            target.sendall(content)
        target.shutdown(socket.SHUT_WR)


TRACKING = (
    Case(
        name="MLflow down all the time",
        group=_GROUP,
        act=_down,
        then="server started, `sweep sync`",
        expected=Expected(codes=(0, 0), says=_MISSES, attempts=1),
    ),
    Case(
        name="MLflow killed, back after 10 s",
        group=_GROUP,
        act=_gone,
        expected=Expected(says="sweep completed", attempts=1),
    ),
    Case(
        name="MLflow slow: every answer 1 s",
        group=_GROUP,
        act=_slow,
        then="`sweep sync` if told to",
        expected=Expected(or_codes=(0, 0), says=f"{_MISSES}|sweep completed", attempts=1),
    ),
    Case(
        name="SQLite locked by another program",
        group=_GROUP,
        act=_locked,
        then="lock gone, `sweep sync`",
        expected=Expected(codes=(0, 0), says=_MISSES, attempts=1),
    ),
)
