"""Trials that take a second: a small network on a few small scenes."""

from __future__ import annotations

from typing import Any

from trainables.contract import TrialConfig

SIZE = (32, 48)


def scenes(style: str, count: int, seed: int = 0) -> dict[str, Any]:
    return {"scenes": style, "count": count, "seed": seed, "size": SIZE}


def small_trial(real_ratio: float = 0.5, **changes: Any) -> TrialConfig:
    """20 iterations of four crops; `changes` replaces keys of the trial, `training` is merged."""
    training = {
        "iterations": 20,
        "batch_size": 4,
        "crop_size": SIZE,
        "log_interval": 5,
        **changes.pop("training", {}),
    }
    trial = {
        "data": {
            "real": scenes("real", 6),
            "generated": {"aligned": scenes("aligned", 5), "misaligned": scenes("misaligned", 7)},
            "validation": scenes("real", 3, seed=9),
        },
        "model": {"architecture": "smp_pspnet", "encoder": "tu-mobilenetv3_small_050"},
        "training": training,
        "real_ratio": real_ratio,
        "seed": 1,
        "validate_at": (8, 16),
    }
    return TrialConfig.model_validate({**trial, **changes})
