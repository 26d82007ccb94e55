"""Small specs for tests, as the dict that a YAML file holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def tiny_spec(storage: Path, **sections: Any) -> dict[str, Any]:
    """Three arms on a handful of scenes, a network that trains in milliseconds; `sections` replace keys."""
    spec: dict[str, Any] = {
        "name": "tiny",
        "data": {
            "real": {"scenes": "real", "count": 6, "seed": 1, "size": [32, 48]},
            "generated": {"gen": {"scenes": "misaligned", "count": 6, "seed": 2, "size": [32, 48]}},
            "validation": {"scenes": "real", "count": 4, "seed": 3, "size": [32, 48]},
        },
        "model": {"architecture": "smp_pspnet", "encoder": "tu-mobilenetv3_small_050"},
        "training": {"iterations": 12, "batch_size": 2, "crop_size": [32, 48], "log_interval": 2},
        "search": {"parameters": {"real_ratio": {"values": [0, 0.5, 1]}}, "seeds": [0]},
        "baseline": {"real_ratio": 1},
        "early_stopping": {"name": "asha", "rungs": [4, 8], "min_peers": 1, "noise_sd": 0},
        "resources": {"concurrent_trials": 1},
        "storage": {"path": str(storage)},
    }
    return spec | sections


def write_spec(path: Path, spec: dict[str, Any]) -> Path:
    """The spec as a YAML file; JSON is YAML."""
    path.write_text(json.dumps(spec, indent=2))
    return path
