"""Images and labels as files: real pairs and two generated sources, one with an image that breaks off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def write_data(root: Path) -> Path:
    """The path of an image whose last bytes are missing."""
    generator = np.random.default_rng(0)
    for split, count in (("real", 6), ("val", 4)):
        (root / split / "ann").mkdir(parents=True)
        write_images(root / split / "img", count, "png", generator)
        for number in range(count):
            Image.fromarray(np.full((32, 48), number % 3, np.uint8)).save(root / split / f"ann/{number}.png")
    write_images(root / "good", 6, "jpg", generator)
    write_images(root / "bad", 6, "jpg", generator)
    broken = root / "bad/3.jpg"
    broken.write_bytes(broken.read_bytes()[:-200])
    return broken


def write_images(folder: Path, count: int, kind: str, generator: np.random.Generator) -> None:
    folder.mkdir(parents=True)
    for number in range(count):
        pixels = generator.integers(0, 256, (32, 48, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.{kind}")


def data_section(root: Path) -> dict[str, Any]:
    pairs = {
        split: {"images": f"{split}/img", "labels": f"{split}/ann", "image_suffix": ".png"}
        for split in ("real", "val")
    }
    return {
        "root": str(root),
        "real": pairs["real"],
        "generated": {name: {"images": name, "image_suffix": ".jpg"} for name in ("good", "bad")},
        "validation": pairs["val"],
        "classes": ["a", "b", "c"],
    }
