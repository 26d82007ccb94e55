"""The processors of this machine: its cores, and its GPUs as torch sees them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_DRIVER = Path("/proc/driver/nvidia/version")


@dataclass(frozen=True)
class Gpu:
    """One GPU."""

    name: str
    free: int
    """Bytes that nobody uses; 0 where it lets nobody in, be it full or another process's alone."""
    total: int
    """Bytes."""


def cores() -> int:
    """That this process may use; of all where the system does not say."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def torch_fault() -> str | None:
    """Why torch cannot be used at all; None if it can."""
    try:
        import torch  # noqa: F401
        import torchvision  # noqa: F401
    except (ImportError, OSError, RuntimeError) as error:
        # a CUDA library that is missing is an OSError, a torchvision for another torch a RuntimeError
        return str(error)
    return None


def count_gpus() -> int:
    """Those that torch sees; 0 where torch cannot be used. None of them is touched."""
    if torch_fault():
        return 0
    import torch

    return torch.cuda.device_count()


def gpus() -> list[Gpu]:
    """Those that torch sees; empty without any."""
    import torch

    return [_gpu(index) for index in range(torch.cuda.device_count())]


def _gpu(index: int) -> Gpu:
    import torch

    of = torch.cuda.get_device_properties(index)
    try:
        free, _ = torch.cuda.mem_get_info(index)
    except RuntimeError:  # out of memory, or in exclusive mode and taken
        free = 0
    return Gpu(of.name, free, of.total_memory)


def has_driver() -> bool:
    """Whether the kernel has NVIDIA's driver, whatever torch makes of it."""
    return _DRIVER.is_file()


def cuda_of_torch() -> str | None:
    """The version of CUDA that torch was built for, as `13.0`; None if for none."""
    import torch

    return torch.version.cuda
