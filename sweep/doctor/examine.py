"""Everything that is looked at, in the order in which a sweep needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sweep.doctor.machine import memory, packages, shared_memory
from sweep.finding import Finding
from sweep.spec import Spec


def examine(spec: Spec) -> Iterator[Finding]:
    """Looks at one thing after the other; what does not apply to the spec is left out. Where a package is
    missing or broken that is all that is told: whatever else is looked at would fail by it.

    Writes and deletes a small file in storage and cache, and starts Ray or connects to it: some seconds.
    """
    installed = packages(spec)
    yield installed
    if installed.verdict == "fault":
        return
    for look in (memory, shared_memory, *_with_packages()):
        finding = look(spec)
        if finding is not None:
            yield finding


def _with_packages() -> tuple[Callable[[Spec], Finding | None], ...]:
    """What imports Ray, MLflow or pyarrow."""
    from sweep.doctor.gpus import gpus
    from sweep.doctor.places import cache, storage
    from sweep.doctor.services import mlflow, ray

    return gpus, cache, storage, mlflow, ray
