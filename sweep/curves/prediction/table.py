"""What recorded curves teach: kernels of the joint model, and how far predictions were off.

The table in the package is made by `python -m tests.benchmarks.make_prediction_table` and names its sources.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

_FILE_NAME = "table_v1.json"


@dataclass(frozen=True)
class Kernel:
    """Hyperparameters found on one recorded family; sds in percent (see joint.py)."""

    level: float
    """Sd between trials at the end."""
    gain: float
    """Sd between trials of what is gained from 20 % of the budget on."""
    correlation: float
    """Of level and gain, -1..1."""
    own: float
    """Share of level and gain that is a trial's own and not smooth in real_ratio, 0..1."""
    length: float
    """Over which neighbours are alike; the whole range of real_ratio is 1."""
    walk: float
    """Sd of a trial's wandering from 20 % of the budget to the end."""
    noise: float
    """Sd of a measurement."""
    common_gain: float
    """Sd over settings of what all trials gain on average from 20 % of the budget on."""
    log_weight: float
    """Log of the prior weight; a task with many families doesn't outvote the others."""


@dataclass(frozen=True)
class CommonGain:
    """What trials of one setting gain on average from 20 % of the budget to the end, over settings."""

    mean: float
    drift: float
    """Sd of the common curve's deviation from its shape."""


@dataclass(frozen=True)
class Errors:
    """How far predictions were off on recorded curves: quantiles of |error| / sd of the model."""

    fraction: float
    """Of the budget, at which the prediction was made."""
    any_finished: bool
    """Whether finished trials helped."""
    quantiles: tuple[float, ...]
    """At evenly spaced levels, (k + 0.5) / length."""
    trials: int


@dataclass(frozen=True)
class Table:
    """All that is taken from recorded curves."""

    version: str
    sources: tuple[str, ...]
    common: CommonGain
    kernels: tuple[Kernel, ...]
    errors: tuple[Errors, ...]

    def errors_at(self, fraction: float, any_finished: bool) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Quantiles of |error| / sd at any fraction of the budget, between those of the table."""
        rows = sorted(
            (one for one in self.errors if one.any_finished == any_finished), key=lambda e: e.fraction
        )
        columns = zip(*(one.quantiles for one in rows), strict=True)
        return np.array([np.interp(fraction, [one.fraction for one in rows], column) for column in columns])


@functools.cache
def bundled_table() -> Table:
    """The table that comes with the package."""
    return table_of(json.loads(files(__package__).joinpath(_FILE_NAME).read_text("utf-8")))


def table_of(raw: dict[str, object]) -> Table:
    """A table from what `dataclasses.asdict` made of one."""
    kernels, errors, sources = raw["kernels"], raw["errors"], raw["sources"]
    assert isinstance(kernels, list) and isinstance(errors, list) and isinstance(sources, list)
    assert isinstance(raw["common"], dict)
    return Table(
        version=str(raw["version"]),
        sources=tuple(sources),
        common=CommonGain(**raw["common"]),
        kernels=tuple(Kernel(**one) for one in kernels),
        errors=tuple(Errors(**{**one, "quantiles": tuple(one["quantiles"])}) for one in errors),
    )
