"""Trials: no memory on the GPU or the host, no sign of life, no word at all, and a thousand of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.faults.case import Case, Expected
from tests.faults.specs import RUNGS
from tests.faults.stage import Stage
from tests.replaying import write_curves

_GROUP = "Trials"
_GAP = RUNGS[1] - RUNGS[0]
_GIB = 1 << 30


def _gpu(stage: Stage) -> None:
    stage.write()
    stage.inject("gpu")
    stage.sweep("run", "tiny.yaml")
    stage.heal()
    stage.sweep("resume", "tiny", "--retry-failed")


def _host(stage: Stage) -> None:
    """One attempt takes 4 GiB, and Ray is told to allow 2 GiB more than is in use now."""
    stage.write()
    total, available = _memory()
    allowed = (total - available + 2 * _GIB) / total
    stage.inject("memory", SWEEP_FAULT_BYTES=str(4 * _GIB), RAY_memory_usage_threshold=f"{allowed:.4f}")
    stage.sweep("run", "tiny.yaml")


def _hangs(stage: Stage) -> None:
    stage.write(resources={"concurrent_trials": 2, "cpus_per_trial": 0.1, "stall_timeout": 10})
    stage.inject("hang")
    stage.sweep("run", "tiny.yaml")


def _silent(stage: Stage) -> None:
    stage.write()
    stage.inject("silent")
    stage.sweep("run", "tiny.yaml")
    stage.heal()
    stage.sweep("resume", "tiny", "--retry-failed")


def _thousand(stage: Stage) -> None:
    write_curves(stage.folder / "thousand.csv", ratios=(0, 1), seeds=range(500), iterations=RUNGS)
    stage.write(
        replay={"curves": str(stage.folder / "thousand.csv")},
        search={"parameters": {"real_ratio": {"values": [0, 1]}}, "seeds": list(range(500))},
        training=_coarse(),
        tracking={"enabled": False},
        resources={"concurrent_trials": 4, "cpus_per_trial": 0.5},  # Ray fills what is free with processes
    )
    stage.sweep("run", "tiny.yaml")


def _coarse() -> dict[str, Any]:
    return {"iterations": RUNGS[-1], "batch_size": 2, "crop_size": [32, 48], "log_interval": RUNGS[-1]}


def _memory() -> tuple[int, int]:
    """Of this machine, in bytes: all, and what is not in use."""
    lines = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    kilobytes = {words[0].rstrip(":"): int(words[1]) for words in lines}
    return kilobytes["MemTotal"] << 10, kilobytes["MemAvailable"] << 10


TRIALS = (
    Case(
        name="GPU process out of memory (simulated)",
        group=_GROUP,
        own_ray=True,
        act=_gpu,
        kind="whole",
        then="`sweep resume --retry-failed`",
        expected=Expected(
            codes=(1, 0), says=r"out of GPU memory with training\.batch_size", again=_GAP, attempts=2
        ),
    ),
    Case(
        name="host memory pressure",
        group=_GROUP,
        own_ray=True,
        act=_host,
        expected=Expected(says="memory", again=4 * _GAP, attempts=2),
    ),
    Case(
        name="a trial that hangs",
        group=_GROUP,
        own_ray=True,
        act=_hangs,
        expected=Expected(says="no sign of life", again=_GAP, attempts=2),
    ),
    Case(
        name="a trial that writes nothing",
        group=_GROUP,
        own_ray=True,
        act=_silent,
        then="`sweep resume --retry-failed`",
        expected=Expected(codes=(1, 0), says="ended without a report of its last iteration", attempts=4),
    ),
    Case(
        name="1000 trials",
        group=_GROUP,
        act=_thousand,
        expected=Expected(says="1000 finished", attempts=1),
    ),
)
