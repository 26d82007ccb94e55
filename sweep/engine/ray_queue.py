"""Sweeps on one cluster see each other by signs: a named Ray actor of each driver, gone when it is."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import ray
from ray.tune import Callback
from ray.tune.experiment import Trial
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from sweep.engine.driver import Driver
from sweep.engine.queue import AtWork, Claim, claim_of, in_the_way
from sweep.errors import ClusterError

_NAMESPACE = "segsweep"
_SECONDS_BETWEEN_LOOKS = 3.0
_PATIENCE = 15.0  # seconds; for so long Ray may know the sign of a driver that was killed


class Turn:
    """Whether the sweep may start another trial, or others come first."""

    def __init__(self, driver: Driver) -> None:
        """Puts up the sweep's sign. Raises ClusterError: the cluster has a sweep of this name."""
        self._driver = driver
        self._since = time.time()
        self._at_work = AtWork()
        self.is_stuck = False
        """Whether no node of the cluster has what a trial needs."""
        self._sign = _put_up(self._claim())
        self._next_look = 0.0
        self._others: list[Claim] = []
        self._total: dict[str, float] = {}

    def has_come(self, held: int, more: bool) -> bool:
        """False while sweeps further up want the room.

        Beside others only one trial at a time waits for its process: none that was handed out is taken back.
        """
        self._at_work = replace(self._at_work, held=held, more=more and not self._driver.spent_hours())
        self.look(self._at_work.running)
        if not self._others:
            return True
        own = self._claim()
        has_room = not self._in_the_way(replace(own, used=own.per_trial * held))
        return has_room and held <= self._at_work.running

    def look(self, running: int) -> None:
        """Brings the own sign up to date and reads the others'; at most every few seconds."""
        self._at_work = replace(self._at_work, running=running)
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + _SECONDS_BETWEEN_LOOKS
        own = self._claim()
        self._sign.write.remote(own)
        self._others = _others(own.sweep)
        self._total = ray.cluster_resources()  # type: ignore[no-untyped-call]
        self._driver.queue([] if self._at_work.held else self._in_the_way(own))

    def _in_the_way(self, own: Claim) -> list[str]:
        return [claim.sweep for claim in in_the_way(own, self._others, self._total)]

    def _claim(self) -> Claim:
        claim = claim_of(self._driver.spec, self._driver.state, self._since, self._at_work)
        return replace(claim, stuck=self.is_stuck)


class TurnCallback(Callback):
    """Lets the sweep look also while it asks for no trial, since others want to know what it has."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn

    def on_step_begin(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        """Called by Ray several times a second. Only Ray knows which processes there are."""
        self._turn.look(sum(trial.status == Trial.RUNNING for trial in trials))


class _Sign:
    """An actor that keeps a claim for whoever asks."""

    def __init__(self, claim: Claim) -> None:
        self._claim = claim

    def write(self, claim: Claim) -> None:
        self._claim = claim

    def read(self) -> Claim:
        return self._claim


def _put_up(claim: Claim) -> Any:
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    sign = ray.remote(_Sign).options(
        name=claim.sweep, namespace=_NAMESPACE, num_cpus=0, scheduling_strategy=here
    )
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return sign.remote(claim)
        except ValueError as error:  # Ray's word for a name that is taken
            if time.monotonic() > deadline:
                raise ClusterError(_taken(claim.sweep)) from error
            time.sleep(1.0)


def _taken(name: str) -> str:
    other = _read(name)
    owner = f", of {other.owner}" if other is not None and other.owner else ""
    return (
        f"a sweep {name!r} is running on this cluster already{owner}; `sweep stop` ends it, `--name OTHER` "
        "starts another beside it"
    )


def _others(name: str) -> list[Claim]:
    signs = ray.util.list_named_actors(all_namespaces=True)
    names = [sign["name"] for sign in signs if sign["namespace"] == _NAMESPACE and sign["name"] != name]
    return [claim for claim in map(_read, names) if claim is not None]


def _read(name: str) -> Claim | None:
    """What a sweep's sign says; None if it is just being taken down."""
    try:
        sign: Any = ray.get_actor(name, _NAMESPACE)
        claim: Claim = ray.get(sign.read.remote(), timeout=5)
    except (ValueError, ray.exceptions.RayError):
        return None
    return claim
