"""A host: as far as SSH, Ray and MLflow can see, a machine of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.namespaces import Namespaces
from tests.cluster.network import Switch
from tests.cluster.patience import PATIENCE, wait_for

_BOOT = Path(__file__).with_name("boot.sh")
_KINDS = ("mount", "net", "uts", "ipc")
_USER_ID = 4000
_SSHD = """\
HostKey /etc/host_key
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin no
PidFile none
"""


@dataclass(frozen=True)
class Place:
    """What a host is made of."""

    name: str
    address: str
    user: str
    folder: Path
    """Its own, on this machine."""
    storage: Path | None
    """What it sees as /mnt/segsweep."""
    visible: Sequence[Path]
    """Folders of this machine that it sees where they are, read-only."""

    @property
    def home(self) -> Path:
        """The user's home folder, as this machine sees it. It stays when the host goes down."""
        return self.folder / "home"

    @property
    def home_seen(self) -> Path:
        """The same, as the host sees it."""
        return Path("/home", self.user)


class Host:
    """It has an SSH server that lets a key's owner in, and, until somebody starts it, nothing else."""

    def __init__(self, place: Place, switch: Switch) -> None:
        self.place = place
        self._switch = switch
        self._space: Namespaces | None = None

    def come_up(self) -> None:
        """Boots: with an empty /tmp, and the home folder as it was left."""
        place = self.place
        storage = "" if place.storage is None else str(place.storage)
        arguments = [str(place.folder), place.name, place.user, storage, *map(str, place.visible)]
        self._space = Namespaces(_KINDS, ["bash", str(_BOOT), *arguments], place.folder / "sshd.log")
        self._switch.plug(self._space, place.address)
        asks = [*self._space.entering(), "bash", "-c", "</dev/tcp/127.0.0.1/22"]
        wait_for(
            f"an SSH server on {place.name}",
            lambda: subprocess.run(asks, capture_output=True).returncode == 0,
            pause=0.02,
        )

    def go_down(self) -> None:
        """Kills all of its processes at once, as when the machine is reset."""
        if self._space is not None:
            self._space.end()
            self._space = None

    def run(self, command: str, timeout: float = PATIENCE) -> subprocess.CompletedProcess[str]:
        """The finished command of the user's login shell on the host."""
        return subprocess.run(
            self._as_user(command), capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL
        )

    def output(self, command: str, timeout: float = PATIENCE) -> str:
        """What the command printed; it must have succeeded."""
        done = self.run(command, timeout)
        assert done.returncode == 0, f"{self.place.name}$ {command}\n{done.stdout}{done.stderr}"
        return done.stdout

    @contextmanager
    def running(self, command: str) -> Iterator[None]:
        """The command runs while the block does, and waits for input that never comes."""
        with (
            (self.place.folder / "out.txt").open("a") as out,
            subprocess.Popen(
                self._as_user(command), stdin=subprocess.PIPE, stdout=out, stderr=out
            ) as process,
        ):
            try:
                yield
            finally:
                process.kill()

    def _as_user(self, command: str) -> list[str]:
        assert self._space is not None, f"{self.place.name} is down"
        user = ["env", f"--chdir={self.place.home_seen}", "setpriv", f"--reuid={_USER_ID}",
                f"--regid={_USER_ID}", "--clear-groups", "--reset-env", "--pdeathsig", "KILL"]  # fmt: skip
        return [*self._space.entering("--root"), *user, "bash", "--login", "-c", command]


def prepare(place: Place, addresses: Mapping[str, str], host_key: Path) -> None:
    """Makes the folders of a host that was never up, and what it has in /etc of its own.

    Args:
        place: the host.
        addresses: of all hosts, by name.
        host_key: the file of the SSH server's secret key.
    """
    etc = place.folder / "etc"
    for folder in (etc, place.home, place.folder / "root"):
        folder.mkdir(parents=True)
    names = "".join(f"{address} {name}\n" for name, address in addresses.items())
    account = f"{place.user}:x:{_USER_ID}:{_USER_ID}::{place.home_seen}:/bin/bash\n"
    for name, content in {
        "hosts": f"127.0.0.1 localhost\n{names}",
        "resolv.conf": "",  # with a dead name server `ray start` takes four times as long
        "sshd_config": _SSHD,
        "host_key": host_key.read_text(),
        "passwd": Path("/etc/passwd").read_text() + account,
        "group": Path("/etc/group").read_text() + f"{place.user}:x:{_USER_ID}:\n",
        "shadow": f"{place.user}:*:::::::\n",
    }.items():
        (etc / name).write_text(content)
    for secret in ("host_key", "shadow"):
        (etc / secret).chmod(0o600)


def give_to_user(folder: Path) -> None:
    """Makes the hosts' user own the folder and everything in it."""
    os.chown(folder, _USER_ID, _USER_ID)
    for path in folder.rglob("*"):
        os.chown(path, _USER_ID, _USER_ID, follow_symlinks=False)
