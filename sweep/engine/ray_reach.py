"""Whether every node of a cluster can write where the sweep lies, before the first trial starts on it."""

from __future__ import annotations

import socket
import time
import uuid
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from sweep.engine.cluster import is_shared
from sweep.engine.ray_alive import alive_nodes
from sweep.errors import ClusterError, SweepError
from sweep.storage import SweepFolder, storage_at, sweep_in

_FOLDER = "probe"
_SECONDS_TO_ANSWER = 90.0  # Ray needs 65 to notice that a node whose link was cut is gone
_SECONDS_TO_APPEAR = 5.0  # a file that another node wrote, on NFS


def every_node_must_reach(folder: SweepFolder) -> None:
    """Nothing, and nothing is asked where Ray is inside this process.

    Raises:
        ClusterError: with every node that cannot write there, or sees another folder of the same name.
        StorageError: this machine cannot write there itself.
    """
    if not is_shared():
        return
    token = uuid.uuid4().hex
    folder.write(f"{_FOLDER}/{token}", token.encode())
    try:
        faults = _faults(folder, token)
    finally:
        folder.delete(_FOLDER)
    if faults:
        raise ClusterError(
            f"not every node of the cluster can use the storage {folder.home}:\n  "
            + "\n  ".join(faults)
            + "\nEvery node needs it under the same name: mount it there, give the node credentials, or "
            "take the node out of the cluster (docs/storage.md)"
        )


def answer(storage: str, name: str, token: str, node: str) -> str | None:
    """Runs on the node: reads what the driver wrote and writes an answer; why that cannot be, else None."""
    where = socket.gethostname()
    try:
        folder = sweep_in(storage_at(storage), name)
        if folder.read(f"{_FOLDER}/{token}") != token.encode():
            return f"{where} has another {folder.place}: what the driver wrote there it does not see"
        folder.write(f"{_FOLDER}/{token}-{node}", node.encode())
    except (SweepError, OSError) as error:
        return f"{where}: {' '.join(str(error).split())}"
    return None


def _faults(folder: SweepFolder, token: str) -> list[str]:
    """Of the nodes that are still there when all have answered."""
    asked = {
        _task(node_id).remote(str(folder.home), folder.name, token, node_id): node_id
        for node_id in alive_nodes()
    }
    ready, _ = ray.wait(list(asked), num_returns=len(asked), timeout=_SECONDS_TO_ANSWER)
    answers = {
        node_id: _answer_of(reference) if reference in ready else "gave no answer for a minute and a half"
        for reference, node_id in asked.items()
    }
    faults = []
    for node_id, node in alive_nodes().items():
        fault = answers.get(node_id)
        if node_id in answers and fault is None and not _appears(folder, token, node_id):
            fault = "wrote an answer that this machine does not see: it has another folder there"
        if fault is not None:
            faults.append(f"{node['NodeManagerAddress']}: {fault}")
    return faults


def _task(node_id: str) -> Any:
    """`answer` on this very node, beside whatever runs there."""
    options: dict[str, Any] = {"scheduling_strategy": NodeAffinitySchedulingStrategy(node_id, soft=False)}
    return ray.remote(num_cpus=0, max_retries=0)(answer).options(**options)


def _answer_of(reference: Any) -> str | None:
    try:
        found: str | None = ray.get(reference)
    except Exception as error:
        return f"cannot answer: {str(error).strip().splitlines()[-1]}"
    return found


def _appears(folder: SweepFolder, token: str, node_id: str) -> bool:
    deadline = time.monotonic() + _SECONDS_TO_APPEAR
    while folder.read(f"{_FOLDER}/{token}-{node_id}") != node_id.encode():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True
