"""How torch computes during a trial."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.utils import deterministic


@contextmanager
def repeatable_on_cpu() -> Iterator[None]:
    """The same numbers every time on a CPU; on CUDA, where cross entropy has no such version, the fastest."""
    cuda = torch.cuda.is_available()
    before = (
        torch.are_deterministic_algorithms_enabled(),
        deterministic.fill_uninitialized_memory,  # type: ignore[attr-defined]
        torch.backends.cudnn.benchmark,
    )
    # filling uninitialised memory would only show bugs of torch, and takes a tenth of the time
    _set(deterministic_algorithms=not cuda, fill_memory=False, benchmark=cuda)
    try:
        yield
    finally:
        _set(*before)


def _set(deterministic_algorithms: bool, fill_memory: bool, benchmark: bool) -> None:
    torch.use_deterministic_algorithms(deterministic_algorithms)
    deterministic.fill_uninitialized_memory = fill_memory  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = benchmark
