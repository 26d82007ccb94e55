"""What the trainer has said since it was last asked, out of all the files where it may say something."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from glob import escape
from pathlib import Path

from trainables.command.rows import Reader, Row, counts_in, reader_of
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
        self._held: list[Row] = []
        self.last_words: list[str] = []
        """The end of what was printed, blank lines left out."""
        self.last_sound = time.monotonic()
        """When it last printed something."""

    def rows(self, *, ended: bool = False) -> list[Row]:
        """All since the last time; `ended` if there will be no more.

        Counts come first: they were written before the validation that they belong to. What is printed takes
        a moment to arrive, so what files said waits for the next time.
        """
        reports, self._held = self._held, list(self._in_files(ended))
        printed = [line for _, line in self._output.lines(ended=ended)]
        for line in printed:
            self._hear(line)
            if self._file is None:
                reports += self._read(Path(OUTPUT), line)
        counted = [*printed, *(line for _, line in self._counts.lines(ended=ended))]
        if ended:
            reports += self._held
            reports += (row for reader in self._readers.values() for row in reader.end())
        return [*(row for line in counted for row in counts_in(line)), *reports]

    def where(self) -> str:
        """Where reports were looked for, for the user."""
        if self._file is None:
            return "what it printed"
        return f"{self._reports.file}, {self._file.number_of_files} files"

    def close(self) -> None:
        """Of all files."""
        for tail in (self._output, self._counts, *([self._file] if self._file else [])):
            tail.close()

    def _in_files(self, ended: bool) -> Iterator[Row]:
        for path, line in self._file.lines(ended=ended) if self._file else ():
            yield from self._read(path, line)

    def _hear(self, line: str) -> None:
        self.last_sound = time.monotonic()
        if line.strip():
            self.last_words = [*self.last_words[-19:], line.rstrip()]

    def _read(self, path: Path, line: str) -> Iterator[Row]:
        if path not in self._readers:
            self._readers[path] = reader_of(self._reports)
        yield from self._readers[path].read(line)
