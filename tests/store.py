"""A real S3 server on 127.0.0.1, in a process of its own, so that it can be stopped and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.request import Request, urlopen

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "secret-of-the-test",
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""Credentials; the server takes any."""

_PATIENCE = 60.0


@dataclass(frozen=True)
class Server:
    """moto, with one bucket."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def uri(self) -> str:
        """A storage in the bucket."""
        return f"s3://bucket/sweeps?endpoint_override=127.0.0.1:{self.port}&scheme=http"

    @contextmanager
    def away(self) -> Iterator[None]:
        """It takes connections and says nothing, as a machine does that hangs."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@contextmanager
def s3_server() -> Iterator[Server]:
    """The server, ended with the block. Whoever uses it needs ENVIRONMENT."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _make_bucket(f"http://127.0.0.1:{port}/bucket")
            yield Server(process, port)
        finally:
            process.kill()


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """These variables, and what they were before after the block."""
    before = {key: os.environ.get(key) for key in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _make_bucket(url: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        with suppress(OSError):
            urlopen(Request(url, method="PUT", headers={"Host": "s3.amazonaws.com"}), timeout=5).close()
            return
        assert time.monotonic() < deadline, "the S3 server did not come up"
        time.sleep(0.1)
