"""Where a machine keeps what it can make again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """`$SEGSWEEP_CACHE`, else `$XDG_CACHE_HOME/segsweep`, else `~/.cache/segsweep`."""
    if own := os.environ.get("SEGSWEEP_CACHE"):
        return Path(own).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "segsweep"
