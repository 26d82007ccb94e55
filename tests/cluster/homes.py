"""What lies in the user's home folder from the start: on a machine of the cluster, on a laptop."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.cluster.environment import add_checkout, lay_environment

_NO_INDEX = """\
[global]
no-index = true
disable-pip-version-check = true
[install]
no-build-isolation = false
"""
"""For pip: nothing can be downloaded, and the build tool is there already. `false` turns isolation off."""


def new_key(folder: Path, name: str) -> Path:
    """The file of a new SSH key; the public half is beside it."""
    file = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(file)], check=True)
    return file


def furnish_node(home: Path, seen_as: Path, key: Path) -> None:
    """Lets the key's owner in, and brings the packages that `pip install` could not download."""
    _add_login_files(home)
    _put(home / ".ssh" / "authorized_keys", key.with_suffix(".pub").read_text())
    _put(home / ".config" / "pip" / "pip.conf", _NO_INDEX)
    lay_environment(home / "segsweep" / "venv", seen_as / "segsweep" / "venv")


def furnish_laptop(home: Path, seen_as: Path, key: Path, checkout: Path) -> None:
    """The key, and the checkout's environment, activated."""
    _add_login_files(home)
    _put(home / ".ssh" / "id_ed25519", key.read_text())
    lay_environment(home / "venv", seen_as / "venv")
    add_checkout(home / "venv", seen_as / "venv", checkout)
    with (home / ".profile").open("a") as profile:
        profile.write(f'export PATH="{seen_as}/venv/bin:$PATH"\ncd {checkout}\n')


def _add_login_files(home: Path) -> None:
    shutil.copytree("/etc/skel", home, dirs_exist_ok=True)


def _put(file: Path, content: str) -> None:
    """A file that the user alone may read, as SSH wants it."""
    file.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    file.touch(0o600)
    file.write_text(content)
