"""The sweeps that are disturbed: small, and the same whenever they run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.faults.case import Kind
from tests.photos import data_section, write_data
from tests.replaying import replay_spec, write_curves
from tests.specs import tiny_spec, write_spec

RUNGS = (10, 20, 30)
LR = "training.optimizer.lr"
_TRAINING = {"iterations": RUNGS[-1], "batch_size": 2, "crop_size": [32, 48], "log_interval": 2}
_STOPPING = {"name": "asha", "rungs": list(RUNGS[:-1]), "min_peers": 1, "noise_sd": 0}
_NO_STOPPING = {"name": "none", "rungs": list(RUNGS[:-1])}


def write_sweep(folder: Path, kind: Kind, **sections: Any) -> None:
    """`tiny.yaml` in the folder and all that it needs; `sections` replace keys of the spec."""
    write_spec(folder / "tiny.yaml", {**_SPECS[kind](folder), **sections})


def _replay(folder: Path) -> dict[str, Any]:
    """Four recorded trials, two at a time, about two seconds each; nobody is stopped."""
    curves = write_curves(folder / "curves.csv", ratios=(0, 1), seeds=(0, 1), iterations=RUNGS)
    return replay_spec(
        folder,
        replay={"curves": str(curves), "seconds_per_iteration": 0.07},
        training=_TRAINING,
        search={"parameters": {"real_ratio": {"values": [0, 1]}}, "seeds": [0, 1]},
        early_stopping=_NO_STOPPING,
    )


def _train(folder: Path) -> dict[str, Any]:
    """Three trials of a tiny PSPNet, one after the other, judged by ASHA."""
    return tiny_spec(folder / "sweeps", training=_TRAINING, early_stopping=_STOPPING)


def _whole(folder: Path) -> dict[str, Any]:
    """The same, all to the end: a stopping rule may decide otherwise where trials come in another order."""
    return {**_train(folder), "early_stopping": _NO_STOPPING, "tracking": {"enabled": False}}


def _photos(folder: Path) -> dict[str, Any]:
    """Two trials on files: one on real images alone, one on generated ones, too."""
    write_data(folder / "data")
    data = data_section(folder / "data")
    data["generated"] = {"good": data["generated"]["good"]}
    return tiny_spec(
        folder / "sweeps",
        data=data,
        training=_TRAINING,
        search={"parameters": {"real_ratio": {"values": [0.5, 1]}}, "seeds": [0]},
        early_stopping=_NO_STOPPING,
        tracking={"enabled": False},
    )


def _rates(folder: Path) -> dict[str, Any]:
    """One trial at one learning rate."""
    parameters = {"real_ratio": {"values": [0, 1]}, LR: {"values": [0.01]}}
    return tiny_spec(
        folder / "sweeps",
        training=_TRAINING,
        search={"parameters": parameters, "seeds": [0]},
        baseline={"real_ratio": 1, LR: 0.01},
        early_stopping=_NO_STOPPING,
        tracking={"enabled": False},
    )


_SPECS = {"replay": _replay, "train": _train, "whole": _whole, "photos": _photos, "rates": _rates}
