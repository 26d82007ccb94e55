"""Runs a trainer and leaves nothing of it behind, whatever becomes of whoever asked for it.

A process of its own that needs the standard library alone: `python supervisor.py SETTINGS`, SETTINGS in JSON.
Its standard input is a pipe: when that is closed, since the trial ends the trainer or was itself killed, the
trainer is asked to end, and after the grace all that it has started is killed. On its standard output it says
in JSON lines which process the trainer is, and with which code it ended.

Ray kills the children of a worker that ends. So this process is not one: its parent ends at once.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

_SET_PARENT_DEATH_SIGNAL = 1  # prctl, Linux
_SET_CHILD_SUBREAPER = 36
_SECONDS_BETWEEN_LOOKS = 0.1
_CONTROL, _STATUS = 0, 1


class BoundedLog:
    """What the trainer prints: the newest part of it, between `most` and twice `most` bytes."""

    def __init__(self, path: Path, most: int) -> None:
        self._path, self._most = path, most
        self._file = path.open("ab")

    def write(self, piece: bytes) -> None:
        """Never raises: a full disk is no reason to hold up the trainer."""
        try:
            if self._file.tell() > self._most:
                self._file.close()
                self._path.replace(self._path.with_name(f"{self._path.name}.1"))
                self._file = self._path.open("ab")
            self._file.write(piece)
            self._file.flush()
        except (OSError, ValueError):
            pass


def main(settings: dict[str, Any]) -> None:
    """Until the trainer and all that it has started are gone."""
    if os.fork():
        os._exit(0)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the pipe alone says when to end
    _prctl(_SET_CHILD_SUBREAPER, 1)
    log = BoundedLog(Path(settings["log"]), settings["log_bytes"])
    try:
        trainer = subprocess.Popen(  # noqa: S603 - the user's own command
            settings["arguments"], cwd=settings["working_directory"], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=_as_trainer,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        _say(error=str(error))
        return
    _say(pid=trainer.pid)
    code = _watch(trainer, log)
    code = _end_all(trainer, log, settings["signal"], settings["grace"], code)
    _say(code=code)


def _as_trainer() -> None:
    """In the trainer's process, before its program: signals as usual, and dead if the supervisor is."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    _prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def _watch(trainer: subprocess.Popen[bytes], log: BoundedLog) -> int | None:
    """Until the trainer has ended, whose code that is, or is to end: None."""
    watched = [_CONTROL]
    while True:
        ready, _, _ = select.select([*watched, *_output(trainer)], [], [], _SECONDS_BETWEEN_LOOKS)
        _pump(trainer, log)
        if _CONTROL in ready and not os.read(_CONTROL, 1):
            return None
        if (code := _reap(trainer.pid)) is not None:
            return code


def _end_all(
    trainer: subprocess.Popen[bytes], log: BoundedLog, name: str, grace: float, code: int | None
) -> int:
    """Asks all that is left to end, kills it after the grace; the code of the trainer."""
    deadline = time.monotonic() + grace
    if code is None or _descendants(os.getpid()):
        _signal_group(trainer.pid, signal.Signals[name])
    while (left := _descendants(os.getpid())) or code is None:
        _pump(trainer, log)
        reaped = _reap(trainer.pid)
        code = code if reaped is None else reaped
        if time.monotonic() >= deadline:
            _signal_group(trainer.pid, signal.SIGKILL)
            for pid in left:
                _signal(pid, signal.SIGKILL)
        time.sleep(_SECONDS_BETWEEN_LOOKS / 5)
    _pump(trainer, log)
    return code


def _reap(trainer: int) -> int | None:
    """The code of the trainer, negative for a signal, if it is among the processes that have ended."""
    code = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if pid == 0:
            return code
        if pid == trainer:
            code = os.waitstatus_to_exitcode(status)


def _output(trainer: subprocess.Popen[bytes]) -> list[int]:
    return [trainer.stdout.fileno()] if trainer.stdout is not None and not trainer.stdout.closed else []


def _pump(trainer: subprocess.Popen[bytes], log: BoundedLog) -> None:
    """All that was printed by now."""
    for descriptor in _output(trainer):
        while select.select([descriptor], [], [], 0)[0]:
            piece = os.read(descriptor, 1 << 16)
            if not piece:
                trainer.stdout.close()  # type: ignore[union-attr]
                break
            log.write(piece)


def _descendants(pid: int) -> list[int]:
    """Processes below `pid`, those too that have left the trainer's group; none where /proc is missing."""
    below: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text(errors="replace").rpartition(") ")[2].split()[:2]
        except (OSError, ValueError):
            continue  # it ended meanwhile
        if state not in "ZX":
            below.setdefault(int(parent), []).append(int(stat.parent.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        children = below.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def _signal_group(group: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _prctl(option: int, value: int) -> None:
    """Nothing where it is not Linux: then the group is all that is ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _say(**words: Any) -> None:
    """To whoever still listens."""
    with suppress(OSError):
        os.write(_STATUS, f"{json.dumps(words)}\n".encode())


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
