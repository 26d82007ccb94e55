"""Sets of a fixed size that the sources cannot fill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sweep.spec.sections import ParameterConfig, Spec
from sweep.spec.space import REAL_RATIO
from sweep.spec.wording import Found
from trainables.contract import DataConfig, FolderSource, SceneSource, Source
from trainables.contract.fixed_set import set_sizes
from trainables.contract.pairs import paired_folders


def set_faults(spec: Spec) -> Iterator[Found]:
    """Of `training.fairness: fixed_total_set`, at every share of real images that is known beforehand.

    Where parameters change the sources, the trials themselves look.
    """
    searches_data = any(path.startswith("data.") for path in spec.search.parameters)
    if spec.training.fairness != "fixed_total_set" or searches_data:
        return
    total = _count(spec.data, spec.data.real)
    for real_ratio in _real_ratios(spec.search.parameters) if total is not None else ():
        for name, part, size in _parts(spec.data, total or 0, real_ratio):
            if size is not None and not 0 < part <= size:
                mend = "leave that real_ratio out" if part == 0 else "make more, or take equal_iterations"
                message = (
                    f"is fixed_total_set: at real_ratio {real_ratio:g} the set of {total} images has {part} "
                    f"of {name}, which has {size}; {mend}"
                )
                yield Found(("training", "fairness"), message)


def _parts(data: DataConfig, total: int, real_ratio: float) -> Iterator[tuple[str, int, int | None]]:
    """Of every source that is drawn from: its name, its part of the set, and how many images it has."""
    real, generated = set_sizes(real_ratio, total, data.generated_in_use())
    if real_ratio > 0:
        yield "data.real", real, total
    if real_ratio < 1:
        for name, part in generated.items():
            yield f"data.generated.{name}", part, _count(data, data.generated[name])


def _real_ratios(parameters: Mapping[str, ParameterConfig]) -> tuple[float, ...]:
    """All, or of a range the lowest, which needs the most generated images."""
    searched = parameters[REAL_RATIO]
    if searched.choices is not None:
        return tuple(float(value) for value in searched.choices)
    return (searched.min or 0.0,)


def _count(data: DataConfig, source: Source) -> int | None:
    """None where there is no folder, which is a fault of its own."""
    if isinstance(source, SceneSource):
        return source.count
    if isinstance(source, FolderSource):
        return len(paired_folders(data, source).image_paths()) or None
    return None
