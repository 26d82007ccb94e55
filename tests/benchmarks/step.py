"""The training step on a CPU: ours beside mmsegmentation's way, and how to share the cores.

python -m tests.benchmarks.step
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

import torch

from tests.benchmarks.gpu import Ours, Peer, seconds_of
from trainables.contract import ModelConfig

CPU = torch.device("cpu")
ROUNDS = 7
NETWORKS = {
    "smp_pspnet, tu-mobilenetv3_small_050, 8 x 64 x 96": (
        ModelConfig(architecture="smp_pspnet", encoder="tu-mobilenetv3_small_050"),
        (64, 96),
        8,
        10,
    ),
    "smp_pspnet, resnet18, 8 x 64 x 96": (
        ModelConfig(architecture="smp_pspnet", encoder="resnet18"),
        (64, 96),
        8,
        4,
    ),
    "pspnet_r50_d8, 2 x 64 x 64": (ModelConfig(), (64, 64), 2, 1),
}
SHARING = ((1, 1), (1, 2), (2, 1), (2, 2))
"""Trials at once, and threads of each."""


def compare(name: str) -> None:
    """Milliseconds a step in turn; medians. One thread."""
    model, crop, batch, count = NETWORKS[name]
    steps = {"eager, channels first": Peer(CPU, crop, batch, model), "ours": Ours(crop, batch, model)}
    times: dict[str, list[float]] = {one: [] for one in steps}
    for step in steps.values():
        seconds_of(step, CPU, 2)
    for _ in range(ROUNDS):
        for one, step in steps.items():
            times[one].append(seconds_of(step, CPU, count))
    peer, ours = (1e3 * statistics.median(seconds) for seconds in times.values())
    print(f"| {name} | {peer:.1f} | {ours:.1f} | {peer / ours:.2f} |")


def count_steps(threads: int, begin: float, seconds: float) -> None:
    """Prints how many steps this process has done in so many seconds from `begin` on."""
    torch.set_num_threads(threads)
    model, crop, batch, _ = next(iter(NETWORKS.values()))
    step = Ours(crop, batch, model)
    seconds_of(step, CPU, 3)
    while time.time() < begin:
        time.sleep(0.01)
    done = 0
    while time.time() < begin + seconds:
        step()
        done += 1
    print(done)


def sharing(seconds: float = 6.0) -> None:
    """Steps a second of all trials together, every way in turn; medians of three."""
    counted: dict[tuple[int, int], list[float]] = {way: [] for way in SHARING}
    for _ in range(3):
        for trials, threads in SHARING:
            window = ["--count-steps", str(threads), str(time.time() + 12), str(seconds)]
            command = [sys.executable, "-m", "tests.benchmarks.step", *window]
            environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
            running = [
                subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
                for _ in range(trials)
            ]
            steps = sum(int(process.communicate()[0]) for process in running)
            counted[trials, threads].append(steps / seconds)
    for (trials, threads), speeds in counted.items():
        print(f"| {trials} | {threads} | {statistics.median(speeds):.1f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count-steps", nargs=3, type=float, help=argparse.SUPPRESS)
    window = parser.parse_args().count_steps
    if window:
        count_steps(int(window[0]), window[1], window[2])
        return
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)  # as trials on a CPU do
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SEGSWEEP_CACHE"] = folder
        print(f"torch {torch.__version__}, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}\n")
        print("| network, one thread | eager, channels first: ms a step | ours | ratio |\n|---|--:|--:|--:|")
        for name in NETWORKS:
            compare(name)
        print("\n| trials at once | threads of each | steps/s in all |\n|--:|--:|--:|")
        sharing()


if __name__ == "__main__":
    main()
