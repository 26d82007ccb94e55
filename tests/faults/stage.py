"""Where a fault happens: a folder with a sweep, the commands that a user types, and what they answer."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeGuard

from sweep.ledger import Ledger
from sweep.ledger.events import Event, TrialEvent, TrialProgressed, TrialReported, TrialStarted
from tests.faults.case import Kind
from tests.faults.specs import write_sweep
from tests.integration.commands import PATIENCE, running_sweep, sweep_command, wait_for_event

_ROOT = Path(__file__).parents[2]
_HOOKS = Path(__file__).parent / "hooks"


class SkippedError(Exception):
    """The fault cannot be made on this machine; says why."""


class Stage:
    """One case at work."""

    def __init__(self, folder: Path, kind: Kind) -> None:
        self.folder = folder
        self.kind: Kind = kind
        self.name = "tiny"
        self.tracking_uri = f"sqlite:///{folder}/sweeps/mlflow.db"
        self.environment = {"PYTHONPATH": str(_ROOT)}
        self.codes: list[int] = []
        self.output = ""
        self.struck_at: float | None = None

    @property
    def storage(self) -> Path:
        return self.folder / "sweeps"

    @property
    def ledger(self) -> Path:
        return self.storage / self.name / "ledger.jsonl"

    def events(self) -> list[Event]:
        return list(Ledger(self.ledger).read())

    def write(self, **sections: Any) -> None:
        """The sweep of this stage; `sections` replace keys of its spec."""
        write_sweep(self.folder, self.kind, **sections)

    def inject(self, fault: str, **settings: str) -> None:
        """From now on this fault happens inside processes of the sweep: see `tests.faults.injected`."""
        self.environment["PYTHONPATH"] = os.pathsep.join([str(_HOOKS), str(_ROOT)])
        self.environment |= {"SWEEP_FAULT": fault, "SWEEP_FAULT_FOLDER": str(self.folder), **settings}

    def heal(self) -> None:
        self.environment.pop("SWEEP_FAULT", None)

    def strike(self) -> None:
        """The fault happens now."""
        self.struck_at = time.time()

    def sweep(self, *arguments: str) -> int:
        """Runs a command to its end."""
        if arguments[0] == "resume" and self.struck_at is not None:
            self.strike()
        done = sweep_command(*arguments, cwd=self.folder, more=self.environment)
        self._note(done.returncode, done.stdout + done.stderr)
        return done.returncode

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A command at work, in a process group of its own, as in a terminal; noted when it has ended."""
        out = self.folder / "out.txt"
        before = len(out.read_text()) if out.exists() else 0
        with running_sweep(*arguments, cwd=self.folder, more=self.environment) as process:
            yield process
            self._note(process.wait(timeout=PATIENCE), out.read_text()[before:])

    def killed_in_the_middle(self, *, of_the_second: bool = False) -> None:
        """A sweep whose driver was killed while a trial was between two checkpoints."""
        with self.running("run", "tiny.yaml") as process:
            first = self.wait_for(process, in_the_middle).trial_id
            if of_the_second:
                self.wait_for(process, lambda event: in_the_middle(event) and event.trial_id != first)
            self.strike()
            os.kill(process.pid, signal.SIGKILL)

    def wait_for(self, process: subprocess.Popen[str], wanted: Callable[[Event], bool]) -> TrialEvent:
        event = wait_for_event(self.ledger, wanted, process)
        assert isinstance(event, TrialEvent)
        return event

    def process_of(self, trial_id: str) -> int:
        """The id of the process that trains, or last trained, the trial."""
        starts = (event for event in self.events() if isinstance(event, TrialStarted))
        return [start.pid for start in starts if start.trial_id == trial_id][-1]

    def said(self, pattern: str) -> str:
        """The first line of all output that fits, paths shortened; empty if none does."""
        found = re.search(f"^.*(?:{pattern}).*$", self.output, re.M) if pattern else None
        return found[0].strip().replace(str(self.folder), "...") if found else ""

    def seconds_until_it_went_on(self) -> float | None:
        if self.struck_at is None:
            return None
        starts = [
            event
            for event in self.events()
            if isinstance(event, TrialStarted) and event.time > self.struck_at
        ]
        again = [start for start in starts if start.attempt > 1]  # beside others that were not disturbed
        first = next(iter(again or starts), None)
        return None if first is None else first.time - self.struck_at

    def _note(self, code: int, output: str) -> None:
        self.codes.append(code)
        self.output += f"{output}\n"


def in_the_middle(event: Event) -> TypeGuard[TrialProgressed]:
    """Of a trial, between its first two checkpoints."""
    return isinstance(event, TrialProgressed) and event.iteration >= 14


def first_report(event: Event) -> bool:
    return isinstance(event, TrialReported)
