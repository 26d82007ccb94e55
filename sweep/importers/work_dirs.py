"""Which files in a folder are logs of mmsegmentation, and which of them are of one training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_LOGS = ("vis_data/scalars.json", "vis_data/*.json", "*.log")
"""Of 1.x within the folder of an attempt, the best first: the others say the same once more."""
_OLD_LOGS = ("*.log.json", "*.log")
"""Of 0.x in the work dir itself, likewise."""


@dataclass(frozen=True)
class Attempt:
    """One start of a trainer: its log, and its configuration if there is one."""

    work_dir: Path
    log: Path
    config: Path | None

    @property
    def name(self) -> str:
        """Its timestamp, which rises."""
        folder = self.log.parent.parent if self.log.parent.name == "vis_data" else self.log.parent
        return self.log.name.partition(".")[0] if folder == self.work_dir else folder.name


def attempts_in(path: Path) -> list[Attempt]:
    """All attempts under a folder, or that of a file, by work dir and in the order of their timestamps.

    Of an attempt that left several logs the best is taken, so that nothing counts twice.
    """
    if path.is_file():
        return [_attempt_of_file(path)]
    found = {attempt.log: attempt for attempt in _of_folders(path)}
    return sorted(found.values(), key=lambda attempt: (attempt.work_dir, attempt.name))


def _of_folders(path: Path) -> Iterator[Attempt]:
    folders = [path, *sorted(folder for folder in path.rglob("*") if folder.is_dir())]
    for folder in folders:
        if folder.name == "vis_data":
            continue
        is_attempt = (folder / "vis_data").is_dir()
        if is_attempt or _is_timestamp(folder.name):
            log = next((log for pattern in _LOGS for log in sorted(folder.glob(pattern))), None)
            if log is not None:
                yield Attempt(folder.parent, log, _config(folder.parent, folder / "vis_data"))
        else:
            for log in _old_logs(folder):
                yield Attempt(folder, log, _config(folder, folder))


def _old_logs(folder: Path) -> Iterator[Path]:
    """Of each timestamp the best."""
    seen: set[str] = set()
    for pattern in _OLD_LOGS:
        for log in sorted(folder.glob(pattern)):
            if (timestamp := log.name.partition(".")[0]) not in seen:
                seen.add(timestamp)
                yield log


def _attempt_of_file(path: Path) -> Attempt:
    folder = path.parent.parent if path.parent.name == "vis_data" else path.parent
    work_dir = folder.parent if _is_timestamp(folder.name) or folder != path.parent else folder
    return Attempt(work_dir, path, _config(work_dir, path.parent))


def _config(work_dir: Path, folder: Path) -> Path | None:
    """That of the attempt, else the only one of the work dir."""
    own = folder / "config.py"
    others = sorted(work_dir.glob("*.py"))
    return own if own.is_file() else others[0] if len(others) == 1 else None


def _is_timestamp(name: str) -> bool:
    """`20240506_100000`, as mmengine and mmcv write it."""
    date, underscore, time = name.partition("_")
    return bool(underscore) and len(date) == 8 and len(time) == 6 and (date + time).isdigit()
