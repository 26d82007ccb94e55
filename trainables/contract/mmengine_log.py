"""Lines of the logs of mmsegmentation: 1.x, which mmengine writes, and 0.x; as JSON and as text.

1.x: `<work_dir>/<timestamp>/vis_data/scalars.json` and `<timestamp>.log`. 0.x: `<timestamp>.log.json` and
`<timestamp>.log`. Format: mmengine 0.10 `LoggerHook` and `LogProcessor`, mmcv 1.x `TextLoggerHook`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeGuard

HowFound = Literal["told", "line before", "line after"]
"""Where the iteration of a validation comes from. `told`: the log says it. `line before`: the log says 0,
nothing or an epoch; it is that of the training line before. `line after`: the log says that of the training
line after, but it was measured at the training line before."""

_METRICS = {"mIoU": "val_miou", "aAcc": "val_aacc", "mAcc": "val_macc"}
_TEXT = re.compile(r"\bIter(?:\((train|val)\))?\s*\[\s*(\d+)(?:/\s*(\d+))?\]\s*(.*)")
_PAIR = re.compile(r"([A-Za-z_][\w./]*):\s*([-+]?(?:\d[\d.]*(?:[eE][-+]?\d+)?|nan|inf))(?=[\s,]|$)")


class GarbageError(ValueError):
    """The line is no line of such a log, as after a write that broke off."""


@dataclass(frozen=True)
class TrainingLine:
    """Mean values since the training line before."""

    iteration: int
    loss: float
    """NaN where the line has none."""
    lr: float
    seconds: float
    """For one iteration; NaN where the line has none."""
    length: int | None = None
    """Iterations of the whole training, where the line tells."""


@dataclass(frozen=True)
class ValidationLine:
    """One validation."""

    iteration: int
    metrics: Mapping[str, float]
    """`val_miou`, `val_aacc`, `val_macc` in percent, those that the line has."""
    found: HowFound
    told: int
    """What the log says for the iteration; 0 where it says nothing."""


Line = TrainingLine | ValidationLine


class MmengineLog:
    """Reads one log line by line. A validation may be held back until the training line after it has come."""

    def __init__(self) -> None:
        self._before = 0
        """The iteration of the last training line."""
        self._held: ValidationLine | None = None

    def read(self, line: str) -> Iterator[Line]:
        """What becomes known with this line, in the order of the log.

        Raises:
            GarbageError: it begins as JSON and is none.
        """
        found = _json_line(line) if line.lstrip().startswith("{") else _text_line(line)
        if isinstance(found, TrainingLine):
            yield from self._release(found.iteration)
            self._before = found.iteration
            yield found
        elif found is not None:
            yield from self._release(None)
            placed = self._placed(found)
            if placed.found == "told" and placed.iteration > self._before > 0:
                self._held = placed
            else:
                yield placed

    def end(self) -> Iterator[Line]:
        """What was held back; no line will come."""
        yield from self._release(None)

    def _placed(self, line: ValidationLine) -> ValidationLine:
        if line.told < self._before or line.told == 0:
            return replace(line, iteration=self._before, found="line before")
        return line

    def _release(self, following: int | None) -> Iterator[Line]:
        held, self._held = self._held, None
        if held is not None:
            is_next = following == held.told
            yield replace(held, iteration=self._before, found="line after") if is_next else held


def _json_line(line: str) -> TrainingLine | ValidationLine | None:
    try:
        values = json.loads(line)
    except ValueError:
        raise GarbageError("is not a whole JSON object") from None
    if not isinstance(values, dict):
        raise GarbageError("is not a JSON object")
    is_old = "mode" in values  # of 0.x, where the iteration of a validation is its number of batches
    metrics = _metrics(values, may_be_shares=is_old)
    if metrics:
        return ValidationLine(0, metrics, "told", 0) if is_old else _validation(metrics, values.get("step"))
    iteration = values.get("iter", values.get("step"))
    if not _is_whole(iteration) or "loss" not in values:
        return None
    loss, lr, seconds = (_number(values.get(key)) for key in ("loss", "lr", "time"))
    return TrainingLine(iteration, loss, lr, seconds)


def _text_line(line: str) -> TrainingLine | ValidationLine | None:
    match = _TEXT.search(line)
    if match is None:
        return None
    kind, iteration, length, rest = match.groups()
    values = dict(_PAIR.findall(rest))
    if kind == "val":
        metrics = _metrics(values, may_be_shares=length is None)
        return ValidationLine(0, metrics, "told", 0) if metrics else None
    loss, lr, seconds = (_number(values.get(key)) for key in ("loss", "lr", "time"))
    return TrainingLine(int(iteration), loss, lr, seconds, int(length) if length else None)


def _validation(metrics: Mapping[str, float], step: Any) -> ValidationLine:
    told = step if _is_whole(step) else 0
    return ValidationLine(told, metrics, "told", told)


def _metrics(values: Mapping[str, Any], may_be_shares: bool) -> dict[str, float]:
    """In percent: 0.x writes shares, 1.x percent."""
    own = {_METRICS.get(key.rpartition("/")[2]): _number(value) for key, value in values.items()}
    metrics = {name: value for name, value in own.items() if name is not None}
    known = [value for value in metrics.values() if not math.isnan(value)]
    is_share = may_be_shares and bool(known) and max(known) <= 1
    return {name: round(100 * value, 10) if is_share else value for name, value in metrics.items()}


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _number(value: Any) -> float:
    """NaN where there is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan
