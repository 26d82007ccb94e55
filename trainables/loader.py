"""Opens and transforms what was drawn, in worker processes or in this one: the samples are the same."""

from __future__ import annotations

import multiprocessing
from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, get_worker_info

from trainables.contract import TrialError
from trainables.data import Samples
from trainables.mixing import Draw
from trainables.transforms import TrainTransform


class Batch(NamedTuple):
    """Training crops, and the tags that say where each came from."""

    images: Tensor
    """uint8 of shape (N, 3, h, w), in memory (N, h, w, 3): channels last, as convolutions want it."""
    labels: Tensor
    """uint8 of shape (N, h, w)."""
    sources: Sequence[str]
    """Name of the source of each image."""
    indices: Sequence[int]
    """Index of each image in its source."""
    distortions: Tensor
    """int16 of shape (N, 5): each image's Distortion, done or, as the transform has it, still to be done."""
    sizes: Tensor
    """int64 of shape (N, 2): height and width of what is not padding."""


def training_batches(
    sources: Mapping[str, Samples], transform: TrainTransform, draws: Iterable[list[Draw]], workers: int
) -> Generator[Batch]:
    """A batch for each list of draws, in their order.

    Close the iterator to end the worker processes.

    Args:
        sources: by the names that draws use.
        transform: applied with the seed of the draw, so that it does not matter which process applies it.
        draws: of the batches.
        workers: processes that load; 0 loads in this one.

    Raises:
        TrialError: an image cannot be read; the message names the file.
    """
    dataset = _DrawnBatches(sources, transform)
    return _values(dataset, workers, sampler=draws, batch_size=None)


def validation_images(samples: Samples, workers: int) -> Generator[tuple[Tensor, Tensor]]:
    """Every image with its label in order, as they are: uint8 (3, H, W) and (H, W). Otherwise as above."""
    return _values(_WholeImages(samples), workers, batch_size=None)


class _DrawnBatches(Dataset["Batch | TrialError"]):
    """By draws instead of by index. A fault is returned, not raised: torch would bury it in a traceback."""

    def __init__(self, sources: Mapping[str, Samples], transform: TrainTransform) -> None:
        self._sources = sources
        self._transform = transform

    def __getitem__(self, draws: list[Draw]) -> Batch | TrialError:
        try:
            return self._batch(draws)
        except TrialError as fault:
            return fault

    def _batch(self, draws: list[Draw]) -> Batch:
        """Every sample is written to its place: nothing is copied once more, also not to another process."""
        height, width = self._transform.crop_size
        images_NHWC = _empty(len(draws), height, width, 3)
        labels_NHW = _empty(len(draws), height, width)
        written = [
            self._transform.write(*self._sources[draw.source][draw.index], draw.seed, image, label)
            for draw, image, label in zip(draws, images_NHWC, labels_NHW, strict=True)
        ]
        return Batch(
            images_NHWC.permute(0, 3, 1, 2),
            labels_NHW,
            [draw.source for draw in draws],
            [draw.index for draw in draws],
            torch.tensor([one.distortion for one in written], dtype=torch.int16),
            torch.tensor([one.size for one in written]),
        )


class _WholeImages(Dataset["tuple[Tensor, Tensor] | TrialError"]):
    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor] | TrialError:
        try:
            return self._samples[index]
        except TrialError as fault:
            return fault


def _empty(*shape: int) -> Tensor:
    """uint8; where another process is to get it, in memory that both see."""
    tensor = torch.empty(shape, dtype=torch.uint8)
    if get_worker_info() is not None:
        tensor.share_memory_()  # type: ignore[no-untyped-call]
    return tensor


def _values(dataset: Dataset[Any], workers: int, **how: Any) -> Generator[Any]:
    loader: DataLoader[Any] = DataLoader(
        dataset,
        num_workers=workers,
        multiprocessing_context=_process_context() if workers else None,
        generator=torch.Generator(),  # else making an iterator would draw from the global one
        pin_memory=torch.cuda.is_available(),
        **how,
    )
    for value in loader:
        if isinstance(value, TrialError):
            raise value
        yield value


def _process_context() -> multiprocessing.context.BaseContext:
    """Not fork: whoever runs the trial has threads, and a fork of those can hang."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context
