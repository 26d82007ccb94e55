"""The storage: full, read-only, slow."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.case import Case, Expected
from tests.faults.specs import RUNGS
from tests.faults.stage import SkippedError, Stage, first_report

_GROUP = "Storage"
_GAP = RUNGS[1] - RUNGS[0]
_HOW_TO_GO_ON = "Free some space, then resume|go on +.*sweep resume tiny"
"""As the driver says it, or a trial that met it first."""


def _full(stage: Stage) -> None:
    """Somebody else's file takes all that is left; then it is deleted."""
    stage.write()
    filler, kept = stage.storage / "filler", stage.folder / "kept"
    with _mounted(stage.storage, "-t", "tmpfs", "-o", "size=16m", "none"):
        with stage.running("run", "tiny.yaml") as process:
            stage.wait_for(process, first_report)
            stage.strike()
            _fill(filler)
        filler.unlink()
        stage.sweep("resume", "tiny")
        shutil.copytree(stage.storage, kept)
    shutil.copytree(kept, stage.storage, dirs_exist_ok=True)


def _read_only(stage: Stage) -> None:
    """As a network file system after an outage; then it is mounted for writing again."""
    stage.write()
    stage.storage.mkdir()
    with stage.running("run", "tiny.yaml") as process:
        stage.wait_for(process, first_report)
        stage.strike()
        with _mounted(stage.storage, "--bind", str(stage.storage)):
            _mount("-o", "remount,ro,bind", str(stage.storage))
            process.wait(timeout=120)
    stage.sweep("resume", "tiny")


def _slow(stage: Stage) -> None:
    stage.write()
    stage.inject("slow")
    stage.sweep("run", "tiny.yaml")


def _fill(file: Path) -> None:
    block = bytes(1 << 16)
    with file.open("wb", buffering=0) as out:
        try:
            while out.write(block) == len(block):
                pass
        except OSError:
            return


@contextmanager
def _mounted(place: Path, *what: str) -> Iterator[None]:
    place.mkdir(exist_ok=True)
    _mount(*what, str(place))
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def _mount(*arguments: str) -> None:
    if os.geteuid() != 0:
        raise SkippedError("mounting needs root")
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SkippedError(f"this machine refuses to mount: {done.stderr.strip()}")


STORAGE = (
    Case(
        name="storage full",
        group=_GROUP,
        act=_full,
        then="space freed, `sweep resume`",
        expected=Expected(codes=(130, 0), or_codes=(2, 0), says=_HOW_TO_GO_ON, again=2 * _GAP, attempts=2),
    ),
    Case(
        name="storage read-only",
        group=_GROUP,
        act=_read_only,
        then="mounted for writing, `sweep resume`",
        expected=Expected(
            codes=(130, 0), or_codes=(2, 0), says="Read-only file system", again=2 * _GAP, attempts=2
        ),
    ),
    Case(
        name="storage slow: every fsync 0.5 s",
        group=_GROUP,
        act=_slow,
        own_ray=True,
        expected=Expected(says="sweep completed", attempts=1),
    ),
)
