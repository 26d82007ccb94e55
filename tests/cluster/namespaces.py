"""Processes in namespaces of their own, which the kernel takes away with the first process."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_PATIENCE = 10.0


class Namespaces:
    """A process that is the first one in a PID namespace, and in further ones; it dies with this process."""

    def __init__(self, kinds: Sequence[str], command: Sequence[str], log: Path) -> None:
        self._options = [f"--{kind}" for kind in ("pid", *kinds)]
        with log.open("a") as out:
            self._outside = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "unshare", *self._options,
                 "--fork", "--kill-child=KILL", "--", *command],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip
        self.pid = self._first_process(log)

    def entering(self, *further: str) -> list[str]:
        """The words before a command that is to run inside."""
        return ["nsenter", "--target", str(self.pid), *self._options, *further, "--"]

    def end(self) -> None:
        """Kills the first process, and with it all others inside; they are gone when this returns."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self._outside.wait()

    def _first_process(self, log: Path) -> int:
        """Its id outside."""
        children = Path(f"/proc/{self._outside.pid}/task/{self._outside.pid}/children")
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline and self._outside.poll() is None:
            with suppress(OSError):
                if pids := children.read_text().split():
                    return int(pids[0])
            time.sleep(0.01)
        self._outside.kill()
        self._outside.wait()
        raise RuntimeError(f"no namespaces: {log.read_text()}")
