"""What the columns of a table of measurements mean, and everything that can be wrong in a cell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sweep.errors import Fault
from sweep.importers.csv_file import Row
from sweep.importers.names import METRICS, OurName, renamed
from sweep.importers.origin import origin_column, was_measured
from sweep.spec.space import REAL_RATIO, canonical

_NUMBERS = ("train_loss", "seconds")
_IDS = ("protocol_id", "regime_id")
_NOT_PARAMETERS = {
    *(REAL_RATIO, "iteration", *METRICS, *_NUMBERS, *_IDS),
    *("seed", "trial_id", "baseline", "is_rung", "sweep", "arm", "provenance", "split", "subset"),
}
_PERCENT = (0.0, 100.0, "it must be in percent, between 0 and 100")
_POSITIVE = (0.0, math.inf, "it must be a number from 0 on")
_RANGES = {
    REAL_RATIO: (0.0, 1.0, "it must be the share of real images, between 0 and 1"),
    **dict.fromkeys(METRICS, _PERCENT),
    **dict.fromkeys(_NUMBERS, _POSITIVE),
}
_TRUTH = {"true": True, "yes": True, "1": True, "x": True, "false": False, "no": False, "0": False, "": False}


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One validation of one trial."""

    line: int
    parameters: Mapping[str, Any]
    """As an arm has them; a parameter whose cell is empty is left out."""
    iteration: int
    metrics: Mapping[str, float]
    seconds: float
    seed: int | None
    trial_id: str
    """Empty if there is none."""
    is_baseline: bool
    is_rung: bool
    protocol_id: str
    """Empty if there is none."""
    regime_id: str
    """Empty if there is none."""


class Columns:
    """Reads rows of a table with this header; `faults` collects what is wrong, with lines."""

    def __init__(
        self,
        header: Sequence[str],
        rows: Sequence[Row],
        metric: str,
        given: Mapping[str, OurName] | None = None,
    ) -> None:
        """`given`: what columns hold whose names do not say it."""
        self.faults: list[Fault] = []
        found = renamed(header, given or {})
        self.notes = found.notes
        self.names = tuple(one.name for one in found.names.values())
        self._scales = {one.name: one.scale for one in found.names.values()}
        self._protocol_id = found.protocol_id
        named = [
            Row(row.line, {one.name: row.cells[theirs] for theirs, one in found.names.items()})
            for row in rows
        ]
        origin = origin_column(self.names, named)
        self.not_measured = {
            row.line: row.cells[origin] for row in named if origin and not was_measured(row.cells[origin])
        }
        """What the table itself says of rows that are no measurements, by line."""
        self._rows = [row for row in named if row.line not in self.not_measured]
        self._metric = metric
        left = [name for name in self.names if name not in _NOT_PARAMETERS and name != origin]
        self._parameters = [name for name in left if self._varies(name)]

    def measurements(self, only_iteration: int) -> list[Measurement]:
        """All rows without a fault; `only_iteration` is that of every row if the table names none."""
        self.faults += [
            Fault("", f"two columns hold {name}; name one of them otherwise", 1)
            for name in sorted({name for name in self.names if self.names.count(name) > 1})
        ]
        if missing := [name for name in (REAL_RATIO, self._metric) if name not in self.names]:
            self.faults += [self._missing(name) for name in missing]
        if self.faults:
            return []
        if not self._rows and not self.not_measured:
            self.faults.append(Fault("", "has no rows under its first line"))
        found = [self._measurement(row, only_iteration) for row in self._rows]
        self._in_percent()
        return [measurement for measurement in found if measurement is not None]

    def _measurement(self, row: Row, only_iteration: int) -> Measurement | None:
        before = len(self.faults)
        real_ratio = self._number(row, REAL_RATIO)
        iteration = self._whole(row, "iteration", 1) if "iteration" in self.names else only_iteration
        seed = self._whole(row, "seed", 0) if row.cells.get("seed") else None
        numbers = {
            name: self._number(row, name)
            for name in (*METRICS, *_NUMBERS)
            if name == self._metric or row.cells.get(name)
        }
        flags = {name: self._truth(row, name) for name in ("baseline", "is_rung") if name in self.names}
        if len(self.faults) > before or iteration is None:
            return None
        values = {name: _value(row.cells[name]) for name in self._parameters if row.cells[name]}
        return Measurement(
            line=row.line,
            parameters=canonical({REAL_RATIO: real_ratio, **values}),
            iteration=iteration,
            metrics={name: value for name, value in numbers.items() if name != "seconds"},
            seconds=numbers.get("seconds", 0.0),
            seed=seed,
            trial_id=row.cells.get("trial_id", ""),
            is_baseline=flags.get("baseline", False),
            is_rung=flags.get("is_rung", True),
            protocol_id=self._protocol(row),
            regime_id=row.cells.get("regime_id", ""),
        )

    def _protocol(self, row: Row) -> str:
        """Its own id; else the part of the data that it was measured on, but for the validation set."""
        split = row.cells.get("split") or row.cells.get("subset") or ""
        other = "" if split.lower() in ("", "val", "valid", "validation") else split.lower()
        return row.cells.get("protocol_id") or other or self._protocol_id

    def _varies(self, name: str) -> bool:
        """Whether a column tells trials apart; one with a single value says what is the same for all."""
        return len({row.cells[name] for row in self._rows if row.cells[name]}) > 1

    def _number(self, row: Row, name: str) -> float:
        least, most, rule = _RANGES[name]
        value = self._float(row, name)
        if value is None or not least <= value <= most:
            hint = ". A trial that was not validated there has no row" if name == self._metric else ""
            self._fault(row, name, rule + hint)
            return math.nan
        return value

    def _whole(self, row: Row, name: str, least: int) -> int | None:
        text = row.cells[name]
        value = int(text) if text.isascii() and text.isdigit() else -1
        if value < least:
            self._fault(row, name, f"it must be a whole number from {least} on")
            return None
        return value

    def _truth(self, row: Row, name: str) -> bool:
        text = row.cells[name].lower()
        if text not in _TRUTH:
            self._fault(row, name, "it must be true or false")
        return _TRUTH.get(text, False)

    def _in_percent(self) -> None:
        """A share given for a percentage is within 0..100, so that only all values together show it."""
        for name in (name for name in METRICS if name in self.names):
            values = [value for row in self._rows if (value := self._float(row, name)) is not None]
            if values and max(values) <= 1:
                message = (
                    "is at most 1 in every row, as if it were a share; it must be in percent: times 100, "
                    f"such as --column THEIRS={name}*100 of `sweep import`"
                )
                self.faults.append(Fault(name, message, 1))

    def _float(self, row: Row, name: str) -> float | None:
        value = _float_or_none(row.cells[name])
        return None if value is None else value * self._scales[name]

    def _fault(self, row: Row, name: str, rule: str) -> None:
        text = row.cells[name]
        self.faults.append(Fault(name, f"is {text if text else 'empty'}; {rule}", row.line))

    def _missing(self, name: str) -> Fault:
        there = ", ".join(self.names)
        mend = "Rename the one that holds it, or say which it is with --column THEIRS=OURS of `sweep import`"
        return Fault("", f"there is no column {name!r}, only: {there}. {mend}", 1)


def _value(text: str) -> Any:
    """A parameter's value: a whole number, a number, or text."""
    number = _float_or_none(text)
    if number is None:
        return text
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _float_or_none(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
