"""Says what to lower where a trial does not fit into memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from trainables.contract import OutOfMemoryError, TrainingConfig

_CPU_ALLOCATOR = "DefaultCPUAllocator"  # torch has no class of its own for it


@contextmanager
def memory_faults(training: TrainingConfig) -> Iterator[None]:
    """Turns what torch and Python raise where memory ends into an OutOfMemoryError.

    The same trial would need the same memory again: it is no fault that a retry mends.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise OutOfMemoryError(_message("GPU", training)) from error
    except MemoryError as error:
        raise OutOfMemoryError(_message("main", training)) from error
    except RuntimeError as error:
        if _CPU_ALLOCATOR not in str(error):
            raise
        raise OutOfMemoryError(_message("main", training)) from error


def _message(kind: str, training: TrainingConfig) -> str:
    height, width = training.crop_size
    return (
        f"out of {kind} memory with training.batch_size {training.batch_size} and training.crop_size "
        f"[{height}, {width}]; let fewer trials share the machine (resources.gpus_per_trial, "
        "resources.concurrent_trials), or start another sweep with less of either, or training.precision bf16"
    )
