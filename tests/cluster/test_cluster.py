"""`ray up` for real, on hosts made of namespaces; with `-s` it prints the table of docs/cluster.md."""

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
        try:
            Story(made).tell()
        except BaseException:
            print(made.last_words())
            raise
