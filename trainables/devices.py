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
    """Bytes that nobody uses."""
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
    except (ImportError, OSError) as error:  # a CUDA library that is missing is an OSError
        return str(error)
    return None


def gpus() -> list[Gpu]:
    """Those that torch can use; empty without any."""
    import torch

    found = []
    for index in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(index)
        found.append(Gpu(torch.cuda.get_device_name(index), free, total))
    return found


def has_driver() -> bool:
    """Whether the kernel has NVIDIA's driver, whatever torch makes of it."""
    return _DRIVER.is_file()


def cuda_of_torch() -> str | None:
    """The version of CUDA that torch was built for, as `13.0`; None if for none."""
    import torch

    return torch.version.cuda
