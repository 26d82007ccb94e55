"""Measures a part of a benchmark in a process of its own: `python -m MODULE --part PART ARGUMENT...`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping

Parts = Mapping[str, Callable[..., dict[str, float]]]
"""What can be measured, by name; each takes texts."""


def in_process(module: str, part: str, *arguments: str) -> dict[str, float]:
    """What a part of a module has measured."""
    command = [sys.executable, "-m", module, "--part", part, *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def is_part(parts: Parts) -> bool:
    """Whether this is such a process: then it has done its part and told."""
    if sys.argv[1:2] != ["--part"]:
        return False
    print(json.dumps(parts[sys.argv[2]](*sys.argv[3:])))
    return True
