"""What the trainer has said since it was last asked, out of all the files where it may say something."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from glob import escape
from pathlib import Path

from trainables.command.rows import Counts, Reader, Row, json_rows, reader_of
from trainables.command.tail import Tail
from trainables.contract.command import OUTPUT, ReportsConfig
from trainables.contract.placeholders import filled

COUNTS = "counts.jsonl"
"""File in the trial's folder, named to the trainer by COUNTS_VARIABLE, for the images it has consumed."""


class Listening:
    """To one attempt of a trainer. Made before that starts: what is there then is of an earlier attempt."""

    def __init__(self, reports: ReportsConfig, names: Mapping[str, str], folder: Path) -> None:
        """`names`: what placeholders stand for."""
        escaped = {name: escape(value) for name, value in names.items()}
        self._reports = reports
        self._output = Tail(escape(str(folder / OUTPUT)))
        self._counts = Tail(escape(str(folder / COUNTS)))
        self._file = None if reports.file is None else Tail(filled(reports.file, escaped))
        self._readers: dict[Path, Reader] = {}
        self.last_words: list[str] = []
        """The end of what was printed, blank lines left out."""
        self.last_sound = time.monotonic()
        """When it last printed something."""

    def rows(self, *, ended: bool = False) -> list[Row]:
        """All since the last time; `ended` if there will be no more.

        Counts are read last and come first: they were written before the validation that they belong to.
        """
        rows = list(self._said(ended))
        counted = (row for _, line in self._counts.lines(ended=ended) for row in json_rows(line))
        return [*(row for row in counted if isinstance(row, Counts)), *rows]

    def where(self) -> str:
        """Where reports were looked for, for the user."""
        if self._file is None:
            return "what it printed"
        return f"{self._reports.file}, {self._file.number_of_files} files"

    def close(self) -> None:
        """Of all files."""
        for tail in (self._output, self._counts, *([self._file] if self._file else [])):
            tail.close()

    def _said(self, ended: bool) -> Iterator[Row]:
        for path, line in self._output.lines(ended=ended):
            self._hear(line)
            if self._file is None:
                yield from self._read(path, line)
        for path, line in self._file.lines(ended=ended) if self._file else ():
            yield from self._read(path, line)
        if ended:
            yield from (row for reader in self._readers.values() for row in reader.end())

    def _hear(self, line: str) -> None:
        self.last_sound = time.monotonic()
        if line.strip():
            self.last_words = [*self.last_words[-19:], line.rstrip()]

    def _read(self, path: Path, line: str) -> Iterator[Row]:
        if path not in self._readers:
            self._readers[path] = reader_of(self._reports)
        yield from self._readers[path].read(line)
