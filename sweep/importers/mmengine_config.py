"""What the dumped configuration of a mmsegmentation run says. It is a stranger's program: never executed."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

_REAL_RATIO = re.compile(r"['\"]?\breal(?:_gen)?_ratio['\"]?\s*[=:]\s*['\"]?(\d+(?:\.\d*)?)")
_ITERATIONS = re.compile(r"\bmax_iters\s*=\s*(\d+)")
_SEED = re.compile(r"\bseed\s*=\s*(\d+)")
_NOT_OF_THE_REGIME = re.compile(
    r"real(?:_gen)?_ratio|\bseed\b|\bwork_dir\b|\bload_from\b|\bresume|\blauncher\b|\bname\s*="
)


@dataclass(frozen=True)
class ConfigFacts:
    """What could be told without running it."""

    real_ratio: float | None
    """None where it is not named, or named with several values."""
    iterations: int | None
    seed: int | None
    regime_id: str
    """Of all lines but those that may differ between trials that are trained alike."""


def config_facts(text: str) -> ConfigFacts:
    """The facts of a dumped configuration, mmengine's `config.py` or mmcv's."""
    real_ratio = _only(_REAL_RATIO.findall(text))
    iterations, seed = _only(_ITERATIONS.findall(text)), _only(_SEED.findall(text))
    lines = (" ".join(line.split()) for line in text.splitlines())
    regime = "\n".join(line for line in lines if line and not _NOT_OF_THE_REGIME.search(line))
    return ConfigFacts(
        real_ratio=None if real_ratio is None else float(real_ratio),
        iterations=None if iterations is None else int(iterations),
        seed=None if seed is None else int(seed),
        regime_id=f"mmseg-{hashlib.sha256(regime.encode()).hexdigest()[:12]}",
    )


def _only(found: list[str]) -> str | None:
    return found[0] if len(set(found)) == 1 else None
