"""What a trainer of one's own may be told that ours has no use for, and what ours needs that it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sweep.spec.section_faults import sources
from sweep.spec.sections import (
    SEGMENTATION,
    Options,
    ResourcesConfig,
    TrackingConfig,
    is_own_trainer,
)
from sweep.spec.wording import Found, given
from trainables.contract import DataConfig, ElsewhereSource, TrainingConfig
from trainables.contract.training import EQUAL_ITERATIONS

_ELSEWHERE: Mapping[str, Any] = {
    "real": {"elsewhere": "real"},
    "generated": {"generated": {"elsewhere": "generated"}},
    "validation": {"elsewhere": "validation"},
}


def with_sources_elsewhere(values: Mapping[str, Any]) -> dict[str, Any]:
    """A spec's plain values, with sources that it leaves out named as lying elsewhere.

    Not for our own training, which needs them.
    """
    data = values.get("data", {})
    if values.get("trainable", SEGMENTATION) == SEGMENTATION or not isinstance(data, dict):
        return dict(values)
    return {**values, "data": {**_ELSEWHERE, **data}}


def segmentation_faults(data: DataConfig, options: Options, protocol: str | None) -> Iterator[Found]:
    """Of a training by us: images that it cannot find, and keys that it does not read."""
    for loc, source in sources(data):
        if isinstance(source, ElsewhereSource):
            message = f"lies elsewhere; with trainable: {SEGMENTATION} give folders or scenes"
            yield Found(loc, message)
    if options.by_name:
        yield Found(("options",), f"is given, but {_UNREAD}")
    if protocol is not None:
        yield Found(("protocol",), f"is {given(protocol)}, but {_UNREAD}")


_UNREAD = f"trainable is {SEGMENTATION}, which does not read it; remove it"


def gpu_faults(trainable: str, resources: ResourcesConfig) -> Iterator[Found]:
    """More GPUs than our training uses, and a share of several that Ray does not give out."""
    gpus = resources.gpus_per_trial
    if gpus <= 1:
        return
    if not is_own_trainer(trainable):
        message = f"is {gpus:g}; it must be at most 1: a trial trains on one GPU, more would stand idle"
        yield Found(("resources", "gpus_per_trial"), message)
    elif not gpus.is_integer():
        message = f"is {gpus:g}; above 1 it must be a whole number: Ray shares out no part of a second GPU"
        yield Found(("resources", "gpus_per_trial"), message)


def model_log_faults(trainable: str, tracking: TrackingConfig) -> Iterator[Found]:
    """Models of whoever else trains: we do not know their checkpoints."""
    if tracking.log_models and trainable != SEGMENTATION:
        message = (
            f"is true, but trainable is {trainable}: only networks that segsweep trains can be logged; "
            "set it to false, and log yours from your own code"
        )
        yield Found(("tracking", "log_models"), message)


def fairness_faults(trainable: str, training: TrainingConfig) -> Iterator[Found]:
    """A set of images that somebody else would have to draw from."""
    if training.fairness != EQUAL_ITERATIONS and is_own_trainer(trainable):
        message = (
            f"is {training.fairness}, but trainable is {trainable}: which images a trainer of your own draws "
            "from is not ours to say; leave it out"
        )
        yield Found(("training", "fairness"), message)
