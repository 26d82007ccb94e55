"""mmsegmentation's tools/train.py on the real mmengine, with a network and images that cost nothing."""

from __future__ import annotations

import argparse
from typing import Any

import torch
from mmengine.config import Config, DictAction
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.registry import DATASETS, HOOKS, METRICS, MODELS
from mmengine.runner import Runner
from torch import nn

CONFIG = """
custom_imports = dict(imports=["trainables.mmengine"])
model = dict(type="Tiny")
train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type="DefaultSampler", shuffle=False),
    batch_sampler=dict(type="SegsweepBatchSampler", real_ratio={{ real_ratio }}, seed={{ seed }}),
    collate_fn=dict(type="segsweep_collate"),
    dataset=dict(
        type="SegsweepDataset",
        real=dict(type="Images", value=0.0, count=40),
        generated=dict(gan=dict(type="Images", value=1.0, count=50)),
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(type="Images", value=0.0, count=2),
)
val_evaluator = dict(type="Scores")
optim_wrapper = dict(type="OptimWrapper", optimizer=dict(type="SGD", lr=0.01))
train_cfg = dict(type="IterBasedTrainLoop", max_iters={{ iterations }}, val_interval=10)
val_cfg = dict(type="ValLoop")
default_hooks = dict(
    logger=dict(type="LoggerHook", interval=5, log_metric_by_epoch=False),
    checkpoint=dict(type="CheckpointHook", by_epoch=False, interval=10),
)
custom_hooks = [
    dict(type="SegsweepHook", real_ratio={{ real_ratio }}, interval=5),
    dict(type="Crash", at={{ options.crash_at }}),
]
log_processor = dict(by_epoch=False)
load_from = None
resume = False
"""


@DATASETS.register_module()
class Images(torch.utils.data.Dataset[dict[str, Any]]):
    def __init__(self, value: float, count: int) -> None:
        self.value, self.count = value, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"inputs": torch.full((2,), self.value)}


@MODELS.register_module()
class Tiny(BaseModel):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, inputs: Any, mode: str = "tensor") -> Any:
        if mode == "loss":
            return {"loss_ce": (self.weight * torch.stack(list(inputs)).mean()).sum() + 1}
        return [{"inputs": one} for one in inputs]


@METRICS.register_module()
class Scores(BaseMetric):
    def process(self, data_batch: Any, data_samples: Any) -> None:
        self.results.append(1)

    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        return {"aAcc": 85.38, "mIoU": 33.61, "mAcc": 42.1}


@HOOKS.register_module()
class Crash(Hook):
    """In an attempt that has not resumed."""

    def __init__(self, at: int | None) -> None:
        self.at = at

    def after_train_iter(self, runner: Any, *args: Any, **kwargs: Any) -> None:
        if not runner._resume and runner.iter + 1 == self.at:
            raise RuntimeError("the GPU fell off the bus")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("config")
    parser.add_argument("--work-dir")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--cfg-options", nargs="+", action=DictAction)
    arguments = parser.parse_args()
    config = Config.fromfile(arguments.config)
    if arguments.cfg_options is not None:
        config.merge_from_dict(arguments.cfg_options)
    config.work_dir = arguments.work_dir
    config.resume = arguments.resume
    Runner.from_cfg(config).train()


if __name__ == "__main__":
    main()
