"""Whose trials start next where several sweeps share a cluster. Knows no Ray.

Every driver reckons for itself from what all of them claim: there is no queue that could be lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sweep.engine.sources import search_is_complete
from sweep.ledger import SweepState
from sweep.spec import ResourcesConfig, Spec


@dataclass(frozen=True)
class Claim:
    """What a sweep wants of the cluster, and what it has of it."""

    sweep: str
    owner: str
    priority: int
    since: float
    """When its driver came, in seconds since the epoch."""
    resource: str
    """`GPU`, or `CPU` where its trials use no GPU."""
    per_trial: float
    wanted: float
    """For all trials that would run now if there were room, those that do included."""
    used: float
    stuck: bool = False
    """No node of the cluster has what its trials need: it is in nobody's way."""

    @property
    def rank(self) -> tuple[int, float, str]:
        """The least goes first."""
        return -self.priority, self.since, self.sweep


def in_the_way(own: Claim, claims: Iterable[Claim], total: Mapping[str, float]) -> list[Claim]:
    """The sweeps for whose trials the next one of `own` has to wait, the first in rank first.

    A sweep further up that has all it wants is in nobody's way. One that has not is served first, by machines
    that a cluster has yet to start, too: its trials are not overtaken for a place that they could take.

    Args:
        own: the claim of who asks.
        claims: of all sweeps on the cluster; `own` may be among them.
        total: what the cluster has of each resource.
    """
    rivals = [claim for claim in claims if claim.resource == own.resource and not claim.stuck]
    before = [claim for claim in rivals if claim.rank < own.rank]
    short = sorted((claim for claim in before if claim.used < claim.wanted), key=lambda claim: claim.rank)
    left = total.get(own.resource, 0.0) - sum(max(claim.wanted, claim.used) for claim in before)
    return short if own.used + own.per_trial > left else []


@dataclass(frozen=True)
class AtWork:
    """What Ray has of a sweep."""

    held: int = 0
    """Trials that were handed out, with a process or not."""
    running: int = 0
    """Trials that have a process."""
    more: bool = True
    """Whether others than those may be handed out yet."""


def claim_of(spec: Spec, state: SweepState, since: float, at_work: AtWork) -> Claim:
    """What a sweep claims in this state."""
    resources = spec.resources
    on_gpus = resources.gpus_per_trial > 0
    per_trial = resources.gpus_per_trial if on_gpus else resources.cpus_per_trial
    to_run = sum(trial.ended is None and not trial.waits for trial in state.trials.values())
    proposes = spec.search.method in ("optuna", "curve") and not search_is_complete(spec, state)
    at_once = most_trials(resources)
    trials = max(at_work.held, to_run + proposes) if at_work.more else at_work.held
    return Claim(
        sweep=spec.name,
        owner=state.created.owner,
        priority=resources.priority,
        since=since,
        resource="GPU" if on_gpus else "CPU",
        per_trial=per_trial,
        wanted=per_trial * (trials if at_once is None else min(trials, at_once)),
        used=per_trial * at_work.running,
    )


def places(resources: ResourcesConfig, cpus: float, gpus: float) -> int:
    """How many trials a machine of so many takes: several may share a GPU, but none has parts of two."""
    takes = [int(cpus / resources.cpus_per_trial + 1e-9)]
    if each := resources.gpus_per_trial:
        shared = int(gpus) * int(1 / each + 1e-9) if each < 1 else int(gpus / each)
        takes.append(shared)
    return max(1, min(takes))


def most_trials(resources: ResourcesConfig) -> int | None:
    """How many trials may run at once, by the spec; None: as many as there is room for."""
    by_gpus = (
        None if resources.max_gpus is None else int(resources.max_gpus / resources.gpus_per_trial + 1e-9)
    )
    limits = [limit for limit in (resources.concurrent_trials, by_gpus) if limit is not None]
    return min(limits, default=None)
