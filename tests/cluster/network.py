"""A switch with a port for every host, in a network that nothing leads out of."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.cluster.namespaces import Namespaces


class Switch:
    """A bridge in a network namespace of its own; its address is where the hosts' default route leads."""

    def __init__(self, address: str, log: Path) -> None:
        self.address = address
        self._space = Namespaces(["net"], ["sleep", "infinity"], log)
        self._ports = 0
        self._inside(self._space, f"link add {_BRIDGE} type bridge")
        self._inside(self._space, f"addr add {address}/24 dev {_BRIDGE}")
        self._inside(self._space, f"link set {_BRIDGE} up")

    def plug(self, host: Namespaces, address: str) -> None:
        """Wires a host, which from then on has the address."""
        self._ports += 1
        port = f"port{self._ports}"
        _ip(f"link add {port} netns {self._space.pid} type veth peer name eth0 netns {host.pid}")
        self._inside(self._space, f"link set {port} master {_BRIDGE} up")
        self._inside(host, f"addr add {address}/24 dev eth0")
        self._inside(host, "link set eth0 up")
        self._inside(
            host, f"route add default via {self.address}"
        )  # without one Ray takes 127.0.0.1 for its own

    def end(self) -> None:
        """Unplugs all."""
        self._space.end()

    def _inside(self, space: Namespaces, command: str) -> None:
        _ip(command, ["nsenter", "--target", str(space.pid), "--net", "--"])


_BRIDGE = "switch"


def _ip(command: str, before: list[str] | None = None) -> None:
    words = [*(before or []), "ip", *command.split()]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"
