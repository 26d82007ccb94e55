"""A sweep made tiny: every trial, through all stages, in a handful of iterations."""

from __future__ import annotations

from dataclasses import replace

from sweep.spec import LoadedSpec, NotifyConfig, Point, Spec

_ITERATIONS = 4
_RUNG = 2
_LONGEST_NAME = 64
_SUFFIX = "-smoke"
_WARM_UP = "training.schedule.warmup_iterations"


def smoke_spec(loaded: LoadedSpec) -> LoadedSpec:
    """The spec with 4 iterations and a rung at 2 where nobody is stopped, named `NAME-smoke`, in a storage of
    its own below the spec's, so that its runs never stand among real ones, and no webhook is told; all else
    as it was."""
    return replace(loaded, spec=_tiny(loaded.spec))


def _tiny(spec: Spec) -> Spec:
    spec = _without_warm_up(spec)
    iterations = min(_ITERATIONS, spec.training.iterations)
    schedule = spec.training.schedule
    training = {
        "iterations": iterations,
        "schedule": schedule.model_copy(
            update={"warmup_iterations": min(schedule.warmup_iterations, iterations - 1)}
        ),
        "log_interval": 1,
        "validation_interval": None,
        "checkpoint_interval": None,
    }
    return spec.model_copy(
        update={
            "name": spec.name[: _LONGEST_NAME - len(_SUFFIX)] + _SUFFIX,
            "storage": spec.storage.model_copy(update={"path": spec.storage.path / "smoke"}),
            "training": spec.training.model_copy(update=training),
            "notify": NotifyConfig(),
            "early_stopping": spec.early_stopping.model_copy(
                update={"name": "none", "rungs": tuple(rung for rung in (_RUNG,) if rung < iterations)}
            ),
        }
    )


def _without_warm_up(spec: Spec) -> Spec:
    """The spec with the warm-up not searched: its values may be longer than the tiny training."""
    if _WARM_UP not in spec.search.parameters:
        return spec
    search = {
        "parameters": _rest(spec.search.parameters),
        "points_first": tuple(map(_rest, spec.search.points_first)),
    }
    stopping = {"protect": tuple(rest for point in spec.early_stopping.protect if (rest := _rest(point)))}
    return spec.model_copy(
        update={
            "search": spec.search.model_copy(update=search),
            "baseline": _rest(spec.baseline),
            "early_stopping": spec.early_stopping.model_copy(update=stopping),
        }
    )


def _rest(point: Point) -> Point:
    return {path: value for path, value in point.items() if path != _WARM_UP}
