"""What a trial is made of, and the state that a checkpoint keeps of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trainables.checkpoint import random_states, restore_random_states
from trainables.contract import ClassCounts, Mixture, Report, TimeSpent, TrialConfig
from trainables.data import Samples
from trainables.losses import MeanLoss
from trainables.mixing import MixtureCounter, Recipe
from trainables.models import Logits, build_model
from trainables.optimization import Schedule, build_optimizer
from trainables.sources import recipe_of, training_sources, validation_source
from trainables.stopwatch import Stopwatch
from trainables.transforms import TrainTransform


@dataclass
class Trial:
    """A training in progress. Its iteration is the number of batches that the counter has seen."""

    config: TrialConfig
    device: torch.device
    sources: Mapping[str, Samples]
    """Training images by the name of their source; only those that `real_ratio` draws from."""
    transform: TrainTransform
    runs_ahead: bool
    """The device computes while Python goes on: at every step, nothing may look at what came out."""
    validation: Samples
    recipe: Recipe
    counter: MixtureCounter
    model: nn.Module
    network: Callable[[Tensor], Logits]
    """What trains: the model, or the same compiled."""
    optimizer: torch.optim.Optimizer
    schedule: Schedule
    loss_since_report: MeanLoss
    loss_since_progress: MeanLoss
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    last_report: Report | None = None

    @property
    def iteration(self) -> int:
        """Optimizer steps done."""
        return self.counter.position.batch

    @property
    def lr(self) -> float:
        """Learning rate of the step that leads to this iteration."""
        return self.schedule.lr_at(self.iteration - 1)

    def state_dict(self) -> dict[str, Any]:
        """All that a restart needs, random states included."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "mixture": self.counter.state_dict(),
            "loss_since_report": self.loss_since_report.state_dict(),
            "loss_since_progress": self.loss_since_progress.state_dict(),
            "stopwatch": self.stopwatch.state_dict(),
            "last_report": asdict(self.last_report) if self.last_report else None,
            "random": random_states(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state; random states last, so that nothing draws from them in between."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.counter.load_state_dict(state["mixture"])
        self.loss_since_report.load_state_dict(state["loss_since_report"])
        self.loss_since_progress.load_state_dict(state["loss_since_progress"])
        self.stopwatch.load_state_dict(state["stopwatch"])
        self.last_report = _report(state["last_report"]) if state["last_report"] else None
        restore_random_states(state["random"])


def begin_trial(config: TrialConfig) -> Trial:
    """A trial at iteration 0, all global random generators seeded with `config.seed`.

    Raises:
        TrialError: data, model and `real_ratio` do not make a trial; the message says what to mend.
    """
    _seed_everything(config.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    sources = training_sources(config)
    recipe = recipe_of(config, sources)
    model = build_model(config.model, len(config.data.classes)).to(device)
    model.to(memory_format=torch.channels_last)  # convolutions are faster in it, on any device
    training = config.training
    return Trial(
        config=config,
        device=device,
        sources=sources,
        transform=TrainTransform(
            training.augmentation,
            training.crop_size,
            config.data.ignore_index,
            distorts=not _runs_ahead(device),  # else it changes colours faster itself
        ),
        runs_ahead=_runs_ahead(device),
        validation=validation_source(config),
        recipe=recipe,
        counter=MixtureCounter(recipe),
        model=model,
        network=torch.compile(model) if training.compile else model,
        optimizer=build_optimizer(training.optimizer, model.parameters()),
        schedule=Schedule(training.schedule, training.optimizer.lr, training.iterations),
        loss_since_report=MeanLoss(device),
        loss_since_progress=MeanLoss(device),
    )


def _runs_ahead(device: torch.device) -> bool:
    return device.type == "cuda"


def _seed_everything(seed: int) -> None:
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)  # dropout and the like of a third party's network may use these two
    random.seed(seed)


def _report(saved: Mapping[str, Any]) -> Report:
    counts = ClassCounts(**{name: tuple(pixels) for name, pixels in saved["counts"].items()})
    mixture, spent = Mixture(**saved["mixture"]), TimeSpent(**saved["spent"])
    return Report(**{**saved, "mixture": mixture, "counts": counts, "spent": spent})
