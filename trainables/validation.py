"""Whole-image validation at original size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from trainables.contract import ClassCounts
from trainables.metrics import PixelCounter
from trainables.transforms import normalise


def validate(
    model: nn.Module, images: Iterable[tuple[Tensor, Tensor]], counter: PixelCounter, pixels_per_batch: int
) -> ClassCounts:
    """Pixel counts of the whole set.

    Always in fp32, whatever the training's precision: scores are compared between trials of both. Leaves the
    model in training mode.

    Args:
        model: returns `Logits`.
        images: uint8 images (3, H, W) with labels (H, W), of any sizes.
        counter: fresh.
        pixels_per_batch: consecutive images of one size go through the model together up to this many pixels.
    """
    device = next(model.parameters()).device
    model.eval()
    with torch.inference_mode():
        for images_NCHW, labels_NHW in _batches(images, pixels_per_batch):
            images_NCHW = images_NCHW.to(device, memory_format=torch.channels_last)
            logits = model(normalise(images_NCHW))
            counter.add(logits.main.argmax(dim=1), labels_NHW.to(device))
    model.train()
    return counter.counts()


def _batches(
    images: Iterable[tuple[Tensor, Tensor]], pixels_per_batch: int
) -> Iterator[tuple[Tensor, Tensor]]:
    group: list[tuple[Tensor, Tensor]] = []
    for image, label in images:
        if group and not _fits(label, group, pixels_per_batch):
            yield _stacked(group)
            group = []
        group.append((image, label))
    if group:
        yield _stacked(group)


def _fits(label: Tensor, group: list[tuple[Tensor, Tensor]], pixels_per_batch: int) -> bool:
    return label.shape == group[0][1].shape and (len(group) + 1) * label.numel() <= pixels_per_batch


def _stacked(group: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    return torch.stack([image for image, _ in group]), torch.stack([label for _, label in group])
