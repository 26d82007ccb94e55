"""What a trial of a command goes on from: a file with the last report and the trainer's own checkpoint.

The trainer's is copied into ours, because that alone is kept: it travels to an object store, it is what the
retention of checkpoints counts, and what the trainer deletes, or writes when it is killed, does not matter.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tarfile
import zipfile
from dataclasses import asdict, dataclass
from glob import escape, glob
from io import BytesIO
from pathlib import Path
from typing import Any

from trainables.contract import ClassCounts, Mixture, Report, TrialError

_STATE = "state.json"
_BEGIN_OF_ZIP = b"PK\x03\x04"


@dataclass(frozen=True, order=True)
class Checkpoint:
    """One of the trainer's own."""

    iteration: int
    path: Path


@dataclass(frozen=True)
class Saved:
    """What a checkpoint of ours holds."""

    report: Report
    """The last one."""
    checkpoint: Checkpoint | None
    """The trainer's own, of that iteration or one before; None if it had written none."""


def save(path: Path, identity: dict[str, Any], report: Report, checkpoint: Checkpoint | None) -> None:
    """Writes ours, whole or not at all. Raises OSError."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    iteration = checkpoint.iteration if checkpoint else None
    saved = {"identity": identity, "report": asdict(report), "checkpoint": iteration}
    state = json.dumps(saved).encode()
    try:
        with temporary.open("wb") as file, tarfile.open(fileobj=file, mode="w") as archive:
            member = tarfile.TarInfo(_STATE)
            member.size = len(state)
            archive.addfile(member, BytesIO(state))
            if checkpoint is not None:
                archive.add(checkpoint.path, arcname=checkpoint.path.name)
            archive.close()
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def restored(path: Path, identity: dict[str, Any], into: Path) -> Saved:
    """What is in ours; the trainer's checkpoint is written into the folder `into`.

    Raises:
        TrialError: the file is damaged, or another trial's.
    """
    try:
        with tarfile.open(path) as archive:
            state = json.load(_member(archive, _STATE))
            name = next((name for name in archive.getnames() if name != _STATE), None)
            if state["identity"] != identity:
                other = f"{state['identity']}, not {identity}"
                raise TrialError(f"{path}: is the checkpoint of another trial: {other}")
            checkpoint = None
            if name is not None:
                checkpoint = Checkpoint(int(state["checkpoint"]), _extracted(archive, name, into))
            return Saved(_report(state["report"]), checkpoint)
    except (tarfile.TarError, ValueError, KeyError, TypeError) as error:
        advice = "delete it to start the trial anew"
        raise TrialError(f"{path}: is damaged or no checkpoint of a command; {advice}: {error}") from error


def newest_whole(template: str, up_to: int, after: int = -1) -> Checkpoint | None:
    """The trainer's newest checkpoint of an iteration above `after` and up to `up_to`.

    Args:
        template: its path, with `{iteration}` in it.
        up_to: the newest iteration that was reported: one beyond would skip what is to be measured.
        after: an iteration of which there is one already.
    """
    before, _, behind = template.partition("{iteration}")
    numbered = re.compile(f"{re.escape(before)}0*([0-9]+){re.escape(behind)}")
    matches = map(numbered.fullmatch, glob(f"{escape(before)}*{escape(behind)}"))  # noqa: PTH207
    found = [Checkpoint(int(match[1]), Path(match[0])) for match in matches if match]
    usable = sorted(one for one in found if after < one.iteration <= up_to)
    return next((one for one in reversed(usable) if _is_whole(one.path)), None)


def _is_whole(path: Path) -> bool:
    """As far as it can be told: PyTorch writes zip files, whose end says where all is."""
    try:
        with path.open("rb") as file:
            begin = file.read(4)
        return bool(begin) and (begin != _BEGIN_OF_ZIP or zipfile.is_zipfile(path))
    except OSError:
        return False


def _member(archive: tarfile.TarFile, name: str) -> Any:
    file = archive.extractfile(name)
    if file is None:
        raise ValueError(f"{name} is no file")
    return file


def _extracted(archive: tarfile.TarFile, name: str, into: Path) -> Path:
    into.mkdir(parents=True, exist_ok=True)
    path = into / Path(name).name
    with _member(archive, name) as source, path.open("wb") as target:
        shutil.copyfileobj(source, target)
    return path


def _report(saved: dict[str, Any]) -> Report:
    return Report(**{**saved, "mixture": Mixture(**saved["mixture"]), "counts": ClassCounts((), (), ())})
