"""The test without pytest: `python -m tests.cluster`, as root, prints the table of docs/cluster.md."""

from __future__ import annotations

import sys

from tests.cluster.needs import missing
from tests.cluster.test_cluster import test_a_cluster_survives_everything

if reason := missing():
    sys.exit(reason)
test_a_cluster_survives_everything()
