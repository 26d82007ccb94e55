"""A Ray of our own on a machine that is too busy for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sweep.engine import cluster
from sweep.errors import ClusterError
from sweep.spec import ResourcesConfig, spec_from_dict
from tests.specs import tiny_spec


@pytest.mark.parametrize(
    ("resources", "most"),
    [
        ({}, 16),
        ({"cpus_per_trial": 3}, 5),
        ({"gpus_per_trial": 1}, 2),
        ({"gpus_per_trial": 0.1}, 16),
        ({"gpus_per_trial": 0.3}, 6),
        ({"gpus_per_trial": 0.6}, 2),
        ({"gpus_per_trial": 0.5, "max_gpus": 1}, 2),
        ({"concurrent_trials": 40}, 40),
        ({"cpus_per_trial": 99}, 1),
    ],
)
def test_a_ray_of_our_own_is_asked_for_as_many_trials_as_the_machine_takes(
    monkeypatch: pytest.MonkeyPatch, resources: dict[str, Any], most: int
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(cluster.ray, "cluster_resources", lambda: {"CPU": 16.0, "GPU": 2.0})
    assert cluster.most_at_once(ResourcesConfig(**resources)) == most


def test_a_cluster_is_asked_for_one_more_at_a_time_as_it_may_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "auto")
    assert cluster.most_at_once(ResourcesConfig()) is None
    assert cluster.most_at_once(ResourcesConfig(concurrent_trials=3)) == 3


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
