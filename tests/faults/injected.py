"""Faults that happen inside a process of a sweep, its driver or a trial: `SWEEP_FAULT` names one.

Imported at the start of every Python process of the sweep: nothing heavy here.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

HOUR = 3600.0


def arm(fault: str) -> None:
    """From now on the fault can happen in this process."""
    if fault == "slow":
        _slow_disk()
    elif fault == "clock":
        _clock_that_jumps()
    else:
        module, patch = _IN_MODULES[fault]
        sys.meta_path.insert(0, _AfterImport(module, patch))


def once(name: str) -> bool:
    """True for the first process of the sweep that asks."""
    try:
        (Path(os.environ["SWEEP_FAULT_FOLDER"]) / f"{name}.happened").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


class _AfterImport(MetaPathFinder):
    """Calls `patch` with a module as soon as it has been imported."""

    def __init__(self, name: str, patch: Callable[[Any], None]) -> None:
        self._name, self._patch = name, patch

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        assert spec is not None and spec.loader is not None
        load = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            load(module)
            self._patch(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _gpu_is_full(segmentation: Any) -> None:
    """A train step without real images gets no memory, as torch says it of a GPU."""
    step = segmentation.training_step

    def full(trial: Any, batch: Any) -> Any:
        import torch

        if trial.config.real_ratio == 0 and trial.iteration > 14:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has 79.1 GiB")
        return step(trial, batch)

    segmentation.training_step = full


def _host_is_full(replay: Any) -> None:
    """One attempt takes as much memory as `SWEEP_FAULT_BYTES` says, and holds it."""
    run = replay.replay

    def hungry(config: Any, session: Any) -> None:
        if once("hungry"):
            hoard = []
            for _ in range(int(os.environ["SWEEP_FAULT_BYTES"]) >> 26):
                hoard.append(bytearray(os.urandom(1 << 10) * (1 << 16)))
                time.sleep(0.02)
            time.sleep(60)
        run(config, session)

    replay.replay = hungry


def _hangs(replay: Any) -> None:
    """One attempt stops saying anything after its first report."""
    report = replay._report

    def hanging(config: Any, iteration: int, metrics: Any) -> Any:
        if iteration > config.log_interval * 5 and once("hung"):
            time.sleep(HOUR)
        return report(config, iteration, metrics)

    replay._report = hanging


def _says_nothing(replay: Any) -> None:
    """One trial returns without a word."""
    run = replay.replay

    def silent(config: Any, session: Any) -> None:
        if (config.real_ratio, config.seed) != (0, 1):
            run(config, session)

    replay.replay = silent


def _slow_disk() -> None:
    """Every write that has to reach the disk takes half a second longer."""
    fsync = os.fsync

    def slow(descriptor: Any) -> None:
        time.sleep(0.5)
        fsync(descriptor)

    os.fsync = slow


def _clock_that_jumps() -> None:
    """The driver's clock goes back by an hour as soon as the file `jump` is there."""
    if "sweep" not in sys.orig_argv:
        return
    real, jump = time.time, Path(os.environ["SWEEP_FAULT_FOLDER"]) / "jump"
    time.time = lambda: real() - HOUR * jump.exists()


_IN_MODULES: dict[str, tuple[str, Callable[[Any], None]]] = {
    "gpu": ("trainables.segmentation", _gpu_is_full),
    "memory": ("trainables.replay", _host_is_full),
    "hang": ("trainables.replay", _hangs),
    "silent": ("trainables.replay", _says_nothing),
}
