"""Where Ray may put a trial's process."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from ray.tune import PlacementGroupFactory

from sweep.engine.ray_alive import alive_nodes
from sweep.spec import ResourcesConfig

AVOIDED = "avoided_nodes"
"""Key of a trial's `config`: Ray's ids of the nodes that it must not run on."""


def placement(wanted: ResourcesConfig) -> Callable[[dict[str, Any]], PlacementGroupFactory]:
    """What Ray is to reserve for a trial, by its `config`. Pickled by Ray: it may rest on nothing else."""
    bundle = {"CPU": wanted.cpus_per_trial, "GPU": wanted.gpus_per_trial}

    def reserved(config: dict[str, Any]) -> PlacementGroupFactory:
        if not config[AVOIDED]:
            return PlacementGroupFactory([bundle])
        others = {"ray.io/node-id": f"!in({','.join(config[AVOIDED])})"}
        return PlacementGroupFactory([bundle], bundle_label_selector=[others])

    return reserved


def avoidable_nodes(bad: Collection[str]) -> list[str]:
    """Those of the bad nodes that are alive, unless no other is: then a bad one is better than none."""
    if not bad:
        return []
    alive = set(alive_nodes())
    avoided = alive & set(bad)
    return sorted(avoided) if avoided < alive else []
