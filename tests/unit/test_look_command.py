"""`sweep look`: the picture shows what the training gets."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from sweep.report.contact_sheet import class_colours, contact_sheet
from tests.specs import tiny_spec, write_spec
from tests.terminal import Terminal
from tests.trials import small_trial
from trainables.preview import first_batches
from trainables.segmentation import _batches
from trainables.trial import begin_trial


def test_crops_are_those_that_the_train_step_gets() -> None:
    config = small_trial(real_ratio=0.5)
    seen = first_batches(config, 2)
    for trained, crops in zip(_batches(begin_trial(config)), seen, strict=False):
        assert [crop.source for crop in crops] == list(trained.sources)
        for crop, image_CHW, label_HW in zip(crops, trained.images, trained.labels, strict=True):
            assert torch.equal(torch.from_numpy(crop.image), image_CHW.permute(1, 2, 0))
            assert torch.equal(torch.from_numpy(crop.label), label_HW)
    assert len(seen) == 2


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    return write_spec(tmp_path / "spec.yaml", tiny_spec(tmp_path / "sweeps"))


def test_picture_and_exact_counts(sweep: Terminal, spec: Path, tmp_path: Path) -> None:
    picture = tmp_path / "mixed.png"
    done = sweep("look", str(spec), "--real-ratio", "0.25", "--batches", "4", "-o", str(picture))
    assert done.code == 0
    assert "4 batches of 2: real_ratio 0.25: 2 real, 6 gen of 8 images" in done.out
    with Image.open(picture) as image:
        assert image.format == "PNG"
        assert len(image.convert("RGB").getcolors(2**24) or ()) > 100


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-o", "look.jpg"], "must end in .png, .svg or .pdf"),
        (["-o", "nowhere/look.png"], "nowhere/look.png: cannot be written"),
        (["--real-ratio", "1.2"], "less than or equal to 1"),
        (
            ["--set", "data.generated={}", "--set", "search.parameters.real_ratio.values=[1]"],
            "has none; give",
        ),
        (
            [
                "--set",
                'data.real={"elsewhere": "tape"}',
                "--set",
                "trainable=a.b:c",
                "--set",
                "data.classes=[a]",
            ],
            "data.real: lies elsewhere",
        ),
    ],
)
def test_faults(sweep: Terminal, spec: Path, arguments: list[str], told: str) -> None:
    done = sweep("look", str(spec), *arguments)
    assert done.code == 2
    assert told in " ".join(done.err.replace("│", " ").split())
    assert "Traceback" not in done.err


def test_labels_lie_over_images_and_what_is_ignored_stays() -> None:
    image = np.full((24, 24, 3), 200, dtype=np.uint8)
    label = np.zeros((24, 24), dtype=np.uint8)
    label[:, 12:] = 255
    crop = SimpleNamespace(image=image, label=label, source="real", name="a.png")
    figure = contact_sheet([[crop]], ["road"], 255, "title")
    drawn = _pixels(figure)
    assert (drawn[:24] == image).all()
    road = drawn[26:, :12]
    assert (road == (0.4 * 200 + 0.6 * class_colours(1)[0]).round()).all()
    assert {tuple(pixel) for pixel in drawn[26:, 12:].reshape(-1, 3)} >= {(127, 127, 127)}


def _pixels(figure: Figure) -> np.ndarray:
    return np.asarray(figure.axes[0].images[0].get_array())


@pytest.mark.parametrize("count", [1, 11, 20, 21, 150])
def test_no_two_classes_look_alike(count: int) -> None:
    assert len({tuple(colour) for colour in class_colours(count)}) == count
