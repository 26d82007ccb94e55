"""Trains one segmentation network on a stream of real and generated images. Read it from the top."""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from trainables.checkpoint import load_checkpoint, save_checkpoint
from trainables.contract import (
    CHECKPOINT_NAME,
    NonFiniteLossError,
    Progress,
    Report,
    Session,
    TrialConfig,
    TrialError,
)
from trainables.loader import Batch, training_batches, validation_images
from trainables.memory import memory_faults
from trainables.metrics import PixelCounter, scores
from trainables.mixing import MixedStream
from trainables.models import Logits
from trainables.numerics import repeatable_on_cpu
from trainables.photometric import distorted_batch
from trainables.transforms import normalise, padded_again
from trainables.trial import Trial, begin_trial
from trainables.validation import validate


def train(config: TrialConfig, session: Session) -> None:
    """Trains for `training.iterations`; validates after them and at exactly those of `config.validate_at`.

    On a CPU, a trial that was killed anywhere and called again gives bit for bit the numbers of an
    undisturbed one with the same number of threads. The caller sets the threads.

    Raises:
        TrialError: a fault that a retry cannot mend: data, model, checkpoint, real_ratio, non-finite loss,
            memory.
    """
    with repeatable_on_cpu(), memory_faults(config.training):
        trial = begin_trial(config)
        _go_on_from_checkpoint(trial, session)
        with closing(_batches(trial)) as batches:
            for batch in trial.stopwatch.waiting_for(batches):
                training_step(trial, batch)
                if _is_due(trial.iteration, config.training.log_interval):
                    session.progress(_progress(trial))
                if trial.iteration in config.validate_at or trial.iteration == config.training.iterations:
                    report = trial.last_report = _report(trial)
                    session.report(report, _checkpoint(trial, session))
                elif _is_due(trial.iteration, config.training.checkpoint_interval):
                    _checkpoint(trial, session)


def training_step(trial: Trial, batch: Batch) -> None:
    """One optimizer step. What is consumed is counted and checked here, not where it is planned.

    On a GPU nothing here waits for it: a loss that is not finite comes to light before it is told or kept.
    """
    trial.counter.count(batch.sources, batch.indices)
    trial.counter.check()
    for group in trial.optimizer.param_groups:
        group["lr"] = trial.lr
    loss = _loss(trial, batch)
    if not trial.runs_ahead and not math.isfinite(value := loss.item()):
        raise NonFiniteLossError(_non_finite_message(trial, value, _names(trial, batch)))
    trial.optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    trial.optimizer.step()
    trial.loss_since_report.add(loss.detach())
    trial.loss_since_progress.add(loss.detach())


def segmentation_loss(
    logits: Logits, labels_NHW: Tensor, auxiliary_weight: float, ignore_index: int
) -> Tensor:
    """Cross entropy of the main head plus `auxiliary_weight` times that of the auxiliary head, if any.

    Each is divided by *all* pixels, ignored ones included, as mmsegmentation does by default: a batch with
    few labelled pixels weighs little, and one without any has loss 0 and not NaN.
    """
    heads = [(1.0, logits.main), (auxiliary_weight, logits.auxiliary)]
    losses = [
        (weight / labels_NHW.numel())
        * functional.cross_entropy(head_NKHW.float(), labels_NHW, ignore_index=ignore_index, reduction="sum")
        for weight, head_NKHW in heads
        if head_NKHW is not None
    ]
    return torch.stack(losses).sum()


def _loss(trial: Trial, batch: Batch) -> Tensor:
    config = trial.config
    images_NCHW = normalise(_images(trial, batch))
    labels_NHW = batch.labels.to(trial.device, non_blocking=True).long()
    bf16 = config.training.precision == "bf16"
    with torch.autocast(trial.device.type, dtype=torch.bfloat16, enabled=bf16):
        logits = _forward(trial, images_NCHW)
    return segmentation_loss(logits, labels_NHW, config.model.auxiliary_weight, config.data.ignore_index)


def _images(trial: Trial, batch: Batch) -> Tensor:
    """uint8 and on the device, which changes the colours if the loader has left that to it."""
    images_NCHW = batch.images.to(trial.device, non_blocking=True)
    if trial.transform.distorts or not trial.config.training.augmentation.photometric:
        return images_NCHW
    distortions = batch.distortions.to(trial.device, non_blocking=True)
    sizes = batch.sizes.to(trial.device, non_blocking=True)
    return padded_again(distorted_batch(images_NCHW, distortions), sizes)


def _forward(trial: Trial, images_NCHW: Tensor) -> Logits:
    try:
        logits = trial.network(images_NCHW)
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        raise TrialError(
            f"training.batch_size is {len(images_NCHW)}; {trial.config.model.architecture} needs at least 2, "
            "because batch normalisation has nothing to normalise in a single 1x1 map"
        ) from error
    return logits


def _batches(trial: Trial) -> Generator[Batch]:
    """From where the trial stands to its end."""
    config = trial.config
    draws = MixedStream(trial.recipe).batches(trial.counter.position, config.training.iterations)
    return training_batches(trial.sources, trial.transform, draws, config.training.workers)


def _report(trial: Trial) -> Report:
    """Validates."""
    _must_be_finite(trial)
    config = trial.config
    height, width = config.training.crop_size
    with trial.stopwatch.on("validation"):
        counts = validate(
            trial.model,
            validation_images(trial.validation, config.training.workers),
            PixelCounter(len(config.data.classes), config.data.ignore_index),
            pixels_per_batch=config.training.batch_size * height * width,
        )
    seconds = trial.stopwatch.seconds
    return Report(
        iteration=trial.iteration,
        metrics={**scores(counts), "train_loss": trial.loss_since_report.take()},
        mixture=trial.counter.mixture(),
        counts=counts,
        seconds=seconds,
        spent=trial.stopwatch.spent(seconds),
    )


def _progress(trial: Trial) -> Progress:
    _must_be_finite(trial)
    return Progress(
        iteration=trial.iteration,
        train_loss=trial.loss_since_progress.take(),
        lr=trial.lr,
        seconds=trial.stopwatch.seconds,
    )


def _checkpoint(trial: Trial, session: Session) -> Path:
    """The path of the checkpoint just saved and kept."""
    _must_be_finite(trial)
    path = session.folder / CHECKPOINT_NAME
    with trial.stopwatch.on("checkpointing"):
        save_checkpoint(path, trial.config, trial.state_dict())
        session.keep(path)
    return path


def _must_be_finite(trial: Trial) -> None:
    """Nothing. Raises NonFiniteLossError for the losses since the last time, which a GPU keeps to itself."""
    if not math.isfinite(value := trial.loss_since_progress.total):
        raise NonFiniteLossError(_non_finite_message(trial, value, ["one of the last batches"]))


def _go_on_from_checkpoint(trial: Trial, session: Session) -> None:
    path = session.restore()
    if path is None:
        return
    trial.load_state_dict(load_checkpoint(path, trial.config))
    if trial.last_report is not None:
        session.report(trial.last_report, path)  # its first sending may not have arrived


def _is_due(iteration: int, interval: int | None) -> bool:
    return interval is not None and iteration % interval == 0


def _names(trial: Trial, batch: Batch) -> list[str]:
    return [
        trial.sources[source].name(index) for source, index in zip(batch.sources, batch.indices, strict=True)
    ]


def _non_finite_message(trial: Trial, loss: float, images: list[str]) -> str:
    return (
        f"the loss is {loss} at iteration {trial.iteration} with a learning rate of {trial.lr:.3g}; lower "
        f"training.optimizer.lr, or look at the images of the batch: {', '.join(images)}"
    )
