"""Everything that is looked at, in the order in which a sweep needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sweep.doctor.gpus import gpus
from sweep.doctor.machine import memory, packages, shared_memory
from sweep.doctor.places import cache, storage
from sweep.doctor.services import mlflow, ray
from sweep.finding import Finding
from sweep.spec import Spec

_LOOKS: tuple[Callable[[Spec], Finding | None], ...] = (
    *(packages, memory, shared_memory, gpus),
    *(cache, storage, mlflow, ray),
)


def examine(spec: Spec) -> Iterator[Finding]:
    """Looks at one thing after the other; what does not apply to the spec is left out.

    Writes and deletes a small file in storage and cache, and starts Ray or connects to it: some seconds.
    """
    for look in _LOOKS:
        finding = look(spec)
        if finding is not None:
            yield finding
