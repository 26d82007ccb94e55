"""Whether anything answers where a Ray cluster is said to be. Knows no Ray."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from sweep.errors import ClusterError

_SECONDS_TO_ANSWER = 5.0
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def must_answer(address: str, own_address: str) -> None:
    """Asks the port whether it takes connections: Ray itself would go on asking a dead one for minutes.

    Nothing is asked where the address is none of the form `host:port`: `auto`, which Ray finds by itself, or
    one with a scheme, such as `ray://`. A port that answers may still be something else than Ray.

    Args:
        address: as the user gave it; of IPv6 as `[::1]:6379`.
        own_address: of this machine in its network. Ray goes there where the user names the loopback.

    Raises:
        ClusterError: nothing answers there, or the port is no number from 1 to 65535.
    """
    named, colon, port = address.rpartition(":")
    if not colon or "://" in address:
        return
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 2**16):
        raise ClusterError(f"the address {address!r} wants host:port, with a port from 1 to 65535, or `auto`")
    named = named.removeprefix("[").removesuffix("]")
    host = own_address if named in _LOOPBACK else named
    try:
        socket.create_connection((host, int(port)), timeout=_SECONDS_TO_ANSWER).close()  # tries IPv6, too
    except (OSError, UnicodeError) as error:
        raise ClusterError(_nothing_answers(address, host, named, error)) from error


def is_dashboard(address: str) -> bool:
    """Whether an address is one of Ray's dashboard, where jobs are sent to, and not of a cluster's inside."""
    return address.startswith(("http://", "https://"))


def must_answer_http(address: str) -> None:
    """Asks the dashboard's port whether it takes connections. Raises ClusterError: it does not."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        host, port = None, 0
    if not is_dashboard(address) or host is None:
        raise ClusterError(f"the address {address!r} wants the form http://127.0.0.1:8265")
    try:
        socket.create_connection((host, port), timeout=_SECONDS_TO_ANSWER).close()
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise ClusterError(
            f"nothing answers at {address}: {why}. `ray attach -p 8265 cluster.yaml` brings the dashboard of "
            "a cluster to http://127.0.0.1:8265 of this machine (docs/cluster.md)"
        ) from error


def _nothing_answers(address: str, host: str, named: str, error: Exception) -> str:
    why = getattr(error, "strerror", None) or error
    where = "" if host == named else f"; for {named} Ray goes to this machine's address {host}"
    return (
        f"no Ray answers at {address!r}: {why}{where}.\n"
        "Is the head up? `ray status` there says so, and names the port. Only a node of the cluster can use "
        "the address; from elsewhere `ray attach cluster.yaml`, and there `--address auto` (docs/cluster.md)"
    )
