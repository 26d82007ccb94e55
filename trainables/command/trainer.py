"""The trainer's process, as the trial sees it."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from trainables.command import supervisor

_LOG_BYTES = 32 << 20
_PATIENCE = 10.0
"""Seconds beyond the grace within which everything must be gone: killing takes no longer."""


@dataclass(frozen=True)
class Launch:
    """How it is started and ended."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    """All of it."""
    working_directory: Path
    log: Path
    """What it prints goes there, the newest 32 to 64 MiB of it."""
    stop_signal: str
    grace_seconds: float


class Trainer:
    """Runs within a `with` block, at the end of which it and all that it has started are gone.

    They also go when this process is killed: the supervisor sees to that.
    """

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._control = self._status = -1
        self._said = b""
        self._has_gone = False
        self.pid: int | None = None
        """Once it has been started."""
        self.code: int | None = None
        """Once it has ended: that of its exit, or the negative number of the signal that ended it."""
        self.error: str | None = None
        """Why it could not be started."""

    def __enter__(self) -> Trainer:
        settings = {
            "arguments": list(self._launch.arguments),
            "working_directory": str(self._launch.working_directory),
            "log": str(self._launch.log),
            "log_bytes": _LOG_BYTES,
            "signal": self._launch.stop_signal,
            "grace": self._launch.grace_seconds,
        }
        control, self._control = os.pipe()
        self._status, status = os.pipe()
        try:
            subprocess.run(  # noqa: S603 - it forks, and this first process ends at once
                [sys.executable, "-I", supervisor.__file__, json.dumps(settings)],
                stdin=control, stdout=status, stderr=subprocess.DEVNULL, env=dict(self._launch.environment),
                start_new_session=True, check=True,
            )  # fmt: skip
        except BaseException:
            self._close()
            raise
        finally:
            os.close(control)
            os.close(status)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def has_ended(self, seconds: float = 0.0) -> bool:
        """Whether everything of it is gone; waits for that as long as this."""
        deadline = time.monotonic() + seconds
        while not self._has_gone:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self._status], [], [], left)[0]:
                return False
            self._listen()
        return True

    def end(self) -> None:
        """Asks it to end, and waits until everything of it is gone."""
        if self._control >= 0:
            os.close(self._control)
            self._control = -1
        if self._status >= 0:
            self.has_ended(self._launch.grace_seconds + _PATIENCE)
        self._close()

    def how_it_ended(self) -> str:
        """`exit code 1`, `killed by SIGKILL` and so on."""
        if self.error is not None:
            return f"it could not be started: {self.error}"
        if self.code is None:
            return "the process that watched over it was killed"
        if self.code >= 0:
            return f"exit code {self.code}"
        with suppress(ValueError):
            return f"killed by {signal.Signals(-self.code).name}"
        return f"killed by signal {-self.code}"

    def _listen(self) -> None:
        piece = os.read(self._status, 1 << 12)
        self._has_gone = not piece
        *lines, self._said = (self._said + piece).split(b"\n")
        for line in lines:
            said: dict[str, Any] = json.loads(line)
            self.pid = said.get("pid", self.pid)
            self.code = said.get("code", self.code)
            self.error = said.get("error", self.error)

    def _close(self) -> None:
        for descriptor in (self._control, self._status):
            if descriptor >= 0:
                os.close(descriptor)
        self._control = self._status = -1
