"""The sweeps of the story, and what came out of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from sweep.ledger import Ledger, SweepState, replay
from sweep.report import fair_frame
from tests.replaying import RATIOS, replay_spec, write_curves
from tests.specs import tiny_spec

RUNGS = (60, 120)
ITERATIONS = 200


def training_sweep() -> dict[str, Any]:
    """Six trials of a few seconds, two at a time. No rule stops one: that would hang on which comes first."""
    spec = tiny_spec(
        Path(),
        training={"iterations": ITERATIONS, "batch_size": 2, "crop_size": [32, 48], "log_interval": 20},
        search={"parameters": {"real_ratio": {"values": [0, 0.5, 1]}}, "seeds": [0, 1]},
        early_stopping={"name": "none", "rungs": list(RUNGS)},
        resources={"concurrent_trials": 2},
    )
    del spec["storage"]  # the nodes' environment names it
    return spec


def replayed_sweep(curves: str) -> dict[str, Any]:
    """Six trials of twelve seconds that train nothing; `curves` is the path on the cluster."""
    spec = replay_spec(
        Path(),
        replay={"curves": curves, "seconds_per_iteration": 1},
        search={"parameters": {"real_ratio": {"values": list(RATIOS)}}, "seeds": [0, 1]},
        early_stopping={"name": "none", "rungs": [4, 8]},
    )
    del spec["storage"]
    return spec


def write_replayed_curves(path: Path) -> None:
    """What `replayed_sweep` replays."""
    write_curves(path, seeds=(0, 1))


def assert_replayed(ledger: Path) -> None:
    """The final values are the recorded ones: of every arm the mean over the seeds."""
    last = final_table(ledger).query("iteration == 12")
    found = dict(zip(last["real_ratio"], last["mean_val_miou"]))
    assert found == {ratio: 10 * ratio + 12 + 1 / 16 for ratio in RATIOS}


def state_of(ledger: Path) -> SweepState:
    """What the ledger says now."""
    return replay(Ledger(ledger).read())


def final_table(ledger: Path) -> pd.DataFrame:
    """The numbers of the report, without the sweep's name."""
    table = fair_frame(state_of(ledger)).drop(columns="sweep")
    assert len(table) > 0
    return table
