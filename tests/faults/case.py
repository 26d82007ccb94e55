"""One fault: what happens, what must come of it, and what came of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tests.faults.stage import Stage

Kind = Literal["replay", "train", "whole", "photos", "rates"]
"""Which sweep is disturbed; `tests.faults.specs` has them."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What must come of a fault. Beyond its default every value is a loss that was decided on."""

    codes: tuple[int, ...] = (0,)
    """Of the commands, in order."""
    or_codes: tuple[int, ...] | None = None
    """As well, where it is chance which process meets the fault first."""
    says: str = ""
    """Pattern of the line that tells the user what happened or what to do."""
    lost_trials: int = 0
    """Trials that do not end as in the undisturbed sweep."""
    again: int = 0
    """Most iterations that are trained once more, over all trials."""
    attempts: int | None = None
    """Most attempts that any trial needed; None: whatever."""
    is_compared: bool = True
    """Whether a sweep comes of it at all."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A row of the matrix."""

    name: str
    group: str
    act: Callable[[Stage], None]
    """Lets it happen, and does what a user would do then."""
    expected: Expected
    kind: Kind = "replay"
    own_ray: bool = False
    """Ray runs inside the sweep's process, as on a laptop; else the sweep is one of many on a cluster that is
    up, which takes half the time."""
    slow: bool = True
    """Longer than about 15 s: not part of `make test`."""
    then: str = ""
    """What the user did, in a few words; empty: nothing."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of it."""

    codes: tuple[int, ...]
    said: str
    """The line that the user was told, as the expectation looks for it; empty if it never came."""
    lost_trials: tuple[str, ...] = ()
    lost_reports: int = 0
    again: int = 0
    twice: tuple[str, ...] = ()
    """Reports, MLflow runs and points that are there twice, or that are too few."""
    changed: tuple[str, ...] = ()
    """Reports whose numbers are others."""
    attempts: int = 0
    seconds: float | None = None
    """From the fault, or the start of the resume if one was needed, until a trial goes on; None: nothing
    ever stopped."""
    traceback: bool = False


def complaints(expected: Expected, result: Result) -> list[str]:
    """Everything in which a result is not what was expected; empty if all is."""
    found = []
    if result.codes not in (expected.codes, expected.or_codes):
        found.append(f"exit codes {result.codes}, not {expected.codes}")
    if expected.says and not re.search(expected.says, result.said):
        found.append(f"nobody was told {expected.says!r}")
    if len(result.lost_trials) != expected.lost_trials:
        found.append(f"lost trials {result.lost_trials}, not {expected.lost_trials} of them")
    if result.lost_reports:
        found.append(f"{result.lost_reports} reports lost")
    if result.again > expected.again:
        found.append(f"{result.again} iterations trained again, more than {expected.again}")
    if expected.attempts is not None and result.attempts > expected.attempts:
        found.append(f"{result.attempts} attempts at a trial, more than {expected.attempts}")
    found += [f"twice or missing: {one}" for one in result.twice]
    found += [f"changed: {one}" for one in result.changed]
    return found + ["a traceback on the terminal"] * result.traceback
