"""Runs `sweep` as a user does: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sweep.ledger import Ledger
from sweep.ledger.events import Event

PATIENCE = 900.0
_OF_THE_DEVELOPER = ("SEGSWEEP_STORAGE", "RAY_ADDRESS", "MLFLOW_TRACKING_URI", "FORCE_COLOR")


def sweep_command(
    *arguments: str, cwd: Path, more: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The finished process, its output captured; `more` goes into its environment."""
    return subprocess.run(
        _command(arguments), cwd=cwd, env=_environment(cwd, more), capture_output=True, text=True,
        timeout=PATIENCE,
    )  # fmt: skip


@contextmanager
def running_sweep(
    *arguments: str, cwd: Path, more: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A process in a process group of its own, ended with the block; its output goes to `cwd/out.txt`."""
    with (
        (cwd / "out.txt").open("a") as out,
        subprocess.Popen(
            _command(arguments), cwd=cwd, env=_environment(cwd, more), stdout=out, stderr=out, text=True,
            start_new_session=True,
        ) as process,
    ):  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def wait_for_event(ledger: Path, wanted: Callable[[Event], bool], process: subprocess.Popen[str]) -> Event:
    """The first event that is `wanted`, once the process has written it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for event in Ledger(ledger).read():
            if wanted(event):
                return event
        assert process.poll() is None, f"the sweep ended before the event: {process.returncode}"
        time.sleep(0.02)
    raise AssertionError("the event did not come")


def _command(arguments: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "sweep", *arguments]


def _environment(cwd: Path, more: Mapping[str, str] | None) -> dict[str, str]:
    own = {key: value for key, value in os.environ.items() if key not in _OF_THE_DEVELOPER}
    own |= {"SEGSWEEP_CACHE": str(cwd / "cache"), "COLUMNS": "120", "NO_COLOR": "1"}
    return own | dict(more or {})
