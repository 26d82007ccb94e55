"""The processes that a sweep starts, out of /proc."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

_LISTEN = "0A"


@dataclass(frozen=True)
class Process:
    """A process; `start` tells it from a later one of the same id."""

    pid: int
    start: str
    name: str


def descendants(pid: int) -> set[Process]:
    """All processes below `pid`, which is left out."""
    below: dict[int, list[Process]] = {}
    for process, parent in _processes():
        below.setdefault(parent, []).append(process)
    found: set[Process] = set()
    waiting = [pid]
    while waiting:
        children = below.get(waiting.pop(), [])
        found.update(children)
        waiting += [child.pid for child in children]
    return found


def left_of(processes: set[Process], patience: float = 15.0) -> set[str]:
    """Names of those that are still there after `patience` seconds; empty as soon as none is."""
    deadline = time.monotonic() + patience
    while True:
        left = processes & {process for process, _ in _processes()}
        if not left or time.monotonic() > deadline:
            return {process.name for process in left}
        time.sleep(0.1)


def listening_addresses(pids: set[int]) -> set[str]:
    """Addresses on which any of the processes accepts TCP connections."""
    inodes = {inode for pid in pids for inode in _sockets(pid)}
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    return {_address(row[1]) for row in rows if row[3] == _LISTEN and row[9] in inodes}


def _processes() -> list[tuple[Process, int]]:
    """Every process with its parent's id, without those that have ended and only wait to be counted."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (folder / "stat").read_text().partition(" (")[2].rpartition(") ")
            state, parent, *others = rest.split()
        except OSError:
            continue  # it ended meanwhile
        if state != "Z":
            found.append((Process(int(folder.name), others[17], name), int(parent)))
    return found


def _sockets(pid: int) -> list[str]:
    targets = []
    with suppress(OSError):  # the process ended meanwhile
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):  # it was closed meanwhile
                targets.append(str(descriptor.readlink()))
    return [target[len("socket:[") : -1] for target in targets if target.startswith("socket:[")]


def _address(local: str) -> str:
    """`0100007F:1F90` as `127.0.0.1`: groups of four bytes, each in the machine's order."""
    digits = local.partition(":")[0]
    groups = [bytes.fromhex(digits[start : start + 8])[::-1] for start in range(0, len(digits), 8)]
    address = ip_address(b"".join(groups))
    return str(getattr(address, "ipv4_mapped", None) or address)
