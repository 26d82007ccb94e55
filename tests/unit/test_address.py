"""Whether anything answers where a cluster is said to be."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from sweep.engine.address import must_answer
from sweep.errors import ClusterError


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@pytest.fixture(params=["127.0.0.1", "::1"])
def listening(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a port that takes connections."""
    is_ipv6 = request.param == "::1"
    try:
        server = socket.create_server(
            (request.param, 0), family=socket.AF_INET6 if is_ipv6 else socket.AF_INET
        )
    except OSError as error:
        pytest.skip(f"no {request.param} on this machine: {error}")
    with server:
        yield f"{'[::1]' if is_ipv6 else request.param}:{server.getsockname()[1]}"


def test_a_dead_address_is_said_at_once(closed_port: int) -> None:
    began = time.monotonic()
    with pytest.raises(ClusterError) as error:
        must_answer(f"127.0.0.1:{closed_port}", own_address="127.0.0.1")
    assert time.monotonic() - began < 4
    message = str(error.value)
    assert message.startswith(f"no Ray answers at '127.0.0.1:{closed_port}': Connection refused.\n")
    for remedy in ("`ray status`", "`ray attach cluster.yaml`", "`--address auto`", "docs/cluster.md"):
        assert remedy in message


def test_an_address_that_answers_passes(listening: str) -> None:
    must_answer(listening, own_address="::1" if listening.startswith("[") else "127.0.0.1")


def test_the_loopback_is_asked_where_ray_goes(listening: str) -> None:
    port = listening.rpartition(":")[2]
    with pytest.raises(ClusterError, match=r"for localhost Ray goes to this machine's address 127\.9\.9\.9"):
        must_answer(f"localhost:{port}", own_address="127.9.9.9")  # nothing listens there


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70])
def test_a_host_without_address(host: str) -> None:
    with pytest.raises(ClusterError, match=f"no Ray answers at '{host}:6379': "):
        must_answer(f"{host}:6379", own_address="127.0.0.1")


@pytest.mark.parametrize("address", ["head:", "head:x", "head:0", "head:65536", "head:-1", "head:²"])
def test_a_port_that_is_none(address: str) -> None:
    with pytest.raises(ClusterError, match="a port from 1 to 65535"):
        must_answer(address, own_address="127.0.0.1")


@pytest.mark.parametrize("address", ["auto", "local", "", "ray://127.0.0.1:1", "https://127.0.0.1:1"])
def test_what_ray_finds_by_itself_is_not_asked(address: str) -> None:
    must_answer(address, own_address="127.0.0.1")
