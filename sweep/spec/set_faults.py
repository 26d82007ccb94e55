"""Sets of a fixed size that the sources cannot fill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sweep.spec.sections import ParameterConfig, Spec
from sweep.spec.source_size import number_of_images
from sweep.spec.space import REAL_RATIO
from sweep.spec.wording import Found
from trainables.contract import DataConfig
from trainables.contract.fixed_set import set_fault, set_sizes
from trainables.contract.training import FIXED_TOTAL_SET


def set_faults(spec: Spec) -> Iterator[Found]:
    """Of `training.fairness: fixed_total_set`, at every share of real images that is known beforehand.

    Where parameters change the sources, the trials themselves look.
    """
    searches_data = any(path.startswith("data.") for path in spec.search.parameters)
    if spec.training.fairness != FIXED_TOTAL_SET or searches_data:
        return
    total = number_of_images(spec.data, spec.data.real) or None
    for real_ratio in _real_ratios(spec.search.parameters) if total is not None else ():
        for name, part, size in _parts(spec.data, total or 0, real_ratio):
            if size is not None and (fault := set_fault(real_ratio, total or 0, name, part, size)):
                yield Found(("training", "fairness"), f"is {FIXED_TOTAL_SET}: {fault}")


def _parts(data: DataConfig, total: int, real_ratio: float) -> Iterator[tuple[str, int, int | None]]:
    """Of every source that is drawn from: its name, its part of the set, and how many images it has."""
    real, generated = set_sizes(real_ratio, total, data.generated_in_use())
    if real_ratio > 0:
        yield "data.real", real, total
    if real_ratio < 1:
        for name, part in generated.items():
            yield f"data.generated.{name}", part, number_of_images(data, data.generated[name]) or None


def _real_ratios(parameters: Mapping[str, ParameterConfig]) -> tuple[float, ...]:
    """All, or of a range its ends: the lowest needs the most generated images, and the highest the fewest,
    which may be none. What lies between is left to the trials."""
    searched = parameters[REAL_RATIO]
    if searched.choices is not None:
        return tuple(float(value) for value in searched.choices)
    return searched.min or 0.0, 1.0 if searched.max is None else searched.max
