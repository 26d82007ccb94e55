"""Verified shares of real images in mmsegmentation: `custom_imports = dict(imports="trainables.mmengine")`.

Needs mmengine, which segsweep itself does not. docs/trainable.md has a configuration that uses it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mmengine.dataset import pseudo_collate
from mmengine.dist import all_gather_object, is_main_process
from mmengine.hooks import Hook
from mmengine.registry import DATA_SAMPLERS, DATASETS, FUNCTIONS, HOOKS

from trainables.contract import RealRatioError
from trainables.mixing import REAL, MixtureCounter
from trainables.mixing.batch_sampler import MixedBatchSampler, MixedDataset, Tagged

_SOURCES, _INDICES = "segsweep_sources", "segsweep_indices"
_STATE = "segsweep_mixture"
_Tags = tuple[list[str], list[int]]


@DATASETS.register_module(name="SegsweepDataset")
class SegsweepDataset(MixedDataset):
    """A MixedDataset of data sets that are given as configurations."""

    def __init__(self, real: Mapping[str, Any], generated: Mapping[str, Mapping[str, Any]]) -> None:
        built = {name: DATASETS.build(dict(config)) for name, config in generated.items()}
        super().__init__(DATASETS.build(dict(real)), built)
        self.metainfo = getattr(self.by_name[REAL], "metainfo", {})


@DATA_SAMPLERS.register_module(name="SegsweepBatchSampler")
class SegsweepBatchSampler(MixedBatchSampler):
    """A MixedBatchSampler; of mmengine's own `sampler` only its data set is used."""

    def __init__(self, sampler: Any, batch_size: int, real_ratio: float, **others: Any) -> None:
        super().__init__(sampler.dataset, batch_size, real_ratio, **others)
        self.sampler = sampler  # mmengine looks for it


def segsweep_collate(batch: list[Tagged]) -> dict[str, Any]:
    """mmengine's batch with the tags of its samples beside what the model reads."""
    collated: dict[str, Any] = pseudo_collate([tagged.sample for tagged in batch])
    tags = {_SOURCES: [one.source for one in batch], _INDICES: [one.index for one in batch]}
    return {**collated, **tags}


FUNCTIONS.register_module(name="segsweep_collate", module=segsweep_collate)


@HOOKS.register_module(name="SegsweepHook")
class SegsweepHook(Hook):  # type: ignore[misc]
    """Counts what every train step consumes, and ends a training that is not the one asked for.

    Args:
        real_ratio: that was asked for.
        interval: iterations between two lines on stdout, which `trainable: command` reads:
            `{"iteration": 2000, "real_images": 8000, "generated_images": {"gan": 8000}, ...}`.
    """

    priority = "VERY_HIGH"

    def __init__(self, real_ratio: float, interval: int = 50) -> None:
        self._real_ratio = real_ratio
        self._interval = interval
        self._counter: MixtureCounter | None = None
        self._saved: dict[str, Any] | None = None
        self._consumed: _Tags = ([], [])

    def before_train(self, runner: Any) -> None:
        """Raises RealRatioError if the loop does not draw by our sampler, or by one of another share."""
        sampler = runner.train_dataloader.batch_sampler
        if not isinstance(sampler, MixedBatchSampler):
            raise RealRatioError(_not_applied("its batches are drawn by another sampler"))
        if sampler.recipe.real_ratio != self._real_ratio:
            raise RealRatioError(
                f"the hook counts for real_ratio {self._real_ratio}, but the sampler draws for "
                f"{sampler.recipe.real_ratio}; give both the same"
            )
        self._counter = MixtureCounter(sampler.recipe)
        if self._saved is not None:
            self._counter.load_state_dict(self._saved)

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        """Takes the tags off the batch that the model gets next. Raises RealRatioError if it has none."""
        if not isinstance(data_batch, dict) or _SOURCES not in data_batch:
            raise RealRatioError(_not_applied("a batch came without the tags of its samples"))
        self._consumed = data_batch.pop(_SOURCES), data_batch.pop(_INDICES)

    def after_train_iter(
        self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Raises RealRatioError if what was consumed is off the share by more than one image."""
        assert self._counter is not None, "before_train comes first"
        self._counter.count(*_of_all_processes(self._consumed))
        self._counter.check()
        if self.every_n_train_iters(runner, self._interval) and is_main_process():
            print(json.dumps(self._counts(runner.iter + 1)), flush=True)

    def before_save_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """What was consumed goes on with the weights."""
        if self._counter is not None:
            checkpoint[_STATE] = self._counter.state_dict()

    def after_load_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """mmengine draws the batches of before once more, without training on them."""
        self._saved = checkpoint.get(_STATE)

    def _counts(self, iteration: int) -> dict[str, Any]:
        assert self._counter is not None
        mixture = self._counter.mixture()
        return {
            "iteration": iteration,
            "real_images": mixture.real_images,
            "generated_images": mixture.generated_images,
            "distinct_real": mixture.distinct_real,
            "distinct_generated": mixture.distinct_generated,
        }


def _of_all_processes(tags: _Tags) -> _Tags:
    """Shares hold for the batch of all processes."""
    parts: list[_Tags] = all_gather_object(tags)
    return [one for sources, _ in parts for one in sources], [one for _, indices in parts for one in indices]


def _not_applied(what: str) -> str:
    return (
        f"{what}: real_ratio is not applied. Give the batch sampler and the collate function in "
        "`train_dataloader` of the configuration: one that is set after the Runner was built is never read"
    )
