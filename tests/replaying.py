"""Small specs that replay, and the curves for them: sweeps in seconds, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.specs import tiny_spec

RATIOS = (0.0, 0.5, 1.0)


def replay_spec(folder: Path, **sections: Any) -> dict[str, Any]:
    """As `tiny_spec`, of the curves in `folder/curves.csv`; the storage is `folder/sweeps`."""
    resources = {"concurrent_trials": 2, "cpus_per_trial": 0.1}
    known: dict[str, Any] = {
        "trainable": "replay",
        "replay": {"curves": str(folder / "curves.csv")},
        "resources": resources,
    }
    return tiny_spec(folder / "sweeps", **known | sections)


def write_curves(
    path: Path,
    ratios: Sequence[float] = RATIOS,
    seeds: Sequence[int] = (0,),
    iterations: Sequence[int] = (4, 8, 12),
) -> Path:
    """Curves that rise with the iteration and the share of real images; seeds differ, 64 of them."""
    rows = [
        f"{ratio:g},{seed},{iteration},{10 * ratio + iteration + seed % 64 / 8}"
        for ratio in ratios
        for seed in seeds
        for iteration in iterations
    ]
    path.write_text("\n".join(["real_ratio,seed,iteration,val_miou", *rows]) + "\n")
    return path
