"""Images and labels read from folders, and every fault they can have."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from sweep.plan.content import inventories
from trainables.contract import DataConfig, DataError
from trainables.data import FolderSamples, Samples, open_samples

LAYOUT_FILES = {
    "mmsegmentation": ("img_dir/train/{}.jpg", "ann_dir/train/{}.png"),
    "cityscapes": (
        "leftImg8bit/train/ulm/{}_leftImg8bit.png",
        "gtFine/train/ulm/{}_gtFine_labelTrainIds.png",
    ),
    "bdd100k": ("images/10k/train/{}.jpg", "labels/sem_seg/masks/train/{}.png"),
}
IDS = np.array([[0, 1, 2], [2, 255, 1]], dtype=np.uint8)


def save(path: Path, pixels: np.ndarray[Any, Any], mode: str | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    (image if mode is None else image.convert(mode)).save(path)
    return path


def grey(shape: tuple[int, int]) -> np.ndarray[Any, Any]:
    return np.full((*shape, 3), 90, dtype=np.uint8)


def add_pair(root: Path, stem: str = "x", ids: np.ndarray[Any, Any] = IDS) -> tuple[Path, Path]:
    image, label = (root / file.format(stem) for file in LAYOUT_FILES["mmsegmentation"])
    return save(image, grey(ids.shape)), save(label, ids)


def opened(root: Path, **data: Any) -> Samples:
    config = DataConfig.model_validate(
        {
            "root": root,
            "real": {"split": "train"},
            "validation": {"split": "val"},
            "classes": ["a", "b", "c"],
            **data,
        }
    )
    return open_samples(config, config.real)


def test_folder_must_hold_what_it_held_when_the_sweep_began(tmp_path: Path) -> None:
    for stem in ("x", "y"):
        add_pair(tmp_path, stem)
    data = DataConfig.model_validate(
        {
            "root": tmp_path,
            "real": {"split": "train"},
            "validation": {"split": "train"},
            "classes": ["a", "b", "c"],
        }
    )
    then = inventories(data)
    assert list(then) == ["data.real", "data.validation"]
    assert open_samples(data, data.real, then["data.real"]).name(1).endswith("y.jpg")
    image, label = (tmp_path / file.format("y") for file in LAYOUT_FILES["mmsegmentation"])
    for path in (image, label):
        path.rename(path.with_stem("z"))
    with pytest.raises(
        DataError, match=r"img_dir/train: holds other images than .*: 2 images, \w+, not 2 images"
    ):
        open_samples(data, data.real, then["data.real"])
    image.with_stem("z").unlink()
    with pytest.raises(DataError, match=r"1 images, .* put back what is missing"):
        open_samples(data, data.real, then["data.real"])
    assert len(open_samples(data, data.real)) == 1, "nobody said what it must hold"


@pytest.mark.parametrize("layout", LAYOUT_FILES)
def test_reads_each_layout(tmp_path: Path, layout: str) -> None:
    image_file, label_file = LAYOUT_FILES[layout]
    for number in range(3):
        save(tmp_path / image_file.format(number), np.full((4, 6, 3), 50 * number, dtype=np.uint8))
        save(tmp_path / label_file.format(number), np.full((4, 6), number, dtype=np.uint8))
    samples = opened(tmp_path, layout=layout)
    assert len(samples) == 3
    for number in range(3):
        image, label = samples[number]
        assert image.dtype == label.dtype == torch.uint8
        assert image.shape == (3, 4, 6)
        assert label.shape == (4, 6)
        assert (image.float() - 50 * number).abs().max() <= 3  # JPEG
        assert (label == number).all()
        assert samples.name(number) == str(tmp_path / image_file.format(number))


def test_channels_are_red_green_blue(tmp_path: Path) -> None:
    colour = np.empty((8, 8, 3), dtype=np.uint8)
    colour[:] = (200, 100, 10)
    save(tmp_path / "i/x.png", colour)
    save(tmp_path / "l/x.png", np.zeros((8, 8), dtype=np.uint8))
    image, _ = opened(tmp_path, real={"images": "i", "labels": "l", "image_suffix": ".png"})[0]
    assert image[:, 3, 3].tolist() == [200, 100, 10]


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "1"])
def test_images_of_any_8_bit_mode_become_rgb(tmp_path: Path, mode: str) -> None:
    save(tmp_path / "i/x.png", grey(IDS.shape), mode)
    save(tmp_path / "l/x.png", IDS)
    image, _ = opened(tmp_path, real={"images": "i", "labels": "l", "image_suffix": ".png"})[0]
    assert image.shape == (3, *IDS.shape)


def test_an_image_is_turned_as_its_exif_data_say(tmp_path: Path) -> None:
    add_pair(tmp_path)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    Image.fromarray(grey((IDS.shape[1], IDS.shape[0]))).save(tmp_path / "img_dir/train/x.jpg", exif=exif)
    image, ids = opened(tmp_path)[0]
    assert image.shape[1:] == ids.shape == IDS.shape


# Ids


def test_a_palette_label_gives_indices_not_colours(tmp_path: Path) -> None:
    _, label = add_pair(tmp_path)
    palette = Image.fromarray(IDS)
    palette.putpalette([(channel * 7) % 256 for channel in range(3 * 256)])
    palette.save(label)
    with Image.open(label) as saved:
        assert saved.mode == "P"
    assert opened(tmp_path)[0][1].tolist() == IDS.tolist()


def mmsegmentation_label(ids: np.ndarray[Any, Any], label_map: dict[int, int]) -> np.ndarray[Any, Any]:
    """`LoadAnnotations` of mmsegmentation 1.2 with reduce_zero_label."""
    ids = ids.copy()
    ids[ids == 0] = 255
    ids = ids - 1
    ids[ids == 254] = 255
    old = ids.copy()
    for old_id, new_id in label_map.items():
        ids[old == old_id] = new_id
    return ids


@pytest.mark.parametrize("label_map", [{}, {0: 1, 1: 0}, {2: 255}])
def test_zero_is_reduced_before_ids_are_mapped(tmp_path: Path, label_map: dict[int, int]) -> None:
    ids = np.array([[0, 1, 2], [3, 255, 1]], dtype=np.uint8)
    add_pair(tmp_path, ids=ids)
    samples = opened(tmp_path, reduce_zero_label=True, label_map=label_map)
    assert samples[0][1].tolist() == mmsegmentation_label(ids, label_map).tolist()


def test_zero_and_255_become_any_ignore_index(tmp_path: Path) -> None:
    add_pair(tmp_path, ids=np.array([[0, 1], [2, 255]], dtype=np.uint8))
    samples = opened(tmp_path, reduce_zero_label=True, ignore_index=200)
    assert samples[0][1].tolist() == [[200, 0], [1, 200]]


# Faults


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


FAULTS: dict[str, tuple[Callable[[Path, Path], object], str]] = {
    "not an image": (lambda image, label: image.write_text("no"), "{image}: cannot be read as an image"),
    "truncated image": (lambda image, label: truncate(image), "{image}: cannot be read as an image"),
    "truncated label": (lambda image, label: truncate(label), "{label}: cannot be read as an image"),
    "empty label": (lambda image, label: label.write_bytes(b""), "{label}: cannot be read as an image"),
    "vanished image": (lambda image, label: image.unlink(), "{image}: cannot be read as an image"),
    "16-bit image": (
        lambda image, label: Image.fromarray(IDS.astype(np.uint16)).save(image, format="PNG"),
        "{image}: has pixels of mode I;16; images must have 8 bits a channel",
    ),
    "16-bit label": (
        lambda image, label: Image.fromarray(IDS.astype(np.uint16)).save(label),
        "{label}: has pixels of mode I;16; a label must have one channel of 8 bits",
    ),
    "colour label": (
        lambda image, label: save(label, grey(IDS.shape)),
        "{label}: has pixels of mode RGB; a label must have one channel",
    ),
    "smaller label": (
        lambda image, label: save(label, IDS[:, :2]),
        "{label}: is 2x2 pixels, but its image {image} is 3x2",
    ),
    "unknown id": (
        lambda image, label: save(label, np.array([[3, 3, 2], [0, 255, 7]], dtype=np.uint8)),
        "{label}: holds label ids outside the classes: 3 (2 pixels), 7 (1 pixels); allowed is 0 to 2 "
        "(data.classes) or 255 (data.ignore_index)",
    ),
}


@pytest.mark.parametrize(("spoil", "message"), FAULTS.values(), ids=FAULTS)
def test_a_fault_of_a_file_names_it_and_spares_the_others(
    tmp_path: Path, spoil: Callable[[Path, Path], object], message: str
) -> None:
    image, label = add_pair(tmp_path, "bad")
    add_pair(tmp_path, "good")
    samples = opened(tmp_path)
    spoil(image, label)
    with pytest.raises(DataError, match=re.escape(message.format(image=image, label=label))):
        samples[0]
    assert samples[1][1].shape == IDS.shape


def test_an_id_outside_the_classes_is_named_as_it_was_mapped(tmp_path: Path) -> None:
    add_pair(tmp_path)
    with pytest.raises(DataError, match=r"1 mapped to 9 \(2 pixels\)"):
        opened(tmp_path, label_map={1: 9})[0]


def test_only_some_of_many_wrong_ids_are_listed(tmp_path: Path) -> None:
    add_pair(tmp_path, ids=np.arange(100, 120, dtype=np.uint8)[None])
    with pytest.raises(DataError, match=r"107 \(1 pixels\) and 12 more;"):
        opened(tmp_path)[0]


def test_an_image_without_label_is_refused_at_once(tmp_path: Path) -> None:
    for stem in "abc":
        _, label = add_pair(tmp_path, stem)
        if stem != "a":
            label.unlink()
    image = tmp_path / "img_dir/train/b.jpg"
    with pytest.raises(DataError, match=rf"{image}: has no label; .*b\.png is missing \(2 of 3 images"):
        opened(tmp_path)


def test_a_label_without_image_is_no_fault(tmp_path: Path) -> None:
    add_pair(tmp_path)
    save(tmp_path / "ann_dir/train/more.png", IDS)
    assert len(opened(tmp_path)) == 1


def test_missing_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"img_dir/train: no such folder"):
        opened(tmp_path)
    (tmp_path / "img_dir/train").mkdir(parents=True)
    with pytest.raises(DataError, match=r"ann_dir/train: no such folder"):
        opened(tmp_path)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    image, _ = add_pair(tmp_path)
    image.rename(image.with_suffix(".jpeg"))
    with pytest.raises(DataError, match=r"img_dir/train: holds no file that ends in '\.jpg'"):
        opened(tmp_path)


def test_a_source_without_folders_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a source of data names no images"):
        opened(tmp_path, real={"labels": "ids"})


def test_folder_source_opens_as_folder_samples(tmp_path: Path) -> None:
    add_pair(tmp_path)
    assert isinstance(opened(tmp_path), FolderSamples)
