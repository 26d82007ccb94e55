"""What a GPU does today: `python -m tests.benchmarks.gpu [--cpu]`. One call measures all, and prints tables.

Imports `trainables` alone, so that it runs where only torch, torchvision, timm and pydantic are installed.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from trainables.contract import (
    DataConfig,
    ModelConfig,
    OptimizerConfig,
    OutOfMemoryError,
    Report,
    SceneSource,
    TrainingConfig,
    TrialConfig,
)
from trainables.local import FolderSession
from trainables.models import build_model
from trainables.optimization import build_optimizer
from trainables.segmentation import segmentation_loss, train

CLASSES = 19
SIZE = (64, 96)
REPEATS = 5


class StoppedError(Exception):
    """The trial is to end here."""


class StoppingSession(FolderSession):
    """Ends the trial right after its first report."""

    def report(self, report: Report, checkpoint: Path) -> None:
        super().report(report, checkpoint)
        raise StoppedError


def trial(
    precision: str, real_ratio: float = 0.25, crop: tuple[int, int] = SIZE, batch_size: int = 8
) -> TrialConfig:
    return TrialConfig(
        data=DataConfig(
            real=SceneSource(scenes="real", count=16, seed=1, size=SIZE),
            generated={"generated": SceneSource(scenes="aligned", count=16, seed=2, size=SIZE)},
            validation=SceneSource(scenes="real", count=8, seed=3, size=SIZE),
        ),
        model=ModelConfig(),
        training=TrainingConfig(
            iterations=40,
            batch_size=batch_size,
            crop_size=crop,
            log_interval=10,
            precision=precision,  # type: ignore[arg-type]
        ),
        real_ratio=real_ratio,
        seed=0,
        validate_at=(20,),
    )


def trains(precision: str, folder: Path) -> None:
    """To its end, and again from a checkpoint in the middle; how far the two are apart."""
    config = trial(precision)
    whole = FolderSession(folder / f"{precision}-whole")
    train(config, whole)
    cut = folder / f"{precision}-cut"
    with suppress(StoppedError):
        train(config, StoppingSession(cut))
    resumed = FolderSession(cut)
    train(config, resumed)
    first, last = whole.reports[0], whole.reports[-1]
    mixture, again = last.mixture, resumed.reports[-1]
    print(
        f"train {precision}: loss {first.metrics['train_loss']:.3f} -> {last.metrics['train_loss']:.3f}, "
        f"val_miou {last.metrics['val_miou']:.2f}, realised_real_ratio {mixture.realised_real_ratio} of "
        f"{config.real_ratio}; resumed: val_miou {again.metrics['val_miou']:.2f}, "
        f"train_loss {again.metrics['train_loss'] - last.metrics['train_loss']:+.2e}, "
        f"mixture {'equal' if again.mixture == mixture else 'DIFFERS'}"
    )


def runs_out_of_memory(folder: Path) -> None:
    """The message where a trial does not fit."""
    torch.cuda.set_per_process_memory_fraction(0.02)
    try:
        train(trial("fp32", crop=(768, 1536), batch_size=16), FolderSession(folder / "large"))
        print("memory: it fitted, nothing is shown")
    except OutOfMemoryError as error:
        print(f"memory: {error}")
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
        torch.cuda.empty_cache()


class Step:
    """One training step of `pspnet_r50_d8` on data that is on the device already."""

    def __init__(
        self,
        device: torch.device,
        crop: tuple[int, int],
        batch: int,
        *,
        bf16: bool = False,
        channels_last: bool = False,
        fused: bool = False,
        syncs: bool = True,
        compiled: bool = False,
    ) -> None:
        torch.manual_seed(0)
        memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self.model: nn.Module = build_model(ModelConfig(), CLASSES).to(device, memory_format=memory_format)
        self.run_model: Callable = torch.compile(self.model) if compiled else self.model
        settings = OptimizerConfig()
        self.optimizer = (
            torch.optim.SGD(self.model.parameters(), settings.lr, settings.momentum,
                            weight_decay=settings.weight_decay, fused=True)
            if fused else build_optimizer(settings, self.model.parameters())
        )  # fmt: skip
        self.images = torch.randn(batch, 3, *crop, device=device).to(memory_format=memory_format)
        self.labels = torch.randint(0, CLASSES, (batch, *crop), device=device)
        self.device, self.bf16, self.syncs = device, bf16, syncs

    def __call__(self) -> torch.Tensor:
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bf16):
            logits = self.run_model(self.images)
        loss = segmentation_loss(logits, self.labels, 0.4, 255)
        if self.syncs:
            loss.item()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.detach()


VARIANTS: dict[str, dict[str, bool]] = {
    "fp32, as today and as mmsegmentation trains it": {},
    "bf16, as today": {"bf16": True},
    "fp32 channels_last": {"channels_last": True},
    "bf16 channels_last": {"bf16": True, "channels_last": True},
    "bf16 channels_last, fused SGD, no sync": {
        "bf16": True,
        "channels_last": True,
        "fused": True,
        "syncs": False,
    },
    "the same, compiled": {
        "bf16": True,
        "channels_last": True,
        "fused": True,
        "syncs": False,
        "compiled": True,
    },
}


def seconds_of(call: Callable[[], object], device: torch.device, count: int) -> float:
    synchronise(device)
    begun = time.perf_counter()
    for _ in range(count):
        call()
    synchronise(device)
    return (time.perf_counter() - begun) / count


def synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def step_speed(device: torch.device, crop: tuple[int, int], batch: int, count: int, names: list[str]) -> None:
    """Images per second of every variant, measured in turn; medians."""
    peak = matrix_peak(device) if device.type == "cuda" else float("nan")
    steps, warm, memory = {}, {}, {}
    for name in names:
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
            before = torch.cuda.memory_allocated()
        steps[name] = Step(device, crop, batch, **VARIANTS[name])
        warm[name] = seconds_of(steps[name], device, 3) * 3
        if device.type == "cuda":
            memory[name] = (torch.cuda.max_memory_allocated() - before) / 2**30
    with FlopCounterMode(display=False) as counter:
        steps[names[0]]()
    flops = counter.get_total_flops()
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(REPEATS):
        for name in names:
            times[name].append(seconds_of(steps[name], device, count))
    first = statistics.median(times[names[0]])
    print(
        f"\npspnet_r50_d8, batch {batch}, crop {crop}: {flops / batch / 1e9:.0f} GFLOP an image and step; "
        f"bf16 matrix peak {peak / 1e12:.0f} TFLOP/s"
    )
    print(f"{'variant':50} {'images/s':>9} {'ratio':>6} {'of peak':>8} {'GiB':>6} {'first 3 steps':>14}")
    for name in names:
        median = statistics.median(times[name])
        share = flops / median / peak
        print(
            f"{name:50} {batch / median:9.1f} {first / median:6.2f} {share:8.1%} {memory.get(name, 0):6.1f} "
            f"{warm[name]:12.1f} s"
        )


def matrix_peak(device: torch.device, size: int = 8192) -> float:
    """FLOP/s of a bf16 product of random square matrices."""
    left, right = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    seconds_of(lambda: left @ right, device, 5)
    return (
        2 * size**3 / statistics.median(seconds_of(lambda: left @ right, device, 10) for _ in range(REPEATS))
    )


def loss_curves(device: torch.device, crop: tuple[int, int], batch: int, count: int) -> None:
    """fp32 and bf16 on one fixed batch."""
    curves = {}
    for bf16 in (False, True):
        step = Step(device, crop, batch, bf16=bf16)
        curves[bf16] = [float(step()) for _ in range(count)]
    print(f"\nloss on one batch at steps 1, {count // 2}, {count}: "
          + "; ".join(f"{'bf16' if bf16 else 'fp32'} {c[0]:.3f} {c[count // 2 - 1]:.3f} {c[-1]:.3f}"
                      for bf16, c in curves.items()))  # fmt: skip


def guarded(part: Callable[[], None]) -> None:
    """A part that fails is told, and the others go on."""
    try:
        part()
    except Exception:
        traceback.print_exc()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cpu", action="store_true", help="Small and on the CPU: that the script works.")
    is_small = parser.parse_args().cpu
    device = torch.device("cpu" if is_small else "cuda")
    name = "CPU" if is_small else torch.cuda.get_device_name()
    print(f"{name}, torch {torch.__version__}, {time.strftime('%Y-%m-%d')}")
    names = list(VARIANTS)
    with tempfile.TemporaryDirectory() as folder:
        if is_small:
            guarded(lambda: step_speed(device, (64, 64), 2, 1, names[:2]))
            guarded(lambda: loss_curves(device, (64, 64), 2, 4))
            return
        guarded(lambda: trains("fp32", Path(folder)))
        guarded(lambda: trains("bf16", Path(folder)))
        guarded(lambda: runs_out_of_memory(Path(folder)))
    guarded(lambda: step_speed(device, (512, 1024), 8, 10, names))
    guarded(lambda: step_speed(device, (512, 512), 8, 10, names[:5]))
    guarded(lambda: loss_curves(device, (512, 512), 8, 60))


if __name__ == "__main__":
    main()
