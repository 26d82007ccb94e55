"""Training samples a second and core: packs, folders, torchvision and mmsegmentation on the same images.

    python -m tests.benchmarks.data_path [--camvid ../shared/data/camvid] [--mmsegmentation FOLDER]

FOLDER is what `pip install --no-deps --target FOLDER mmsegmentation==1.2.2 mmcv-lite==2.1.0 prettytable
wcwidth ftfy` has put there; without it that peer is left out, and said so.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader
from torchvision import tv_tensors
from torchvision.transforms import v2

from trainables.contract import AugmentationConfig, DataConfig
from trainables.data import FolderSamples, Samples, open_samples
from trainables.data.packs import PackedSamples, renewed_pack
from trainables.data.scenes import render_scene
from trainables.loader import training_batches
from trainables.mixing import REAL, Draw, MixedStream, Position, Recipe
from trainables.transforms import TrainTransform

ROUNDS = 7
BATCH = 8
IGNORE = 255
PLAIN = AugmentationConfig(resize_range=(1, 1), category_max_ratio=1, photometric=False)

Sampler = Callable[[int], Any]
"""Makes the training sample of an image; a random draw more each time."""


class Case:
    """Images, and the crop that is made of them."""

    def __init__(self, name: str, root: Path, classes: int, crop: tuple[int, int]) -> None:
        source = {"split": "train"}
        self.name, self.crop = name, crop
        self.data = DataConfig.model_validate(
            {"root": root, "real": source, "validation": source, "classes": [str(n) for n in range(classes)]}
        )
        samples = open_samples(self.data, self.data.real)
        assert isinstance(samples, FolderSamples)
        self.folder = samples
        begun = time.perf_counter()
        self.place, self.manifest, _ = renewed_pack(samples)
        self.seconds_to_pack = time.perf_counter() - begun
        self.pack = PackedSamples(self.place, samples.names())
        self.size = tuple(samples[0][1].shape)


def rendered(root: Path, count: int, size: tuple[int, int]) -> Path:
    """Street scenes as JPEGs of quality 90 with PNG labels."""
    for index in range(count):
        scene = render_scene("real", 0, index, size)
        for folder, suffix, pixels in (
            ("img_dir", ".jpg", np.ascontiguousarray(scene.image.transpose(1, 2, 0))),
            ("ann_dir", ".png", scene.label),
        ):
            path = root / folder / "train" / f"{index:04}{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path, quality=90)
    return root


def ours(samples: Samples, transform: TrainTransform) -> Sampler:
    """What a loader's process does for each image of a batch."""
    images = torch.empty((BATCH, *transform.crop_size, 3), dtype=torch.uint8)
    labels = torch.empty((BATCH, *transform.crop_size), dtype=torch.uint8)
    count = 0

    def sample(index: int) -> None:
        nonlocal count
        count += 1
        transform.write(*samples[index], count, images[count % BATCH], labels[count % BATCH])

    return sample


class TorchvisionFolder:
    """JPEGs and PNGs, read with Pillow and augmented with torchvision.transforms.v2."""

    def __init__(self, case: Case) -> None:
        self.folder = case.folder
        short = min(case.size)
        fill: dict[Any, Any] = {tv_tensors.Image: 124, tv_tensors.Mask: IGNORE}
        self.transform = v2.Compose(
            [
                v2.RandomResize(short // 2, short * 2 + 1, antialias=False),
                v2.RandomCrop(case.crop, pad_if_needed=True, fill=fill),
                v2.RandomHorizontalFlip(),
                v2.RandomPhotometricDistort(p=0.5),
            ]
        )

    def __len__(self) -> int:
        return len(self.folder)

    def __getitem__(self, index: int) -> Any:
        image_path, label_path = self.folder.files(index)
        image = tv_tensors.Image(Image.open(image_path).convert("RGB"))
        return self.transform(image, tv_tensors.Mask(Image.open(label_path)))


class MmsegmentationPipeline:
    """The `train_pipeline` of mmsegmentation's `_base_/datasets`, its own code."""

    def __init__(self, case: Case) -> None:
        self.folder = case.folder
        from mmcv.transforms import LoadImageFromFile, RandomFlip, RandomResize
        from mmseg.datasets.transforms import (
            LoadAnnotations,
            PackSegInputs,
            PhotoMetricDistortion,
            RandomCrop,
        )

        self.steps = [
            LoadImageFromFile(),
            LoadAnnotations(),
            RandomResize(scale=case.size[::-1], ratio_range=(0.5, 2.0), keep_ratio=True),
            RandomCrop(crop_size=case.crop, cat_max_ratio=0.75),
            RandomFlip(prob=0.5),
            PhotoMetricDistortion(),
            PackSegInputs(),
        ]

    def __len__(self) -> int:
        return len(self.folder)

    def __getitem__(self, index: int) -> Any:
        image_path, label_path = map(str, self.folder.files(index))
        results: Any = {
            "img_path": image_path,
            "seg_map_path": label_path,
            "label_map": None,
            "reduce_zero_label": False,
            "seg_fields": [],
        }
        for step in self.steps:
            results = step(results)
        return results


def import_mmsegmentation(folder: Path) -> None:
    """Its transforms need no compiled operators, but its package wants to see one."""
    import cv2

    cv2.setNumThreads(1)
    sys.path.append(str(folder))
    operators: Any = types.ModuleType("mmcv.ops")
    operators.point_sample = None
    sys.modules["mmcv.ops"] = operators


def memory_copy(case: Case) -> Sampler:
    """As many bytes as a crop and its label, copied in one piece from the pack to where a batch would be."""
    height, width = case.crop
    length = height * width * 4
    pixels = np.memmap(case.place / case.manifest.shards[0].file, np.uint8, mode="r")
    targets = np.empty((BATCH, length), np.uint8)
    places = max(1, len(pixels) // length - 1)

    def copy(index: int) -> None:
        np.copyto(targets[index % BATCH], pixels[index % places * length :][:length])

    return copy


def samplers(case: Case, with_mmsegmentation: bool) -> dict[str, Sampler]:
    full = TrainTransform(AugmentationConfig(), case.crop, IGNORE)
    plain = TrainTransform(PLAIN, case.crop, IGNORE)
    left_to_gpu = TrainTransform(AugmentationConfig(), case.crop, IGNORE, distorts=False)
    peers: dict[str, Sampler] = {"torchvision v2, JPEG folder": TorchvisionFolder(case).__getitem__}
    if with_mmsegmentation:
        peers["mmsegmentation's pipeline"] = MmsegmentationPipeline(case).__getitem__
    return peers | {
        "ours, JPEG folder": ours(case.folder, full),
        "ours, pack": ours(case.pack, full),
        "ours, pack, colours left to the GPU": ours(case.pack, left_to_gpu),
        "ours, pack, crop and flip alone": ours(case.pack, plain),
        "memory copy of as many bytes": memory_copy(case),
    }


def measured(case: Case, found: dict[str, Sampler], budget: float) -> dict[str, float]:
    """Seconds a sample; every sampler in turn, medians over the rounds."""
    rng = np.random.default_rng(0)
    counts = {}
    for name, sampler in found.items():
        for index in rng.integers(len(case.folder), size=3):
            sampler(int(index))
        begun = time.perf_counter()
        for index in rng.integers(len(case.folder), size=3):
            sampler(int(index))
        counts[name] = max(3, int(budget / ((time.perf_counter() - begun) / 3)))
    times: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(ROUNDS):
        for name, sampler in found.items():
            indices = [int(index) for index in rng.integers(len(case.folder), size=counts[name])]
            begun = time.perf_counter()
            for index in indices:
                sampler(index)
            times[name].append((time.perf_counter() - begun) / len(indices))
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def print_case(case: Case, seconds: dict[str, float]) -> None:
    height, width = case.size
    megabytes = case.manifest.bytes / 1e6
    crop = "x".join(map(str, case.crop))
    packed = f"packed in {case.seconds_to_pack:.1f} s to {megabytes:.0f} MB"
    print(f"\n{case.name}: {len(case.folder)} images of {height}x{width}, crop {crop}; {packed}")
    peers = [seconds.get(name) for name in ("torchvision v2, JPEG folder", "mmsegmentation's pipeline")]
    copy = seconds["memory copy of as many bytes"]
    print("| one process and thread | ms a sample | samples/s | x torchvision | x mmsegmentation | of copy |")
    print("|---|--:|--:|--:|--:|--:|")
    for name, value in seconds.items():
        ratios = " | ".join(f"{peer / value:.1f}" if peer else "-" for peer in peers)
        print(f"| {name} | {value * 1e3:.2f} | {1 / value:.0f} | {ratios} | {copy / value:.0%} |")


def forever(case: Case, seed: int) -> Iterator[list[Draw]]:
    recipe = Recipe(1.0, {REAL: len(case.folder)}, {}, batch_size=BATCH, seed=seed)
    return MixedStream(recipe).batches(Position(), 10**6)


def with_workers(case: Case, workers: int, batches: int, with_mmsegmentation: bool) -> dict[str, float]:
    """Samples a second through the loaders, their processes already up."""

    def of(loader: Iterator[Any]) -> float:
        for _ in range(2 * workers + 1):
            next(loader)
        begun = time.perf_counter()
        for _ in range(batches):
            next(loader)
        return batches * BATCH / (time.perf_counter() - begun)

    def of_dataset(dataset: Any) -> float:
        draws = ([draw.index for draw in batch] for batch in forever(case, 1))
        loader = DataLoader(
            dataset,
            batch_sampler=draws,  # type: ignore[arg-type]
            num_workers=workers,
            multiprocessing_context="fork",  # a fresh process would not have `import_mmsegmentation`
            collate_fn=list if isinstance(dataset, MmsegmentationPipeline) else None,
        )
        return of(iter(loader))

    def of_ours(samples: Samples) -> float:
        transform = TrainTransform(AugmentationConfig(), case.crop, IGNORE)
        with closing(training_batches({REAL: samples}, transform, forever(case, 1), workers)) as loader:
            return of(loader)

    speeds = {"torchvision v2, JPEG folder": of_dataset(TorchvisionFolder(case))}
    if with_mmsegmentation:
        speeds["mmsegmentation's pipeline"] = of_dataset(MmsegmentationPipeline(case))
    return speeds | {"ours, JPEG folder": of_ours(case.folder), "ours, pack": of_ours(case.pack)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--camvid", type=Path, default=Path("../shared/data/camvid"))
    parser.add_argument("--mmsegmentation", type=Path)
    parser.add_argument("--budget", type=float, default=0.5, help="Seconds of each of the rounds.")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.mmsegmentation:
        import_mmsegmentation(options.mmsegmentation)
    else:
        print("mmsegmentation is left out: no --mmsegmentation FOLDER")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SEGSWEEP_CACHE"] = f"{folder}/cache"
        large = rendered(Path(folder) / "scenes", 24, (720, 1280))
        cases = [
            Case("Rendered scenes", large, 7, (512, 512)),
            Case("Rendered scenes", large, 7, (512, 1024)),
        ]
        if options.camvid.is_dir():
            cases.insert(0, Case("CamVid", options.camvid, 11, (360, 360)))
        else:
            print(f"CamVid is left out: {options.camvid} is not there")
        for case in cases:
            print_case(case, measured(case, samplers(case, bool(options.mmsegmentation)), options.budget))
        print(f"\nWith two loader processes, {cases[0].name}, samples a second:")
        for name, speed in with_workers(cases[0], 2, 40, bool(options.mmsegmentation)).items():
            print(f"| {name} | {speed:.0f} |")


if __name__ == "__main__":
    main()
