"""The parts of the training loop, and the loop on small scenes."""

from __future__ import annotations

import math
import shutil
from collections.abc import Generator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import trainables.segmentation
import trainables.trial
from tests.trials import SIZE, small_trial
from trainables.checkpoint import load_checkpoint
from trainables.contract import (
    CHECKPOINT_NAME,
    DataError,
    NonFiniteLossError,
    OptimizerConfig,
    OutOfMemoryError,
    RealRatioError,
    ScheduleConfig,
    TrialConfig,
    TrialError,
)
from trainables.loader import Batch, training_batches
from trainables.local import FolderSession
from trainables.losses import MeanLoss
from trainables.metrics import PixelCounter
from trainables.mixing import REAL
from trainables.models import Logits
from trainables.optimization import Schedule, build_optimizer
from trainables.segmentation import segmentation_loss, train
from trainables.transforms import normalise
from trainables.trial import begin_trial
from trainables.validation import validate


def trained(config: TrialConfig, folder: Path) -> FolderSession:
    session = FolderSession(folder)
    train(config, session)
    return session


# Learning rate


def mmengine_poly(lr: float, power: float, eta_min: float, iterations: int) -> list[float]:
    """`mmengine.optim.PolyLR`, which goes from value to value."""
    values = [lr]
    for step in range(1, iterations):
        factor = (1 - 1 / (iterations - step + 1)) ** power
        values.append((values[-1] - eta_min) * factor + eta_min)
    return values


def test_schedule_is_mmengines_poly() -> None:
    schedule = Schedule(ScheduleConfig(power=0.9, eta_min=1e-4), lr=0.01, iterations=50)
    assert [schedule.lr_at(t) for t in range(50)] == pytest.approx(mmengine_poly(0.01, 0.9, 1e-4, 50))
    assert schedule.lr_at(50) == 1e-4


def test_warm_up_rises_linearly_to_the_schedule() -> None:
    plain = Schedule(ScheduleConfig(), lr=0.01, iterations=50)
    warm = Schedule(ScheduleConfig(warmup_iterations=4), lr=0.01, iterations=50)
    factors = [warm.lr_at(t) / plain.lr_at(t) for t in range(6)]
    assert factors == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1])


def test_optimizers_take_their_settings() -> None:
    weight = [nn.Parameter(torch.zeros(1))]
    sgd = build_optimizer(OptimizerConfig(lr=0.5, momentum=0.8, weight_decay=0.1), weight)
    adamw = build_optimizer(OptimizerConfig(name="adamw", lr=0.25, weight_decay=0.2), weight)
    assert isinstance(sgd, torch.optim.SGD)
    assert isinstance(adamw, torch.optim.AdamW)
    assert [sgd.defaults[key] for key in ("lr", "momentum", "weight_decay")] == [0.5, 0.8, 0.1]
    assert [adamw.defaults[key] for key in ("lr", "weight_decay")] == [0.25, 0.2]


# Loss


def test_loss_divides_by_all_pixels_as_mmsegmentation_does() -> None:
    logits, labels = torch.randn(2, 3, 4, 4), torch.randint(0, 3, (2, 4, 4))
    labels[0] = 255
    loss = segmentation_loss(Logits(logits), labels, auxiliary_weight=0.4, ignore_index=255)
    assert loss.item() == pytest.approx(functional.cross_entropy(logits[1:], labels[1:]).item() / 2)


def test_loss_adds_the_auxiliary_head_by_its_weight() -> None:
    main, auxiliary, labels = torch.randn(1, 3, 4, 4), torch.randn(1, 3, 4, 4), torch.randint(0, 3, (1, 4, 4))
    loss = segmentation_loss(Logits(main, auxiliary), labels, auxiliary_weight=0.4, ignore_index=255)
    expected = functional.cross_entropy(main, labels) + 0.4 * functional.cross_entropy(auxiliary, labels)
    assert loss.item() == pytest.approx(expected.item())


def test_a_batch_without_any_label_has_no_loss_and_no_gradient() -> None:
    logits = torch.randn(1, 3, 4, 4, requires_grad=True)
    loss = segmentation_loss(
        Logits(logits), torch.full((1, 4, 4), 255), auxiliary_weight=0.4, ignore_index=255
    )
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.item() == 0
    assert logits.grad is not None
    assert (logits.grad == 0).all()


def test_mean_begins_anew_when_taken() -> None:
    mean = MeanLoss(torch.device("cpu"))
    for value in (1.0, 2.0, 6.0):
        mean.add(torch.tensor(value))
    assert mean.take() == 3
    assert math.isnan(mean.take())


# Validation


class BrightIsOne(nn.Module):
    """Class 1 where red is above the mean, class 0 elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.batches: list[tuple[int, ...]] = []

    def forward(self, x_NCHW: Tensor) -> Logits:
        assert not self.training
        self.batches.append(tuple(x_NCHW.shape))
        return Logits(torch.stack([-x_NCHW[:, 0], x_NCHW[:, 0]], dim=1))


def bright(height: int, width: int) -> tuple[Tensor, Tensor]:
    return torch.full((3, height, width), 255, dtype=torch.uint8), torch.ones(
        height, width, dtype=torch.uint8
    )


def test_validation_batches_neighbours_of_one_size_up_to_the_pixels_allowed() -> None:
    model = BrightIsOne()
    images = [bright(4, 4)] * 3 + [bright(4, 6)] + [bright(9, 9)]
    counts = validate(model, images, PixelCounter(2, 255), pixels_per_batch=32)
    assert model.batches == [(2, 3, 4, 4), (1, 3, 4, 4), (1, 3, 4, 6), (1, 3, 9, 9)]
    assert counts.intersection == counts.label == (0, 3 * 16 + 24 + 81)
    assert model.training


# The loop


@pytest.mark.parametrize("real_ratio", [0.0, 0.05, 0.125, 1.0])
def test_the_share_asked_for_is_the_share_trained_on(real_ratio: float, tmp_path: Path) -> None:
    session = trained(small_trial(real_ratio), tmp_path)
    assert [report.iteration for report in session.reports] == [8, 16, 20]
    for report in session.reports:
        mixture, total = report.mixture, 4 * report.iteration
        real = math.floor(real_ratio * total + 0.5)
        assert (mixture.real_images, sum(mixture.generated_images.values())) == (real, total - real)
        assert mixture.requested_real_ratio == real_ratio
        assert mixture.realised_real_ratio == real / total
    assert set(session.reports[-1].mixture.generated_images) == {"aligned", "misaligned"}


def test_reports_hold_scores_counts_and_the_mean_loss_since_the_report_before(tmp_path: Path) -> None:
    session = trained(small_trial(training={"log_interval": 1}), tmp_path)
    losses = [progress.train_loss for progress in session.progresses]
    expected = [sum(losses[start:end]) / (end - start) for start, end in [(0, 8), (8, 16), (16, 20)]]
    assert [report.metrics["train_loss"] for report in session.reports] == pytest.approx(expected)
    for report in session.reports:
        assert report.metrics.keys() == {"val_miou", "val_macc", "val_aacc", "train_loss"}
        assert 0 <= report.metrics["val_miou"] <= 100
        assert sum(report.counts.prediction) == sum(report.counts.label) == 3 * SIZE[0] * SIZE[1]
    assert sum(losses[-5:]) < sum(losses[:5])
    assert session.reports[0].seconds < session.reports[-1].seconds


def test_progress_comes_at_every_log_interval_with_its_learning_rate(tmp_path: Path) -> None:
    config = small_trial(validate_at=(), training={"iterations": 10})
    session = trained(config, tmp_path)
    schedule = Schedule(config.training.schedule, 0.01, iterations=10)
    assert [(p.iteration, p.lr) for p in session.progresses] == [
        (5, schedule.lr_at(4)),
        (10, schedule.lr_at(9)),
    ]
    assert [report.iteration for report in session.reports] == [10]


def test_each_source_is_opened_under_its_own_name() -> None:
    sources = begin_trial(small_trial(0.5)).sources
    assert {name: (len(samples), samples.name(0).split("/")[0]) for name, samples in sources.items()} == {
        REAL: (6, "scene real"),
        "aligned": (5, "scene aligned"),
        "misaligned": (7, "scene misaligned"),
    }


def test_only_sources_that_are_drawn_from_are_opened(tmp_path: Path) -> None:
    data = small_trial().data.model_dump()
    data["generated"] = {"absent": {"images": "absent", "labels": "absent"}}
    assert trained(small_trial(1.0, data=data, training={"iterations": 1}), tmp_path).reports
    with pytest.raises(DataError, match="absent"):
        train(small_trial(0.5, data=data), FolderSession(tmp_path / "other"))


def test_bf16_trains_and_validates_in_fp32(tmp_path: Path) -> None:
    session = trained(small_trial(training={"iterations": 4, "precision": "bf16"}), tmp_path)
    assert math.isfinite(session.reports[-1].metrics["train_loss"])
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert {tensor.dtype for tensor in state["model"].values()} == {torch.float32, torch.int64}


def test_global_settings_of_torch_are_as_before(tmp_path: Path) -> None:
    trained(small_trial(training={"iterations": 1}), tmp_path)
    assert not torch.are_deterministic_algorithms_enabled()


# What ends a trial


def test_a_loss_that_is_not_finite_names_iteration_learning_rate_and_images(tmp_path: Path) -> None:
    config = small_trial(training={"optimizer": {"lr": 1e30}})
    with pytest.raises(NonFiniteLossError) as error:
        train(config, FolderSession(tmp_path))
    message = str(error.value)
    assert "the loss is nan at iteration 2 with a learning rate of" in message
    assert message.count("scene ") == 4
    assert "lower training.optimizer.lr" in message


class TestWhereTheDeviceRunsAhead:
    """A trial as it runs on a GPU, but here: all that differs but for the device itself."""

    @pytest.fixture(autouse=True)
    def runs_ahead(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(trainables.trial, "_runs_ahead", lambda device: True)

    def test_it_learns_the_same(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Colours are changed on the device, losses added up there; every bit is the same."""
        there = trained(small_trial(), tmp_path / "there")
        monkeypatch.undo()
        here = trained(small_trial(), tmp_path / "here")
        assert [report.metrics for report in there.reports] == [report.metrics for report in here.reports]

    def test_no_step_looks_at_its_loss(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        begun = begin_trial(small_trial())
        batches = list(islice(trainables.segmentation._batches(begun), 5))
        looked: list[int] = []
        total = MeanLoss.total.fget  # type: ignore[attr-defined]
        monkeypatch.setattr(MeanLoss, "total", property(lambda self: (looked.append(1), total(self))[1]))
        monkeypatch.setattr(Tensor, "item", lambda self: pytest.fail("a step waits for the device"))
        for batch in batches:
            trainables.segmentation.training_step(begun, batch)
        assert looked == []

    def test_a_loss_that_is_not_finite_is_neither_told_nor_kept(self, tmp_path: Path) -> None:
        config = small_trial(training={"optimizer": {"lr": 1e30}})
        session = FolderSession(tmp_path)
        with pytest.raises(
            NonFiniteLossError, match=r"the loss is nan at iteration \d+ .*: one of the last batches"
        ):
            train(config, session)
        assert session.reports == []
        assert not (tmp_path / CHECKPOINT_NAME).exists()


def test_model_and_batches_have_their_channels_last() -> None:
    begun = begin_trial(small_trial())
    weights = [weight for weight in begun.model.parameters() if weight.dim() == 4]
    assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in weights)
    batch = next(trainables.segmentation._batches(begun))
    assert batch.images.is_contiguous(memory_format=torch.channels_last)
    assert normalise(batch.images).is_contiguous(memory_format=torch.channels_last)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler on a CPU")
def test_a_compiled_trial_learns_the_same_to_rounding_and_resumes(tmp_path: Path) -> None:
    plain = trained(small_trial(), tmp_path / "plain")
    config = small_trial(training={"compile": True})
    compiled = trained(config, tmp_path / "compiled")
    for one, other in zip(plain.reports, compiled.reports, strict=True):
        assert other.metrics["train_loss"] == pytest.approx(one.metrics["train_loss"], rel=1e-3)
    state = load_checkpoint(tmp_path / "compiled" / CHECKPOINT_NAME, config)
    assert state["model"].keys() == begin_trial(small_trial()).model.state_dict().keys()


def all_real(sources: Any, transform: Any, draws: Any, workers: int) -> Generator[Batch]:
    """The mixed loader that never reached the training loop: real images whatever was drawn."""
    for batch in training_batches(sources, transform, draws, workers):
        yield batch._replace(sources=[REAL] * 4, indices=[0] * 4)


def test_a_loader_that_delivers_other_images_than_drawn_ends_the_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainables.segmentation, "training_batches", all_real)
    session = FolderSession(tmp_path)
    with pytest.raises(
        RealRatioError, match=r"real_ratio is 0\.125, but by iteration 1 .* 4 real images of 4"
    ):
        train(small_trial(0.125), session)
    assert session.reports == []


def test_generated_images_without_any_source_are_refused(tmp_path: Path) -> None:
    data = {**small_trial().data.model_dump(), "generated": {}}
    with pytest.raises(TrialError, match=r"real_ratio is 0\.5, but data\.generated is empty"):
        train(small_trial(0.5, data=data), FolderSession(tmp_path))


def test_a_batch_too_small_for_batch_normalisation_is_explained(tmp_path: Path) -> None:
    model = {"architecture": "smp_deeplabv3plus", "encoder": "tu-mobilenetv3_small_050"}
    config = small_trial(model=model, training={"batch_size": 1})
    with pytest.raises(TrialError, match=r"training\.batch_size is 1; smp_deeplabv3plus needs at least 2"):
        train(config, FolderSession(tmp_path))


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), "GPU"),
        (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"), "main"),
        (MemoryError(), "main"),
    ],
)
def test_a_trial_too_big_for_memory_says_what_to_lower(
    raised: Exception, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> Tensor:
        raise raised

    monkeypatch.setattr(trainables.segmentation, "segmentation_loss", refuse)
    config = small_trial(training={"batch_size": 3})
    with pytest.raises(OutOfMemoryError, match=f"out of {kind} memory with training.batch_size 3 and"):
        train(config, FolderSession(tmp_path))


def test_another_runtime_error_stays_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Tensor:
        raise RuntimeError("CUDA error: unspecified launch failure")

    monkeypatch.setattr(trainables.segmentation, "segmentation_loss", refuse)
    with pytest.raises(RuntimeError, match="unspecified launch failure"):
        train(small_trial(), FolderSession(tmp_path))


def test_a_checkpoint_of_another_seed_is_refused(tmp_path: Path) -> None:
    trained(small_trial(training={"iterations": 4}), tmp_path)
    with pytest.raises(TrialError, match="seed is 1 there, 2 here"):
        train(small_trial(seed=2, training={"iterations": 4}), FolderSession(tmp_path))
