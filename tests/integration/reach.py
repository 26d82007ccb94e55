"""Asks the nodes of a real Ray for the storage: `python -m tests.integration.reach FOLDER`.

In a process of its own, as a user's sweep is. Prints what was said of a storage that all nodes share, and of
one of which they have another by the same name.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from sweep.errors import ClusterError
from sweep.spec import spec_from_dict
from sweep.storage import SweepFolder
from tests.specs import tiny_spec


class Elsewhere(SweepFolder):
    """The nodes have another folder under the name by which the driver knows this one."""

    @property
    def home(self) -> Path:
        return self.storage / "other"


def main(storage: Path) -> None:
    from sweep.engine.cluster import ray_cluster
    from sweep.engine.ray_reach import every_node_must_reach

    said = []
    with ray_cluster(spec_from_dict(tiny_spec(storage))):
        os.environ["RAY_ADDRESS"] = "auto"  # taken for a cluster's
        for folder in (SweepFolder(storage, "one"), Elsewhere(storage, "one")):
            try:
                every_node_must_reach(folder)
                said.append("")
            except ClusterError as error:
                said.append(str(error))
    print(json.dumps(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
