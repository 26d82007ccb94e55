"""Waits for what must come, and says what did not."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sweep.ledger import Ledger
from sweep.ledger.events import Event

T = TypeVar("T")

PATIENCE = 600.0
"""Seconds. A machine that is busy with something else takes its time."""


def wait_for(what: str, look: Callable[[], T | None], pause: float = 0.2, patience: float = PATIENCE) -> T:
    """The first answer of `look` that is not None or False."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if answer := look():
            return answer
        time.sleep(pause)
    raise AssertionError(f"waited {patience:.0f} s in vain: {what}")


def wait_for_event(ledger: Path, what: str, wanted: Callable[[Event], bool], *, after: int = 0) -> Event:
    """The first event that is `wanted`, once it is in the ledger, of those after the first `after`."""

    def look() -> Event | None:
        if not ledger.exists():
            return None
        return next((event for event in list(Ledger(ledger).read())[after:] if wanted(event)), None)

    return wait_for(what, look, pause=0.02)
