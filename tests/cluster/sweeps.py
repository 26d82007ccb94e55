"""The sweep of the story, and what came out of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from sweep.ledger import Ledger, SweepState, replay
from sweep.report import fair_frame
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


def state_of(ledger: Path) -> SweepState:
    """What the ledger says now."""
    return replay(Ledger(ledger).read())


def final_table(ledger: Path) -> pd.DataFrame:
    """The numbers of the report, without the sweep's name."""
    table = fair_frame(state_of(ledger)).drop(columns="sweep")
    assert len(table) > 0
    return table
