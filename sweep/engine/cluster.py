"""Connects to Ray, or starts one inside this process."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Read by Ray when it is imported or started.
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")  # with verbose=0: Tune prints nothing
os.environ.setdefault("RAY_AUTH_MODE", "token")  # a local Ray's default; said aloud it gives no warning
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else a FutureWarning on every start
os.environ.setdefault(
    "RAY_DEDUP_LOGS_SKIP_REGEX", "has been marked dead|Raylet is terminated"
)  # see ray_nodes.py
os.environ["TUNE_DISABLE_SIGINT_HANDLER"] = "1"  # ours records the interruption in the ledger
os.environ["TUNE_DISABLE_AUTO_CALLBACK_LOGGERS"] = "1"  # no CSV, JSON and TensorBoard beside the ledger
os.environ["TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S"] = "0"
os.environ["TUNE_RESULT_BUFFER_LENGTH"] = "1"  # a buffered report could be judged after the next rung

if "RAY_ADDRESS" not in os.environ:
    # A Ray of our own then listens on 127.0.0.1 alone, as it does by default on macOS and Windows. Without
    # this its ports are open to the network, behind a token. docs/decisions/0003 has what was measured.
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"

import ray

from sweep.engine.address import must_answer
from sweep.engine.head import watched_head
from sweep.engine.queue import most_trials, places
from sweep.engine.ray_alive import alive_nodes
from sweep.engine.waiting import Room
from sweep.errors import ClusterError
from sweep.secrets import SecretsFilter
from sweep.spec import ResourcesConfig, Spec

_STARTS = 3
_TOO_SLOW = "timed out during startup"
_LIBRARIES = (
    *("ray", "mlflow", "alembic", "sqlalchemy", "sqlalchemy.engine", "huey"),
    *("optuna", "segsweep", "py.warnings"),
)


@contextmanager
def ray_cluster(spec: Spec) -> Iterator[None]:
    """The Ray cluster that RAY_ADDRESS names, else one inside this process.

    Raises:
        ClusterError: no cluster answers, or this machine lacks a resource; it says which.
    """
    embedded = not is_shared()
    options: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    if embedded:
        options |= {
            "address": "local",  # not one that somebody started on this machine for something else
            "include_dashboard": False,
            "object_store_memory": 100 * 2**20,  # trials send numbers, not arrays
        }
    else:
        own_address: str = ray.util.get_node_ip_address()  # type: ignore[no-untyped-call]
        must_answer(os.environ["RAY_ADDRESS"], own_address)
    try:
        _start_or_connect(options)
    except Exception as error:  # Ray raises bare ones, too
        where = "on this machine" if embedded else f"at the address {os.environ['RAY_ADDRESS']!r}"
        raise ClusterError(f"Ray cannot be reached {where}: {error}") from error
    try:
        if embedded:
            offered: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
            _check_this_machine(spec.resources, offered)
            yield
        else:
            with watched_head(ray.get_runtime_context().gcs_address, f"sweep resume {spec.name}"):
                yield
    finally:
        ray.shutdown()


def _start_or_connect(options: dict[str, Any]) -> None:
    """Tries again where a Ray of our own does not come up: Ray gives it 30 s, too few on a busy machine."""
    for left in reversed(range(_STARTS)):
        try:
            ray.init(**options)
            return
        except Exception as error:
            if not left or _TOO_SLOW not in str(error):
                raise
            ray.shutdown()


def is_shared() -> bool:
    """Whether Ray is a cluster that others may use, too, and not inside this process."""
    return "RAY_ADDRESS" in os.environ


def most_at_once(wanted: ResourcesConfig) -> int | None:
    """How many trials Ray is to be asked for at once; None: one more whenever none waits for room.

    By `concurrent_trials` or `max_gpus` where they are set; else, inside this process, as many as the machine
    takes: it neither grows nor shrinks. Where Ray knows no number it starts one process at a time, each some
    seconds long.
    """
    most = most_trials(wanted)
    if most is not None or is_shared():
        return most
    offered: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return places(wanted, offered.get("CPU", 0.0), offered.get("GPU", 0.0))


def has_room(wanted: ResourcesConfig, at_work: int) -> bool:
    """Whether one more trial may start beside `at_work` others.

    By a number where there is one (`most_at_once`): a cluster that grows and shrinks has nothing free until a
    trial waits, and Ray keeps a process of a paused trial for the next. Else by what the cluster has free; it
    need not be on a single node.
    """
    most = most_at_once(wanted)
    if most is not None:
        return at_work < most
    free: dict[str, float] = ray.available_resources()  # type: ignore[no-untyped-call]
    return free.get("CPU", 0) >= wanted.cpus_per_trial and free.get("GPU", 0) >= wanted.gpus_per_trial


def room() -> Room:
    """What the cluster has and what of it is free, now."""
    total: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    free: dict[str, float] = ray.available_resources()  # type: ignore[no-untyped-call]
    return Room(total, free, [node["Resources"] for node in alive_nodes().values()])


def send_library_logs_to(file: Path) -> None:
    """What Ray, MLflow and Optuna say goes to `file` instead of the terminal, imported before or after."""
    handler = logging.FileHandler(file)
    handler.addFilter(SecretsFilter())
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    os.environ["MLFLOW_CONFIGURE_LOGGING"] = "false"  # else its import takes these loggers for the terminal
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # that a log cannot be written is no news for the terminal
    for name in _LIBRARIES:
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False


def _check_this_machine(wanted: ResourcesConfig, offered: dict[str, float]) -> None:
    faults = [
        f"resources.{key} is {asked:g}; this machine has {offered.get(name, 0):g} {name}s. {remedy}, or "
        f"name a Ray cluster with --address"
        for key, name, asked, remedy in (
            ("cpus_per_trial", "CPU", wanted.cpus_per_trial, "Lower it"),
            ("gpus_per_trial", "GPU", wanted.gpus_per_trial, "Set it to 0 to train on the CPU"),
        )
        if asked > offered.get(name, 0)
    ]
    if faults:
        raise ClusterError("\n".join(faults))
