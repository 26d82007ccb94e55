"""Hosts on one machine: those that a cluster file names, and the laptop from which it is used."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import yaml

from tests.cluster.environment import VISIBLE
from tests.cluster.homes import furnish_laptop, furnish_node, new_key
from tests.cluster.host import Host, Place, give_to_user, prepare
from tests.cluster.network import Switch

CHECKOUT = Path(__file__).parents[2]
CLUSTER_FILE = "docs/examples/cluster-local.yaml"


@dataclass(frozen=True)
class Lab:
    """All hosts, up."""

    head: Host
    workers: tuple[Host, Host]
    laptop: Host
    """It has the checkout, read-only, and reaches the others; it does not see the storage."""
    storage: Path
    """What head and workers see as /mnt/segsweep."""

    @property
    def nodes(self) -> list[Host]:
        """The hosts that the cluster file names."""
        return [self.head, *self.workers]

    def last_words(self) -> str:
        """The ends of all logs, for whom a failure surprises."""
        hosts = [host.place for host in (*self.nodes, self.laptop)]
        own = [place.folder / log for place in hosts for log in ("sshd.log", "out.txt")]
        files = [*self.storage.glob("sweeps/*/sweep.log"), self.head.place.home / "mlflow/server.log", *own]
        return "\n".join(f"==> {file}\n{file.read_text()[-2000:]}" for file in files if file.exists())


@contextmanager
def lab() -> Iterator[Lab]:
    """Makes the hosts, with the addresses and the user of the cluster file; nothing is left of them."""
    cluster = yaml.safe_load((CHECKOUT / CLUSTER_FILE).read_text())
    user, provider = cluster["auth"]["ssh_user"], cluster["provider"]
    one, two = provider["worker_ips"]
    first = ip_address(provider["head_ip"])
    addresses = {"head": str(first), "one": one, "two": two, "laptop": str(first + 90)}
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="segsweep-lab-"))
        stack.callback(shutil.rmtree, folder)
        switch = Switch(str(first - 9), folder / "switch.log")
        stack.callback(switch.end)
        storage = folder / "storage"
        storage.mkdir()
        give_to_user(storage)
        hosts = {}
        for place in _places(folder, addresses, user, storage):
            hosts[place.name] = host = Host(place, switch)
            stack.callback(host.go_down)
            host.come_up()
        yield Lab(hosts["head"], (hosts["one"], hosts["two"]), hosts["laptop"], storage)


def _places(folder: Path, addresses: dict[str, str], user: str, storage: Path) -> Iterator[Place]:
    key, host_key = new_key(folder, "user"), new_key(folder, "host")
    for name, address in addresses.items():
        is_laptop = name == "laptop"
        visible = [*VISIBLE, CHECKOUT] if is_laptop else VISIBLE
        place = Place(name, address, user, folder / name, None if is_laptop else storage, visible)
        prepare(place, addresses, host_key)
        if is_laptop:
            furnish_laptop(place.home, place.home_seen, key, CHECKOUT)
        else:
            furnish_node(place.home, place.home_seen, key)
        give_to_user(place.home)
        yield place
