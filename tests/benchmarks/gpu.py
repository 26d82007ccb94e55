"""What a GPU does today: `python -m tests.benchmarks.gpu [--cpu]`. One call measures all, and prints tables.

Imports `trainables` alone, so that it runs where only torch, torchvision, timm and pydantic are installed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.flop_counter import FlopCounterMode

from trainables.contract import (
    AugmentationConfig,
    DataConfig,
    ModelConfig,
    OutOfMemoryError,
    Report,
    SceneSource,
    TrainingConfig,
    TrialConfig,
)
from trainables.local import FolderSession
from trainables.metrics import PixelCounter
from trainables.models import build_model
from trainables.segmentation import _batches, train, training_step
from trainables.trial import begin_trial
from trainables.validation import validate

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
    precision: str = "fp32",
    real_ratio: float = 0.25,
    crop: tuple[int, int] = SIZE,
    batch_size: int = 8,
    size: tuple[int, int] = SIZE,
    iterations: int = 40,
    **training: Any,
) -> TrialConfig:
    return TrialConfig(
        data=DataConfig(
            real=SceneSource(scenes="real", count=16, seed=1, size=size),
            generated={"generated": SceneSource(scenes="aligned", count=16, seed=2, size=size)},
            validation=SceneSource(scenes="real", count=8, seed=3, size=SIZE),
        ),
        model=ModelConfig(),
        training=TrainingConfig(
            iterations=iterations,
            batch_size=batch_size,
            crop_size=crop,
            log_interval=10,
            precision=precision,  # type: ignore[arg-type]
            **training,
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


class Peer:
    """A step as mmsegmentation takes it: eager, channels first, one loss a pixel, a look at it every time."""

    def __init__(
        self,
        device: torch.device,
        crop: tuple[int, int],
        batch: int,
        model: ModelConfig | None = None,
        *,
        bf16: bool = False,
    ) -> None:
        torch.manual_seed(0)
        self.model: nn.Module = build_model(model or ModelConfig(), CLASSES).to(device)
        self.optimizer = torch.optim.SGD(self.model.parameters(), 0.01, 0.9, weight_decay=5e-4)
        self.images = torch.randn(batch, 3, *crop, device=device)
        self.labels = torch.randint(0, CLASSES, (batch, *crop), device=device)
        self.device, self.bf16 = device, bf16

    def __call__(self) -> float:
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bf16):
            logits = self.model(self.images)
        losses = [
            cross_entropy(head.float(), self.labels, ignore_index=255, reduction="none").mean()
            for head in logits
            if head is not None
        ]
        loss = losses[0] + sum(0.4 * auxiliary for auxiliary in losses[1:])
        value = loss.item()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return value


class Ours:
    """The training step of the package, copy of the batch and change of colours included."""

    def __init__(
        self, crop: tuple[int, int], batch: int, model: ModelConfig | None = None, **training: Any
    ) -> None:
        config = trial(real_ratio=1.0, crop=crop, batch_size=batch, size=crop, iterations=10**6, **training)
        self.trial = begin_trial(config.model_copy(update={"model": model or ModelConfig()}))
        self.batch = next(_batches(self.trial))
        self.losses: list[float] = []

    def __call__(self) -> None:
        training_step(self.trial, self.batch)

    def loss(self) -> float:
        """Of one step more."""
        self()
        return self.trial.loss_since_progress.take()


def makers(device: torch.device, crop: tuple[int, int], batch: int) -> dict[str, Callable[[], Callable]]:
    return {
        "eager fp32, as mmsegmentation trains it": lambda: Peer(device, crop, batch),
        "eager bf16 autocast": lambda: Peer(device, crop, batch, bf16=True),
        "ours, fp32": lambda: Ours(crop, batch),
        "ours, bf16": lambda: Ours(crop, batch, precision="bf16"),
        "ours, bf16, colours not changed": lambda: Ours(
            crop, batch, precision="bf16", augmentation=AugmentationConfig(photometric=False)
        ),
        "ours, bf16, compiled": lambda: Ours(crop, batch, precision="bf16", compile=True),
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


def step_speed(device: torch.device, crop: tuple[int, int], batch: int, count: int, most: int) -> None:
    """Images per second of the first variants, measured in turn; medians."""
    peak = matrix_peak(device) if device.type == "cuda" else float("nan")
    steps, warm, memory = {}, {}, {}
    for name, make in list(makers(device, crop, batch).items())[:most]:
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
            before = torch.cuda.memory_allocated()
        steps[name] = make()
        warm[name] = seconds_of(steps[name], device, 3) * 3
        if device.type == "cuda":
            memory[name] = (torch.cuda.max_memory_allocated() - before) / 2**30
    with FlopCounterMode(display=False) as counter:
        next(iter(steps.values()))()
    flops = counter.get_total_flops()
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(REPEATS):
        for name, step in steps.items():
            times[name].append(seconds_of(step, device, count))
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    print(
        f"\npspnet_r50_d8, batch {batch}, crop {crop}: {flops / batch / 1e9:.0f} GFLOP an image and step; "
        f"bf16 matrix peak {peak / 1e12:.0f} TFLOP/s"
    )
    print(f"{'variant':42} {'images/s':>9} {'ratio':>6} {'of peak':>8} {'GiB':>6} {'first 3 steps':>14}")
    first = next(iter(medians.values()))
    for name, median in medians.items():
        print(
            f"{name:42} {batch / median:9.1f} {first / median:6.2f} {flops / median / peak:8.1%} "
            f"{memory.get(name, 0):6.1f} {warm[name]:12.1f} s"
        )


def matrix_peak(device: torch.device, size: int = 8192) -> float:
    """FLOP/s of a bf16 product of random square matrices."""
    left, right = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    seconds_of(lambda: left @ right, device, 5)
    return (
        2 * size**3 / statistics.median(seconds_of(lambda: left @ right, device, 10) for _ in range(REPEATS))
    )


def loss_curves(crop: tuple[int, int], batch: int, count: int, *, with_compiled: bool = True) -> None:
    """Our step on one fixed batch, in both precisions and compiled."""
    print(f"\nloss on one batch at steps 1, {count // 2}, {count}:")
    variants: dict[str, dict[str, Any]] = {"fp32": {}, "bf16": {"precision": "bf16"}}
    if with_compiled:
        variants["bf16 compiled"] = {"precision": "bf16", "compile": True}
    for name, training in variants.items():
        step = Ours(crop, batch, **training)
        curve = [step.loss() for _ in range(count)]
        print(f"  {name:14} {curve[0]:.3f} {curve[count // 2 - 1]:.3f} {curve[-1]:.3f}")


def validation_speed(device: torch.device, crop: tuple[int, int], count: int) -> None:
    """Images per second: in batches and channels last, as we do, against one by one."""
    model = build_model(ModelConfig(), CLASSES).to(device)
    images = [torch.randint(0, 256, (3, *crop), dtype=torch.uint8) for _ in range(count)]
    labels = torch.randint(0, CLASSES, crop, dtype=torch.uint8)
    pairs = [(image, labels) for image in images]
    speeds = {}
    for name, layout, pixels in (
        ("one by one, channels first", torch.contiguous_format, 1),
        ("ours: 8 at once, channels last", torch.channels_last, 8 * crop[0] * crop[1]),
    ):
        model.to(memory_format=layout)
        once = partial(validate, model, pairs, pixels_per_batch=pixels)
        seconds_of(lambda run=once: run(counter=PixelCounter(CLASSES, 255)), device, 1)
        speeds[name] = count / seconds_of(lambda run=once: run(counter=PixelCounter(CLASSES, 255)), device, 2)
    print(
        f"\nvalidation, crop {crop}: " + "; ".join(f"{name} {speed:.1f}/s" for name, speed in speeds.items())
    )


SMALL = ModelConfig(architecture="smp_pspnet", encoder="resnet18")


def count_steps(seconds: float, crop: tuple[int, int]) -> None:
    """Prints how many steps of a small network this process does in so many seconds, once told to begin."""
    step = Ours(crop, 8, SMALL, precision="bf16")
    seconds_of(step, step.trial.device, 5)
    print("ready", flush=True)
    sys.stdin.readline()
    begin, done = time.perf_counter(), 0
    while time.perf_counter() < begin + seconds:
        seconds_of(step, step.trial.device, 5)
        done += 5
    print(done)


def shared_gpu(seconds: float, most: int) -> None:
    """Steps a second of all trials together, 1, 2 and 4 of a small network at once on one GPU."""
    print("\nseveral trials of smp_pspnet with resnet18, batch 8, on one device, steps/s in all:")
    for crop in ((256, 256), (512, 512)):
        for number in (1, 2, 4)[:most]:
            print(f"  crop {crop}: {number} at once: {steps_of_all(number, seconds, crop) / seconds:.1f}")


def steps_of_all(number: int, seconds: float, crop: tuple[int, int]) -> int:
    """Of so many processes together, none of which begins before all are ready."""
    window = ["--count-steps", str(seconds), *map(str, crop)]
    command = [sys.executable, "-m", "tests.benchmarks.gpu", *window]
    start = partial(subprocess.Popen, command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    running = [start() for _ in range(number)]
    for process in running:
        process.stdout.readline()
    for process in running:
        process.stdin.write("begin\n")
        process.stdin.flush()
    return sum(int(process.communicate()[0]) for process in running)


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
    parser.add_argument("--count-steps", nargs=3, type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.count_steps:
        seconds, height, width = options.count_steps
        count_steps(seconds, (int(height), int(width)))
        return
    is_small = options.cpu
    device = torch.device("cpu" if is_small else "cuda")
    name = "CPU" if is_small else torch.cuda.get_device_name()
    print(f"{name}, torch {torch.__version__}, {time.strftime('%Y-%m-%d')}")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SEGSWEEP_CACHE"] = folder
        if is_small:
            guarded(lambda: step_speed(device, (64, 64), 2, 1, 4))
            guarded(lambda: loss_curves((64, 64), 2, 4, with_compiled=False))
            guarded(lambda: validation_speed(device, (64, 64), 8))
            guarded(lambda: shared_gpu(1, 1))
            return
        guarded(lambda: trains("fp32", Path(folder)))
        guarded(lambda: trains("bf16", Path(folder)))
        guarded(lambda: runs_out_of_memory(Path(folder)))
        guarded(lambda: step_speed(device, (512, 1024), 8, 10, 6))
        guarded(lambda: step_speed(device, (512, 512), 8, 10, 5))
        guarded(lambda: loss_curves((512, 512), 8, 60))
        guarded(lambda: validation_speed(device, (512, 1024), 32))
        guarded(lambda: shared_gpu(8, 3))


if __name__ == "__main__":
    main()
