"""Runs one task on Ray, to see whether that works."""

from __future__ import annotations

import time

import ray

from sweep.engine.cluster import is_shared, ray_cluster
from sweep.engine.ray_alive import alive_nodes
from sweep.errors import ClusterError
from sweep.spec import Spec

_SECONDS_TO_RUN = 60.0


def try_out(spec: Spec) -> str:
    """What Ray offers, and how long it took to start, or to answer, and to run a task.

    Raises:
        ClusterError: it does not, or lacks what a trial needs.
    """
    begun = time.monotonic()
    with ray_cluster(spec):
        task = ray.remote(num_cpus=0.1)(_nothing)
        try:
            ray.get(task.remote(), timeout=_SECONDS_TO_RUN)
        except ray.exceptions.RayError as error:
            first_line = str(error).strip().splitlines()[0]
            raise ClusterError(
                f"Ray answers, but runs no task within {_SECONDS_TO_RUN:g} s: {first_line}"
            ) from error
        seconds = time.monotonic() - begun
        offered: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        has = f"{offered.get('CPU', 0):g} CPUs, {offered.get('GPU', 0):g} GPUs"
        where = f"a cluster of {len(alive_nodes())} nodes" if is_shared() else "inside this process"
        return f"{where}: {has}; started and ran a task in {seconds:.1f} s"


def _nothing() -> None:
    """What the task does."""
