"""Runs a trainable in a process of its own, and reads what it did."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainables.contract import ClassCounts, Mixture, Report, TrialConfig

_LONGEST = 1800.0
"""Seconds that a rehearsal may take."""
_PATIENCE = 40.0
"""Seconds after SIGTERM at which the process is killed."""
_LINES_OF_OUTPUT = 15


@dataclass(frozen=True)
class Rehearsal:
    """What one training did."""

    reports: tuple[Report, ...]
    checkpoints: tuple[Path, ...]
    """That of every report."""
    kept: tuple[Path, ...]
    progress: int
    """Signs of life."""
    how: str
    """`returned`, `stopped` or `raised`; `ended` where the process went without a word."""
    error: str
    seconds_after_stop: float
    left: tuple[str, ...]
    """Threads and processes that it left behind."""
    output: str
    """The last lines that it printed."""
    seconds_after_signal: float | None = None
    """From SIGTERM to the end of the process; None where it was not sent, or the process had to be killed."""


@dataclass(frozen=True)
class Rehearser:
    """Runs a trainable, in folders of its own."""

    trainable: str
    code: Sequence[Path]
    folder: Path
    names: list[str] = field(default_factory=list)

    def run(
        self, config: TrialConfig, name: str, *, stop_at_report: int | None = None, terminate: bool = False
    ) -> Rehearsal:
        """A training in the folder `name`, going on where an earlier one of that name was stopped.

        `terminate`: it gets SIGTERM at its first sign of life.
        """
        self.names.append(name)
        own = self.folder / f"{len(self.names):02d}-{name}"
        own.mkdir(parents=True)
        events, output = own / "events.jsonl", own / "output.txt"
        task = {
            "trainable": self.trainable,
            "code": list(map(str, self.code)),
            "config": config.model_dump(mode="json"),
            "folder": str(self.folder / name),
            "events": str(events),
            "stop_at_report": stop_at_report,
        }
        (own / "task.json").write_text(json.dumps(task))
        with output.open("wb") as file:
            process = subprocess.Popen(  # noqa: S603 - the user's own module
                [sys.executable, "-m", "trainables.rehearsal", str(own / "task.json")],
                stdout=file, stderr=subprocess.STDOUT, start_new_session=True,
                env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
            )  # fmt: skip
            after = _terminated(process, events) if terminate else None
            _wait(process)
        survivors = _end_group(process.pid)
        return _read(events, output, after, survivors)


def _wait(process: subprocess.Popen[bytes]) -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(_LONGEST)


def _terminated(process: subprocess.Popen[bytes], events: Path) -> float | None:
    """Seconds from SIGTERM, sent at the first sign of life, to the end; None if it had to be killed."""
    deadline = time.monotonic() + _LONGEST
    while process.poll() is None and time.monotonic() < deadline:
        if events.exists() and events.stat().st_size:
            break
        time.sleep(0.02)
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        return None
    return time.monotonic() - begun


def _end_group(pid: int) -> bool:
    """Ends whatever is left of the process and its children; whether there was anything."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _read(events: Path, output: Path, after: float | None, survivors: bool) -> Rehearsal:
    lines = [json.loads(line) for line in events.read_text().splitlines()] if events.exists() else []
    told: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        told.setdefault(line["kind"], []).append(line)
    (end,) = told.get("end", [{"how": "ended", "error": "", "seconds_after_stop": 0.0, "left": []}])
    left = (*end["left"], *(["a process of its group"] if survivors and not end["left"] else []))
    return Rehearsal(
        reports=tuple(_report(one["report"]) for one in told.get("report", [])),
        checkpoints=tuple(Path(one["checkpoint"]) for one in told.get("report", []) if one["is_file"]),
        kept=tuple(Path(one["checkpoint"]) for one in told.get("keep", []) if one["is_file"]),
        progress=len(told.get("progress", [])),
        how=end["how"],
        error=end["error"],
        seconds_after_stop=end["seconds_after_stop"],
        left=left,
        output="\n".join(output.read_text(errors="replace").splitlines()[-_LINES_OF_OUTPUT:]),
        seconds_after_signal=after,
    )


def _report(told: dict[str, Any]) -> Report:
    counts = {name: tuple(pixels) for name, pixels in told["counts"].items()}
    return Report(**{**told, "mixture": Mixture(**told["mixture"]), "counts": ClassCounts(**counts)})
