"""What every reader of old results gives back, whatever their format: trainings, and what was refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Validation:
    """One validation of one training that somebody else ran."""

    iteration: int
    """Optimizer steps done."""
    metrics: Mapping[str, float]
    """As in `trainables.contract.Report`: in percent, 0..100; finite, those that are known."""
    file: str
    """The file, or the URI of the store, that says so."""
    line: int = 0
    """Of the file, counted from 1; 0 where there are no lines."""
    seconds: float = 0.0
    """Time spent until then; 0 where nobody says."""


@dataclass(frozen=True, kw_only=True)
class FoundRun:
    """One training that somebody else ran."""

    source: str
    """The path or URI that was given, or the part of it that this run is: what a second import knows it by,
    together with `name`."""
    name: str = ""
    """Tells the runs of one source apart; empty where there is only one."""
    line: int = 0
    """Where in the source it begins; 0 where there are no lines."""
    parameters: Mapping[str, Any]
    """As an arm has them. `real_ratio` is what was asked for, and always among them."""
    seed: int | None = None
    """None where nobody says: it then gets the next one of its arm."""
    trial_id: str = ""
    """What the source calls it; empty where it has no name."""
    validations: tuple[Validation, ...]
    """At least one; iterations rise."""
    iterations: int | None = None
    """Length of a full training, where the source says so; else the last iteration of all runs is it."""
    log_interval: int | None = None
    """Iterations between two lines of training loss, where the source says so."""
    is_baseline: bool = False
    """The source says so."""
    protocol_id: str = ""
    """What the source says, or what can be told from its configuration; empty: that of the import."""
    regime_id: str = ""
    """Likewise."""
    notes: tuple[str, ...] = ()
    """What was repaired or guessed, for the user."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A run, or some of its rows, that is no measurement and is left out."""

    file: str
    line: int = 0
    reason: str
    """What it is and why it is not taken; how to mend it, if it can be mended."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """All that was found in the given paths."""

    runs: tuple[FoundRun, ...]
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()
    """What concerns several runs."""
    rungs: tuple[int, ...] | None = None
    """Iterations at which the source says that runs are compared; None: at all."""
    digest: str = field(default="", compare=False)
    """SHA-256 of all bytes that were read."""
