"""What somebody finds who reaches the nodes' network, but has neither the SSH key nor the token."""

from __future__ import annotations

from tests.cluster.host import Host

_STRANGER = "env HOME=/tmp/stranger RAY_AUTH_MODE=disabled"
_FRIEND = "env RAY_AUTH_MODE=token"


def closed_ports(host: Host, head: str) -> list[int]:
    """Those of MLflow and dashboard to which nobody gets a connection from the host."""
    return [
        port for port in (5000, 8265) if host.run(f"timeout 5 bash -c '</dev/tcp/{head}/{port}'").returncode
    ]


def answer_of_ray(host: Host, head: str, *, with_token: bool) -> str:
    """What Ray's control store on the head says to a `ray status` from the host."""
    who = _FRIEND if with_token else _STRANGER
    done = host.run(f"{who} ray status --address {head}:6379")
    return done.stdout + done.stderr
