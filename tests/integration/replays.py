"""Recorded trials through real Ray, under every rule: `python -m tests.integration.replays FOLDER`.

In a process of its own, as a user's sweep is, and on one Ray for all of them.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any, get_args

from sweep.simulation import Recording, recording_of
from sweep.spec import EarlyStoppingConfig, Spec
from sweep.storage import SweepFolder
from tests.builders import Parameters, sweep_state

RUNGS = (2, 4, 6, 8, 10)
RULES: tuple[str, ...] = get_args(EarlyStoppingConfig.model_fields["name"].annotation)
SETTINGS: dict[str, dict[str, Any]] = {rule: {"name": rule} for rule in RULES} | {
    "median": {"name": "median", "patience": 2, "spare": 0.5},
    "promote-curve": {"name": "promote", "aim": "curve", "spare": 0.5},
}
"""Options of `early_stopping` by the name of a sweep: every rule that a spec can name, whoever adds it."""
SWEEPS = [(setting, 1) for setting in SETTINGS] + [(rule, 2) for rule in RULES]
"""What is run: settings and workers."""
ORDER = ("t003", "t000", "t006", "t005", "t001", "t007", "t004", "t002")


def crossing_curve(parameters: Parameters, seed: int, iteration: int) -> float:
    """Few real images learn fast and end low; one trial diverges."""
    real_ratio = parameters["real_ratio"]
    if (real_ratio, seed) == (0.25, 1) and iteration > 4:
        return math.nan
    speed, height = 1 + 2 * (1 - real_ratio), 30 + 15 * real_ratio
    return height * (1 - math.exp(-speed * iteration / 5)) + 0.3 * seed


def recording() -> Recording:
    """Four arms of two seeds."""
    return recording_of(
        sweep_state(arms=(1.0, 0.5, 0.25, 0.0), rungs=RUNGS, validate_every=None, curve=crossing_curve),
        spec("none"),
    )


def spec(setting: str) -> Spec:
    """Of a sweep of these trials."""
    plain = Spec.model_validate(
        sweep_state(arms=(1.0, 0.5, 0.25, 0.0), rungs=RUNGS, validate_every=None).created.spec
    )
    options = {"rungs": RUNGS[:-1], "min_peers": 2, "noise_sd": 0.1, **SETTINGS[setting]}
    return plain.model_copy(update={"early_stopping": EarlyStoppingConfig(**options)})


def folder_of(storage: Path, setting: str, workers: int) -> SweepFolder:
    return SweepFolder(storage, f"{setting}-{workers}")


def main(storage: Path) -> None:
    from sweep.engine.cluster import ray_cluster
    from sweep.engine.replay import replay_spec, replay_through_ray

    with ray_cluster(replay_spec(spec("none"), workers=2)):
        for setting, workers in SWEEPS:
            pace = 0.0 if workers == 1 else 0.02  # so that the two take turns
            folder = folder_of(storage, setting, workers)
            replay_through_ray(recording(), spec(setting), folder, ORDER, workers, pace)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
