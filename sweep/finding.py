"""What an examination says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warning", "fault"]
"""`warning`: a sweep runs, though perhaps not as it should. `fault`: it does not."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    """As `GPUs`."""
    verdict: Verdict
    said: str
    """What was found."""
    mend: str = ""
    """What to do about it; empty where nothing is wrong."""
