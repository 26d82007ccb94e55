"""The optimizer and its learning rate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from trainables.contract import OptimizerConfig, ScheduleConfig


def build_optimizer(config: OptimizerConfig, parameters: Iterable[Tensor]) -> torch.optim.Optimizer:
    """SGD or AdamW over all parameters alike, as mmsegmentation does; fused, which is faster everywhere."""
    lr, weight_decay = config.lr, config.weight_decay
    if config.name == "sgd":
        return torch.optim.SGD(
            parameters, lr=lr, momentum=config.momentum, weight_decay=weight_decay, fused=True
        )
    return torch.optim.AdamW(parameters, lr=lr, weight_decay=weight_decay, fused=True)


@dataclass(frozen=True)
class Schedule:
    """mmengine's `PolyLR` in closed form, with a linear warm-up before it reaches the polynomial.

    lr(t) = (lr - eta_min) * (1 - t / iterations) ** power + eta_min

    Its state is the iteration: there is nothing else to save. The horizon is the full length of a trial, also
    where the trial ends earlier, so that trials are comparable at every iteration.
    """

    config: ScheduleConfig
    lr: float
    """The optimizer's learning rate: that of the first iteration, but for the warm-up."""
    iterations: int

    def lr_at(self, iteration: int) -> float:
        """Learning rate of the step that follows `iteration` finished ones."""
        remaining: float = (1 - iteration / self.iterations) ** self.config.power
        lr = (self.lr - self.config.eta_min) * remaining + self.config.eta_min
        return lr * self._warmth(iteration)

    def _warmth(self, iteration: int) -> float:
        warmup = self.config.warmup_iterations
        return (iteration + 1) / warmup if iteration < warmup else 1.0
