"""What is held against a trial, and what against a node."""

from __future__ import annotations

import itertools
import socket
from types import SimpleNamespace

import pytest
from ray.air.execution._internal.actor_manager import RayActorManager
from ray.exceptions import OutOfMemoryError, RayActorError

from sweep.engine import ray_faults
from sweep.engine.failures import Failures
from sweep.engine.ray_faults import cause_of
from sweep.engine.ray_tune import mend
from sweep.ledger.events import FaultCause, TrialFaulted, TrialPlanned
from sweep.ledger.state import TrialState
from sweep.spec import ResourcesConfig

NODE_DIED = (
    "The actor died unexpectedly before finishing this task.\n\tclass_name: ImplicitFunc\nThe actor died "
    "because its node has died. Node Id: 0376\n\tthe actor's node was terminated unexpectedly"
)
WORKER_DIED = (
    "The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR Worker exit "
    "detail: (1) the process was killed by the OOM killer due to high memory usage"
)
UNAVAILABLE = (
    "The actor 3176 is unavailable: RpcError: RPC error: Socket closed rpc_code: 14. The task may or"
)
OUT_OF_MEMORY = "1 worker(s) were killed due to the node running low on memory. Memory on the node (IP: 10"


def trial(name: str = "t000", iteration: int = 0) -> TrialState:
    planned = TrialPlanned(trial_id=name, arm=name, parameters={}, seed=0)
    return TrialState(planned, iteration=iteration)


def broke(failures: Failures, one: TrialState, cause: FaultCause, node: str = "n1") -> bool:
    """As the driver does."""
    final = failures.note(one, cause, node)
    one.apply(TrialFaulted(trial_id=one.trial_id, reason="", iteration=one.iteration, cause=cause))
    return final


@pytest.mark.parametrize("cause", ["error", "process", "silent", "memory"])
def test_trial_is_given_up_after_so_many_failures(cause: FaultCause) -> None:
    failures, one = Failures(ResourcesConfig(max_failures=2)), trial()
    assert [broke(failures, one, cause) for _ in range(3)] == [False, False, True]
    assert not broke(failures, trial("t001"), cause), "another trial is another matter"


def test_what_no_retry_mends_is_final_at_once() -> None:
    assert broke(Failures(ResourcesConfig(max_failures=2)), trial(), "fatal")


def test_node_that_is_taken_away_counts_against_nobody() -> None:
    failures, one = Failures(ResourcesConfig(max_failures=0)), trial()
    for iteration in range(10):
        one.iteration = iteration
        assert not broke(failures, one, "node")
    assert failures.bad_nodes == {}
    assert broke(failures, one, "process"), "the first failure of its own"


def test_trial_that_loses_five_nodes_without_getting_anywhere_is_given_up() -> None:
    failures, one = Failures(ResourcesConfig()), trial(iteration=7)
    assert [broke(failures, one, "node") for _ in range(5)] == [False, False, False, False, True]


def test_storage_that_cannot_be_written_is_nobody_s_failure() -> None:
    failures, one = Failures(ResourcesConfig(max_failures=0)), trial()
    assert not any(broke(failures, one, "storage") for _ in range(3))
    assert failures.bad_nodes == {}


def test_node_is_bad_when_attempts_of_several_trials_broke_off_on_it() -> None:
    failures = Failures(ResourcesConfig(max_failures=9, max_node_failures=3))
    for _ in range(3):
        broke(failures, trial("t000"), "process")
    assert failures.bad_nodes == {}, "the trial may be what is broken"
    broke(failures, trial("t001"), "error")
    broke(failures, trial("t001"), "error", node="n2")
    broke(failures, trial("t001"), "error", node="")
    assert failures.bad_nodes == {"n1": 4}


@pytest.mark.parametrize("cause", ["fatal", "memory", "node", "storage"])
def test_what_is_no_machine_s_fault_is_not_held_against_it(cause: FaultCause) -> None:
    failures = Failures(ResourcesConfig(max_failures=9, max_node_failures=1))
    for name in ("t000", "t001", "t002"):
        broke(failures, trial(name), cause)
    assert failures.bad_nodes == {}


@pytest.mark.parametrize(
    ("error", "cause"),
    [(NODE_DIED, "node"), (WORKER_DIED, "process"), (OUT_OF_MEMORY, "memory"), ("", "process")],
)
def test_ray_s_words_are_understood(error: str, cause: FaultCause) -> None:
    found, reason = cause_of(error, "gpu7")
    assert found == cause
    assert "\n" not in reason
    if cause in ("node", "memory"):
        assert "gpu7" in reason


@pytest.mark.parametrize(("looks", "cause"), [([False, False, True], "node"), ([False] * 9, "process")])
def test_a_node_that_dies_with_its_processes_is_given_time_to_be_noticed(
    monkeypatch: pytest.MonkeyPatch, looks: list[bool], cause: str
) -> None:
    """Ray first says only that it lost a process; that the node is gone it knows a moment later."""
    clock = itertools.count()
    monkeypatch.setattr(ray_faults, "_is_dead", lambda node: looks.pop(0))
    clocks = SimpleNamespace(monotonic=lambda: next(clock), sleep=lambda seconds: None)
    monkeypatch.setattr(ray_faults, "time", clocks)
    assert cause_of(WORKER_DIED, "gpu7", "a7c8")[0] == cause


def test_node_that_ray_still_believes_in_but_takes_no_connection_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as raylet:
        port = raylet.getsockname()[1]
        node = {"NodeID": "a7c8", "Alive": True, "NodeManagerAddress": "127.0.0.1", "NodeManagerPort": port}
        monkeypatch.setattr("ray.nodes", lambda: [node])
        monkeypatch.setattr(ray_faults, "_PATIENCE", 0.0)
        assert cause_of(UNAVAILABLE, "gpu7", "a7c8")[0] == "process"
    assert cause_of(UNAVAILABLE, "gpu7", "a7c8")[0] == "node"
    assert cause_of(UNAVAILABLE, "gpu7", "another")[0] == "node", "Ray has forgotten it"


def test_worker_that_ray_ended_for_memory_ends_its_trial_and_not_the_sweep() -> None:
    """What Ray Tune does with an error that ends a trial's process, without Ray."""
    mend()
    ended: list[Exception] = []
    manager = object.__new__(RayActorManager)
    manager._failed_actor_ids = set()
    manager._cleanup_actor = lambda tracked_actor: None
    actor = SimpleNamespace(actor_id=1, _on_error=None)
    task = SimpleNamespace(_tracked_actor=actor, _on_error=lambda actor, error: ended.append(error))
    error = OutOfMemoryError("1 worker(s) were killed due to the node running low on memory")
    manager._actor_task_failed(task, error)
    assert isinstance(ended[0], RayActorError), "which is all that Ray Tune takes for the end of a process"
    assert cause_of(str(ended[0]), "gpu7")[0] == "memory"
