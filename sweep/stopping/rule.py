"""What every stopping rule is asked and what it answers. Pure: no Ray, no files, no clock."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

from sweep.ledger.events import Decision


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """The trial that has just been validated at a rung."""

    trial_id: str
    arm: str
    seed: int
    rung: int
    """Iteration of the validation, exactly."""
    value: float
    """The judged metric, higher is better; NaN counts as worst."""
    protected: bool
    """Its arm is among those never to be stopped."""
    baseline: bool
    """It belongs to the arm that others are compared with."""
    is_last_rung: bool
    metric: str = "val_miou"
    """What `value` is called in reasons."""
    continued: bool = False
    """It was stopped before and continues because that was asked for."""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """Another trial that was validated at exactly the candidate's rung, whatever became of it since.

    Trials of the candidate's own arm are peers too.
    """

    trial_id: str
    arm: str
    seed: int
    value: float
    """As in Candidate."""
    baseline: bool


@dataclass(frozen=True, kw_only=True)
class Curve:
    """All that was measured of a trial at rungs, and whether more may come."""

    trial_id: str
    arm: str
    values: tuple[float, ...]
    """The judged metric at every rung of the sweep, in their order; NaN where it was not measured."""
    real_ratio: float = 1.0
    """Of its arm, 0..1."""
    setting: str = ""
    """All other parameters of its arm, in any form that tells settings apart."""
    reached: int
    """How many rungs, from the first, it has come to: the last of them is measured, finite or not."""
    open: bool = True
    """It has not ended: it runs, is to run, or is paused."""
    paused: bool = False
    """It waits at a rung and goes on only if the rule says so."""
    to_the_end: bool = False
    """It is trained to the end whatever the rule says."""

    @property
    def running(self) -> bool:
        """It is being trained, or will be whatever the rule says."""
        return self.open and not self.paused

    @cached_property
    def is_measured(self) -> bool:
        """It has a finite value at some rung."""
        return any(map(math.isfinite, self.values))

    @cached_property
    def diverged(self) -> bool:
        """Its last value is NaN: nothing is to be expected of it."""
        return self.reached > 0 and math.isnan(self.values[self.reached - 1])


@dataclass(frozen=True, kw_only=True)
class Case:
    """A trial to be judged, and all that may be held against it."""

    candidate: Candidate
    peers: Sequence[Peer]
    curves: Sequence[Curve] = ()
    """Of all trials, the candidate's and those of its peers among them; controls have none."""
    rungs: tuple[int, ...] = ()
    """All of the sweep, rising; the last is the end of a training."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What a rule would do with the candidate. `Judge` decides, by what is promised to every trial."""

    decision: Decision
    reason: str
    """A plain sentence with the numbers."""
    cutoff: float | None = None
    """What the value was held against; None where nothing was compared."""
    overtakes: float | None = None
    """Chance, 0..1, that the trial ends above the leader; None where nobody has reckoned it."""


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """A paused trial that goes on."""

    trial_id: str
    reason: str
    overtakes: float | None = None
    """As in Proposal."""
    spared: bool = False
    """It goes on to the end only to show whether it was rightly given up."""


class Rule(Protocol):
    """A stopping rule.

    A rule answers from its arguments alone; the order of peers and curves means nothing to it. It is asked
    only about trials that may be stopped: not the baseline, a protected one, or one at the last rung.
    """

    @property
    def name(self) -> str:
        """As in the spec's `early_stopping.name`."""
        ...

    def propose(self, case: Case) -> Proposal:
        """Whether the candidate should go on, now that these values are known."""
        ...


@runtime_checkable
class PausingRule(Rule, Protocol):
    """A rule that pauses trials, and says which of them go on: one that has these methods."""

    def promote(self, curves: Sequence[Curve], rungs: tuple[int, ...]) -> Promotion | None:
        """The paused trial that goes on now that there is room and no new trial waits; None: none yet, or,
        where nothing runs, none any more."""
        ...

    def chances(self, curves: Sequence[Curve], rungs: tuple[int, ...]) -> dict[str, float]:
        """By trial_id, the chance of each open trial to overtake the leader."""
        ...
