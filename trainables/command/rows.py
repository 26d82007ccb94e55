"""What a line of a trainer's output says."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from trainables.contract import TrialError
from trainables.contract.command import METRIC_NAMES, ReportsConfig
from trainables.contract.mmengine_log import GarbageError, MmengineLog, TrainingLine, ValidationLine


@dataclass(frozen=True)
class Training:
    """A line of training loss."""

    iteration: int
    loss: float
    lr: float = math.nan


@dataclass(frozen=True)
class Validation:
    """A validation."""

    iteration: int
    metrics: Mapping[str, float]
    """`val_miou` and so on, in percent; those that are told."""


@dataclass(frozen=True)
class Counts:
    """Images consumed since the beginning of the training, as the trainer has counted them."""

    iteration: int
    real: int
    generated: Mapping[str, int]
    distinct_real: int | None = None
    distinct_generated: int | None = None


Row = Training | Validation | Counts


class Reader(Protocol):
    """Of the lines of one file."""

    def read(self, line: str) -> Iterator[Row]:
        """What becomes known with this line."""

    def end(self) -> Iterator[Row]:
        """What was held back; no line will come."""


def reader_of(reports: ReportsConfig) -> Reader:
    """One for every file, since it may remember the lines before."""
    if reports.format == "mmengine":
        return _OfMmengine()
    if reports.format == "json":
        return _LineByLine(lambda line: _without_counts(json_rows(line, reports.scale)))
    assert reports.pattern is not None, "a spec without it is refused"
    pattern = re.compile(reports.pattern)
    return _LineByLine(lambda line: _found_rows(pattern.search(line), reports.scale))


@dataclass(frozen=True)
class _LineByLine:
    """Reads every line for itself."""

    read: Callable[[str], Iterator[Row]]

    def end(self) -> Iterator[Row]:
        return iter(())


def _without_counts(rows: Iterator[Row]) -> Iterator[Row]:
    """Counts are taken by `counts_in`, whatever the format."""
    return (row for row in rows if not isinstance(row, Counts))


class _OfMmengine:
    """The log of mmsegmentation. What only looks like a line of it is another program's."""

    def __init__(self) -> None:
        self._log = MmengineLog()

    def read(self, line: str) -> Iterator[Row]:
        with suppress(GarbageError):
            yield from map(_row_of, self._log.read(line))

    def end(self) -> Iterator[Row]:
        yield from map(_row_of, self._log.end())


def _row_of(line: TrainingLine | ValidationLine) -> Row:
    if isinstance(line, TrainingLine):
        return Training(line.iteration, line.loss, line.lr)
    return Validation(line.iteration, line.metrics)


def json_rows(line: str, scale: float = 1.0) -> Iterator[Row]:
    """Of a JSON object with `iteration` and, beside it, metrics, `train_loss` or counts; none of other lines.

    Raises:
        TrialError: a key of ours does not hold what it must.
    """
    if not line.lstrip().startswith("{"):
        return
    try:
        values = json.loads(line)
    except ValueError:
        return
    if not isinstance(values, dict) or "iteration" not in values:
        return
    try:
        yield from _rows_of(values, scale)
    except (TypeError, ValueError, AttributeError) as error:
        raise TrialError(f"the trainer says {line.strip()[:200]!r}, which cannot be read: {error}") from error


def counts_in(line: str) -> Iterator[Counts]:
    """The counts that a line of JSON holds, if it does. Raises TrialError as `json_rows`."""
    if '"real_images"' in line or '"generated_images"' in line:
        yield from (row for row in json_rows(line) if isinstance(row, Counts))


def _rows_of(values: Mapping[str, Any], scale: float) -> Iterator[Row]:
    iteration = _whole(values["iteration"])
    if "real_images" in values or "generated_images" in values:
        yield _counts(iteration, values)
    if "train_loss" in values:
        yield Training(iteration, _number(values["train_loss"]), _number(values.get("lr")))
    metrics = {name: scale * _number(values[name]) for name in METRIC_NAMES if name in values}
    if metrics:
        yield Validation(iteration, metrics)


def _counts(iteration: int, values: Mapping[str, Any]) -> Counts:
    generated = values.get("generated_images", 0)
    by_source = generated if isinstance(generated, dict) else {"generated": generated}
    distinct = {name: values.get(name) for name in ("distinct_real", "distinct_generated")}
    return Counts(
        iteration,
        _whole(values.get("real_images", 0)),
        {name: _whole(count) for name, count in by_source.items()},
        **{name: None if count is None else _whole(count) for name, count in distinct.items()},
    )


def _found_rows(found: re.Match[str] | None, scale: float) -> Iterator[Row]:
    if found is None:
        return
    values = {name: text for name, text in found.groupdict().items() if text is not None}
    iteration = int(values["iteration"])
    if "train_loss" in values:
        yield Training(iteration, float(values["train_loss"]))
    metrics = {name: scale * float(values[name]) for name in METRIC_NAMES if name in values}
    if metrics:
        yield Validation(iteration, metrics)


def _number(value: Any) -> float:
    """NaN for null: JSON has no other."""
    return math.nan if value is None else float(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or int(value) != value:
        raise ValueError(f"{value!r} is no whole number")
    return int(value)
