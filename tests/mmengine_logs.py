"""Work dirs as mmsegmentation leaves them, to the letter of mmengine 0.10 and mmcv 1.x."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

CONFIG = """
crop_size = (512, 1024, )
default_hooks = dict(
    logger=dict(interval=50, log_metric_by_epoch=False, type='LoggerHook'), )
load_from = None
randomness = dict(seed={seed})
train_cfg = dict(max_iters={length}, type='IterBasedTrainLoop', val_interval=2000)
train_pipeline = [dict(type='LoadImageFromFile'), {pipeline}]
{ratio}
work_dir = '{work_dir}'
"""


def train_row(iteration: int) -> dict[str, Any]:
    return {
        "lr": 0.01, "data_time": 0.0101, "loss": 0.7, "decode.loss_ce": 0.49, "decode.acc_seg": 80.1,
        "aux.loss_ce": 0.21, "aux.acc_seg": 78.0, "time": 0.45, "memory": 9012, "iter": iteration,
        "step": iteration,
    }  # fmt: skip


def val_row(miou: float, step: int) -> dict[str, Any]:
    return {"aAcc": 85.38, "mIoU": miou, "mAcc": 42.1, "data_time": 0.0013, "time": 0.0405, "step": step}


def rows(
    values: Mapping[int, float], start: int = 0, interval: int = 50, step: str = "told"
) -> list[dict[str, Any]]:
    """Training rows from `start` on with the validations among them; `step`: `told`, `zero` or `after`."""
    found: list[dict[str, Any]] = []
    last = max(values, default=start) + interval
    for iteration in range(start + interval, last + 1, interval):
        found.append(train_row(iteration))
        if iteration in values:
            told = {"told": iteration, "zero": 0, "after": iteration + interval}[step]
            found.append(val_row(values[iteration], told))
    return found


def write_attempt(
    work_dir: Path, timestamp: str, written: Sequence[Mapping[str, Any]], config: str | None = None
) -> Path:
    """`<work_dir>/<timestamp>/vis_data/scalars.json`, its duplicate and the configuration; the log's path."""
    folder = work_dir / timestamp / "vis_data"
    folder.mkdir(parents=True)
    text = "".join(json.dumps(row) + "\n" for row in written)
    (folder / "scalars.json").write_text(text)
    (folder / f"{timestamp}.json").write_text(text)
    if config is not None:
        (folder / "config.py").write_text(config)
    return folder / "scalars.json"


def config_text(work_dir: Path, ratio: float | None = None, seed: int = 0, **changes: Any) -> str:
    named = "" if ratio is None else f"data_mixing = dict(real_gen_ratio={ratio})"
    values = {"length": 10000, "pipeline": "dict(prob=0.5, type='RandomFlip')", **changes}
    return CONFIG.format(ratio=named, seed=seed, work_dir=work_dir, **values)
