"""The nodes of the cluster that Ray believes to be there."""

from __future__ import annotations

from typing import Any

import ray


def alive_nodes() -> dict[str, dict[str, Any]]:
    """What `ray.nodes()` tells of each, by Ray's id of the node. Of one that is lost Ray may hear late."""
    nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    return {node["NodeID"]: node for node in nodes if node["Alive"]}
