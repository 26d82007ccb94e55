"""`ray up` for real, on hosts made of namespaces; docs/cluster.md has the table that it prints with `-s`."""

from __future__ import annotations

import pytest

from tests.cluster.lab import lab
from tests.cluster.needs import missing
from tests.cluster.story import Story


@pytest.mark.cluster
def test_a_cluster_survives_everything() -> None:
    if reason := missing():
        pytest.skip(reason)
    with lab() as made:
        story = Story(made)
        try:
            story.tell()
        finally:
            print(f"\n{story.timetable}")
