"""What the machine must have before hosts can be made on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec

_TOOLS = ("sshd", "ssh", "ssh-keygen", "ip", "rsync", "curl", "fuser", "flock", "unshare", "nsenter",
          "setpriv")  # fmt: skip
_MODULES = {"aiohttp_cors": "ray[default]", "hatchling": "hatchling"}
"""Whether a package is there, by a module that only it brings."""
_TRIAL = (
    "mount -t tmpfs none /mnt && ip link add switch type bridge && ip link add one type veth peer name two"
)


def missing() -> str | None:
    """A sentence that says what is missing and how to get it; None if nothing is."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "hosts are made of Linux namespaces, by root"
    if tools := [tool for tool in _TOOLS if shutil.which(tool) is None]:
        return f"no {', '.join(tools)}: `make cluster-tools` installs what Debian has of it"
    if packages := [package for module, package in _MODULES.items() if find_spec(module) is None]:
        return f"no {', '.join(packages)}: install the extra `dev`"
    spaces = ["unshare", "--mount", "--net", "--uts", "--ipc", "--pid", "--fork", "sh", "-c", _TRIAL]
    made = subprocess.run(spaces, capture_output=True, text=True)
    if made.returncode:
        return f"namespaces cannot be made here: {made.stderr.strip()}"
    return None
