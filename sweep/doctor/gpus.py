"""GPUs of this machine."""

from __future__ import annotations

from sweep.engine.cluster import is_shared
from sweep.finding import Finding
from sweep.spec import Spec
from trainables import devices

_MOSTLY_FREE = 0.9


def gpus(spec: Spec) -> Finding | None:
    """Whether there are those that a trial asks for, and whether others use them."""
    if devices.torch_fault():
        return None
    wanted, found = spec.resources.gpus_per_trial, devices.gpus()
    if not found:
        return _without(wanted)
    said = "; ".join(
        f"{gpu.name}, {gpu.free / 2**30:.0f} of {gpu.total / 2**30:.0f} GiB free" for gpu in found
    )
    if wanted > len(found) and not is_shared():
        mend = f"lower resources.gpus_per_trial, which is {wanted:g}, or name a cluster with --address"
        return Finding("GPUs", "fault", said, mend)
    if any(gpu.free < _MOSTLY_FREE * gpu.total for gpu in found):
        mend = "`nvidia-smi` shows who uses the rest; a trial that does not fit fails and says so"
        return Finding("GPUs", "warning", said, mend)
    if not wanted:
        mend = "set resources.gpus_per_trial to 1, or to a part of 1 for small networks"
        return Finding("GPUs", "warning", f"{said}; the spec uses none", mend)
    return Finding("GPUs", "ok", said)


def _without(wanted: float) -> Finding:
    if devices.has_driver():
        said = f"there is a driver, but torch, built for CUDA {devices.cuda_of_torch()}, finds no GPU"
        mend = "compare the version with `nvidia-smi`; in a container, start it with --gpus all"
        return Finding("GPUs", "fault" if wanted else "warning", said, mend)
    if wanted and not is_shared():
        mend = "set it to 0 to train on the CPU, or name a cluster with --address"
        return Finding("GPUs", "fault", f"none, and resources.gpus_per_trial is {wanted:g}", mend)
    return Finding("GPUs", "ok", "none on this machine")
