"""A Ray cluster of one machine with a dashboard and a token, as `ray up` starts its head."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.integration.commands import PATIENCE

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class RayHead:
    """A head that runs."""

    dashboard: str
    environment: dict[str, str]
    """Of a process on the head; who has the token in it is let in."""
    log: Path
    """What `ray start` said."""

    def sweep(self, *arguments: str, cwd: Path, **changes: str) -> subprocess.CompletedProcess[str]:
        """The finished command, by a user who has the token; `changes` to the environment."""
        environment = self.environment | {"NO_COLOR": "1", "COLUMNS": "120"} | changes
        return subprocess.run(
            [sys.executable, "-m", "sweep", *arguments],
            cwd=cwd, env=environment, capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip


@contextmanager
def ray_head(folder: Path, gpus: int = 0) -> Iterator[RayHead]:
    """Ends all of its processes with the block. Its storage is `folder / "sweeps"`; its GPUs are made up.

    Sockets need short paths, so Ray's own files lie elsewhere meanwhile.
    """
    home, ports = folder / "home", _free_ports(7)
    (home / ".ray").mkdir(parents=True)
    (home / ".ray" / "auth_token").write_text(secrets.token_hex(32))
    (home / ".ray" / "auth_token").chmod(0o600)
    environment = os.environ | {
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "RAY_AUTH_MODE": "token",
        "SEGSWEEP_STORAGE": str(folder / "sweeps"),
        "SEGSWEEP_CACHE": str(folder / "cache"),
    }
    files = Path(tempfile.mkdtemp(prefix="ray-"))
    log = folder / "head.log"
    try:
        with log.open("w") as out:
            head = subprocess.Popen(
                _command(ports, gpus, files),
                env=environment, stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip
        try:
            dashboard = f"http://127.0.0.1:{ports[1]}"
            _wait_for(dashboard, head, log)
            yield RayHead(dashboard, environment, log)
        finally:
            _end(head)
    finally:
        shutil.rmtree(files, ignore_errors=True)


def _command(ports: list[int], gpus: int, files: Path) -> list[str]:
    names = (
        "port", "dashboard-port", "ray-client-server-port", "dashboard-agent-listen-port",
        "dashboard-agent-grpc-port", "runtime-env-agent-port", "metrics-export-port",
    )  # fmt: skip
    options = [f"--{name}={port}" for name, port in zip(names, ports, strict=True)]
    return [
        str(Path(sys.executable).parent / "ray"), "start", "--head", "--block", "--disable-usage-stats",
        "--num-cpus=2", f"--num-gpus={gpus}", "--dashboard-host=127.0.0.1", f"--temp-dir={files}", *options,
    ]  # fmt: skip


def _free_ports(count: int) -> list[int]:
    """Beyond those that Ray gives to its workers."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            while True:
                try:
                    one.bind(("127.0.0.1", 20000 + secrets.randbelow(10000)))
                    break
                except OSError:
                    continue
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _wait_for(dashboard: str, head: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert head.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(f"{dashboard}/api/version", timeout=5)
        except urllib.error.HTTPError:
            return  # it asks for the token
        except OSError:
            time.sleep(0.5)
    raise AssertionError(f"no dashboard: {log.read_text()}")


def _end(head: subprocess.Popen[bytes]) -> None:
    """`ray start --block` ends what it started; who does not listen is killed with its group."""
    head.terminate()
    try:
        head.wait(timeout=30)
    except subprocess.TimeoutExpired:
        os.killpg(head.pid, signal.SIGKILL)
        head.wait()
