"""A command that trains in mmengine's own loop, with our sampler: its share is verified, over a crash too."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from trainables.command import TrainerFailed, run_command
from trainables.contract.command import OUTPUT, CommandTask
from trainables.local import FolderSession

ROOT = Path(__file__).parents[2]
TRAIN = ROOT / "tests" / "standins" / "mmengine_train.py"
ELSEWHERE = {"real": {"elsewhere": "40 images", "image_count": 40}, "validation": {"elsewhere": "2 images"}}


def task(real_ratio: float, crash_at: int | None) -> CommandTask:
    config = TRAIN.read_text().partition('CONFIG = """')[2].partition('"""')[0]
    command = {
        "arguments": [sys.executable, str(TRAIN), "{folder}/config.py", "--work-dir", "{folder}/work"],
        "resume": ["--resume", "--cfg-options", "load_from={checkpoint}"],
        "checkpoint": "{folder}/work/iter_{iteration}.pth",
        "config_file": {"template": "unread"},
        "environment": {"PYTHONPATH": str(ROOT), "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1"},
        "reports": {"file": "{folder}/work/*/vis_data/scalars.json"},
        "working_directory": str(ROOT),
    }
    trial = {
        "data": ELSEWHERE,
        "model": {},
        "training": {"iterations": 30, "batch_size": 8},
        "real_ratio": real_ratio,
        "seed": 0,
        "options": {"crash_at": crash_at},
        "validate_at": [10, 20, 30],
    }
    values = {"command": command, "trial": trial, "template": config, "metric": "val_miou"}
    return CommandTask.model_validate_json(json.dumps(values), strict=True)


def test_the_share_is_verified_over_a_crash(tmp_path: Path) -> None:
    one, folder = task(0.3, crash_at=25), tmp_path / "t000"
    with pytest.raises(TrainerFailed, match="exit code 1: RuntimeError: the GPU fell off the bus"):
        run_command(one, FolderSession(folder))
    session = FolderSession(folder)
    run_command(one, session)
    assert [(report.iteration, report.metrics["val_miou"]) for report in session.reports] == [
        (20, 33.61),
        (30, 33.61),
    ]
    mixtures = [report.mixture for report in session.reports]
    assert [(one.real_images, one.generated_images) for one in mixtures] == [
        (48, {"gan": 112}),
        (72, {"gan": 168}),
    ]
    assert (mixtures[1].realised_real_ratio, mixtures[1].distinct_real, mixtures[1].real_passes) == (
        0.3,
        40,
        1.8,
    )
    assert "resumed epoch: 0, iter: 20" in (folder / OUTPUT).read_text()
