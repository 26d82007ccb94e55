"""Lines that are added to files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import BinaryIO


@dataclass
class _Followed:
    file: BinaryIO
    begun: bytes = b""
    """A line that is not whole yet."""


class Tail:
    """Lines that come into files after its making: also into such that come later, or under a name anew."""

    def __init__(self, pattern: str) -> None:
        """`pattern`: a glob. What its files hold now is of somebody before."""
        self._pattern = pattern
        self._followed: dict[str, _Followed] = {}
        for path in self._paths():
            self._open(path).file.seek(0, os.SEEK_END)

    @property
    def number_of_files(self) -> int:
        """That were ever there."""
        return len(self._followed)

    def lines(self, *, ended: bool = False) -> Iterator[tuple[Path, str]]:
        """Whole new lines, each with its file; a line that is being written comes next time.

        `ended`: there is no next time.
        """
        for path in self._paths():
            followed = self._followed.get(path) or self._open(path)
            yield from self._new_lines(path, followed)
            if _was_replaced(path, followed.file):
                yield from self._new_lines(path, followed)  # what came between the two looks
                followed.file.close()
                followed = self._open(path)
                yield from self._new_lines(path, followed)
            if ended and followed.begun:
                yield Path(path), followed.begun.decode(errors="replace")

    def close(self) -> None:
        """Of all files."""
        for followed in self._followed.values():
            followed.file.close()

    def _paths(self) -> list[str]:
        paths = glob(self._pattern, recursive=True)  # noqa: PTH207
        return sorted(path for path in paths if Path(path).is_file())

    def _open(self, path: str) -> _Followed:
        self._followed[path] = _Followed(Path(path).open("rb"))  # noqa: SIM115
        return self._followed[path]

    def _new_lines(self, path: str, followed: _Followed) -> Iterator[tuple[Path, str]]:
        *whole, followed.begun = (followed.begun + followed.file.read()).split(b"\n")
        yield from ((Path(path), line.decode(errors="replace")) for line in whole)


def _was_replaced(path: str, file: BinaryIO) -> bool:
    try:
        return Path(path).stat().st_ino != os.fstat(file.fileno()).st_ino
    except FileNotFoundError:
        return False
