"""Python, its packages, processors and memory."""

from __future__ import annotations

import platform
import shutil
from importlib import metadata
from pathlib import Path

from sweep.engine.queue import most_trials, places
from sweep.finding import Finding
from sweep.spec import Spec
from trainables import devices

_PACKAGES = ("segsweep", "torch", "torchvision", "ray", "mlflow")
_GIGABYTES_A_TRIAL = 1.5  # a process with torch and a small network; large images take more
_MEMORY = Path("/proc/meminfo")
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - it is looked at, nothing is written there
_LEAST_SHARED_GIGABYTES = 1.0


def packages(spec: Spec) -> Finding:
    """Whether they are there, in which versions, and torch can be imported."""
    versions = {name: _version(name) for name in _PACKAGES}
    said = ", ".join(f"{name} {version or 'is not installed'}" for name, version in versions.items())
    said = f"Python {platform.python_version()}, {said}"
    fault = devices.torch_fault()
    if fault or not all(versions.values()):
        said += f"; torch: {fault}" if fault else ""
        return Finding("packages", "fault", said, "install anew: remove .venv and run `make demo`")
    return Finding("packages", "ok", said)


def memory(spec: Spec) -> Finding | None:
    """Whether the trials that run at once fit; None where the system does not say what is free."""
    if not _MEMORY.is_file():
        return None
    cores, available = devices.cores(), _available_gigabytes()
    said = f"{cores} cores, {available:.1f} GB of memory available"
    at_once = _at_once(spec, cores)
    if available < at_once * _GIGABYTES_A_TRIAL:
        return Finding(
            "machine",
            "warning",
            f"{said}; {at_once} trials at once want about {at_once * _GIGABYTES_A_TRIAL:.1f}",
            f"set resources.concurrent_trials to {max(int(available // _GIGABYTES_A_TRIAL), 1)}",
        )
    return Finding("machine", "ok", said)


def shared_memory(spec: Spec) -> Finding | None:
    """Loader processes hand batches over in it; a container has 64 MB by default."""
    if not spec.training.workers or not _SHARED_MEMORY.is_dir():
        return None
    size = shutil.disk_usage(_SHARED_MEMORY).total / 1e9
    said = f"{_SHARED_MEMORY} has {size:.2f} GB"
    if size < _LEAST_SHARED_GIGABYTES:
        mend = "start the container with --shm-size=8g, or set training.workers to 0"
        return Finding("shared memory", "fault", f"{said}; loader processes die with `Bus error`", mend)
    return Finding("shared memory", "ok", said)


def _version(package: str) -> str | None:
    """None if it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _at_once(spec: Spec, cores: int) -> int:
    """Trials that this machine has processors for, as far as the spec lets them run."""
    most = most_trials(spec.resources)
    takes = places(spec.resources, cores, devices.count_gpus())
    return takes if most is None else min(most, takes)


def _available_gigabytes() -> float:
    """As the kernel reckons, of a container as its limit says."""
    fields = dict(line.split(":", 1) for line in _MEMORY.read_text().splitlines())
    available = 1024 * int(fields["MemAvailable"].split()[0])
    limit, used = (Path("/sys/fs/cgroup") / name for name in ("memory.max", "memory.current"))
    if limit.is_file() and (text := limit.read_text().strip()).isdigit():
        available = min(available, int(text) - int(used.read_text()))
    return available / 1e9
