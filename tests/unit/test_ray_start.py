"""A Ray of our own on a machine that is too busy for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sweep.engine import cluster
from sweep.errors import ClusterError
from sweep.spec import spec_from_dict
from tests.specs import tiny_spec

SLOW = "The current node timed out during startup. This could happen because ..."


@pytest.mark.parametrize(("failures", "reason"), [(2, SLOW), (3, SLOW), (1, "no such thing")])
def test_a_start_that_took_too_long_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, failures: int, reason: str
) -> None:
    starts: list[dict[str, Any]] = []

    def init(**options: Any) -> None:
        starts.append(options)
        if len(starts) <= failures:
            raise Exception(reason)

    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(cluster.ray, "init", init)
    monkeypatch.setattr(cluster.ray, "shutdown", lambda: None)
    monkeypatch.setattr(cluster.ray, "cluster_resources", lambda: {"CPU": 2.0})
    if (failures, reason) == (2, SLOW):
        with cluster.ray_cluster(spec_from_dict(tiny_spec(tmp_path))):
            pass
        assert len(starts) == 3
    else:
        with (
            pytest.raises(ClusterError, match=f"Ray cannot be reached on this machine: {reason[:9]}"),
            cluster.ray_cluster(spec_from_dict(tiny_spec(tmp_path))),
        ):
            pass
        assert len(starts) == failures
