"""Says why no trial starts for long: what the cluster lacks, or who is in the way. Knows no Ray."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sweep.spec import ResourcesConfig

_SECONDS_UNTIL_SAID = 60.0
_NO_NODE = "which no node of the cluster has"
_KEYS = {"CPU": "resources.cpus_per_trial", "GPU": "resources.gpus_per_trial"}


@dataclass(frozen=True)
class Room:
    """What a cluster has, by Ray's names of resources, such as CPU and GPU; one that is missing is 0."""

    total: Mapping[str, float]
    free: Mapping[str, float]
    nodes: Sequence[Mapping[str, float]]
    """What each node that is alive has in all."""


class LongWait:
    """Watches whether trials wait while none runs. Says what is missing once, and again when that changes."""

    def __init__(self, wanted: ResourcesConfig, room: Callable[[], Room], sweep: str) -> None:
        """`sweep`: what `sweep resume` is to be given."""
        self._wanted = {"CPU": wanted.cpus_per_trial, "GPU": wanted.gpus_per_trial}
        self._room = room
        self._sweep = sweep
        self._since: float | None = None
        self._said: object = None
        self.is_hopeless = False
        """Whether trials have waited for long and no node of the cluster has what they need."""

    def news(self, *, waits: bool, now: float) -> str | None:
        """What is to be said now; None most of the time.

        Args:
            waits: whether a trial is to start and none runs. A wait for the sweep's own trials is no news.
            now: in seconds of any clock that never goes back.
        """
        if not waits:
            self._since = self._said = None
            self.is_hopeless = False
            return None
        if self._since is None:
            self._since = now
        if now - self._since < _SECONDS_UNTIL_SAID:
            return None
        return self._changed(self._room(), now - self._since)

    def _changed(self, room: Room, seconds: float) -> str | None:
        """What is free changes all the time on a busy cluster: that alone is not said again."""
        missing, why = self._missing(room)
        self.is_hopeless = why == _NO_NODE
        said = (missing, why, dict(room.total))
        if not missing or said == self._said:
            return None
        self._said = said
        return self._text(missing, why, room, seconds)

    def _missing(self, room: Room) -> tuple[list[str], str]:
        """Resources that keep a trial from starting, and why; none where there is room and Ray is at it."""
        wanted = {name: amount for name, amount in self._wanted.items() if amount}
        if not any(_holds(node, wanted) for node in room.nodes):
            lacked = [name for name in wanted if not any(_holds(n, {name: wanted[name]}) for n in room.nodes)]
            return lacked or list(wanted), _NO_NODE
        taken = [name for name in wanted if not _holds(room.free, {name: wanted[name]})]
        return taken, "which other work has taken, or a trial that is slow to start"

    def _text(self, missing: list[str], why: str, room: Room, seconds: float) -> str:
        wanted, total, free = (_amounts(held, missing) for held in (self._wanted, room.total, room.free))
        keys = " or ".join(_KEYS[name] for name in missing)
        return (
            f"no trial could start for {seconds:.0f} s: each needs {wanted} on one node, {why}; the cluster "
            f"has {total} in all, {free} free. The sweep goes on by itself once there is room: `ray status` "
            f"shows whether a machine is on its way. Or end it with Ctrl-C and lower {keys}: "
            f"`sweep resume {self._sweep} --set {_KEYS[missing[0]]}=...`"
        )


def _holds(held: Mapping[str, float], wanted: Mapping[str, float]) -> bool:
    return all(held.get(name, 0) >= amount for name, amount in wanted.items())


def _amounts(held: Mapping[str, float], names: Sequence[str]) -> str:
    return " and ".join(f"{held.get(name, 0):g} {name}{'' if held.get(name) == 1 else 's'}" for name in names)
