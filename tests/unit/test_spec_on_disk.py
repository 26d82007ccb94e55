"""Folders, pairs and label ids are checked before any trial starts."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sweep.errors import SpecError
from sweep.spec import check_data, load_spec
from tests.specs import tiny_spec, write_spec

SIZE = (6, 4)  # width, height
CLASSES = ["a", "b", "c"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Sound data: 5 training pairs, 3 generated images for them, 2 validation pairs."""
    root = tmp_path / "data"
    for split, count in (("train", 5), ("val", 2)):
        for number in range(count):
            image(root / "img_dir" / split / f"{split}{number}.png")
            label(root / "ann_dir" / split / f"{split}{number}.png", [0, 1, 2, 255])
    for number in range(3):
        image(root / "img_dir" / "gen" / f"train{number}.png")
    return root


def image(path: Path, size: tuple[int, int] = SIZE, **save: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size).save(path, **save)


def label(path: Path, ids: list[int], size: tuple[int, int] = SIZE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.resize(np.array(ids, dtype=np.uint8), (size[1], size[0]))
    Image.fromarray(pixels).save(path)


def source_folders(folder: Path) -> dict[str, Any]:
    return {
        "root": str(folder),
        "real": {"split": "train", "image_suffix": ".png"},
        "generated": {"gen": {"images": "img_dir/gen", "image_suffix": ".png"}},
        "validation": {"split": "val", "image_suffix": ".png"},
        "classes": CLASSES,
    }


def check(folder: Path, **keys: Any) -> None:
    values = tiny_spec(folder, data=source_folders(folder) | keys)
    check_data(load_spec(write_spec(folder / "spec.yaml", values)))


def faults(folder: Path, **keys: Any) -> list[str]:
    with pytest.raises(SpecError) as caught:
        check(folder, **keys)
    assert all(fault.line for fault in caught.value.faults)
    return [f"{fault.path} {fault.message}" for fault in caught.value.faults]


def test_sound_data_pass_and_generated_images_may_be_fewer_than_labels(root: Path) -> None:
    check(root)


def test_scenes_need_no_check(tmp_path: Path) -> None:
    check_data(load_spec(write_spec(tmp_path / "spec.yaml", tiny_spec(tmp_path))))


def test_a_root_that_is_not_there_is_told_once(root: Path) -> None:
    shutil.move(root, root.with_name("moved"))
    root.mkdir()
    assert faults(root, root=str(root / "nowhere")) == [
        f"data.root is {root}/nowhere; there is no such folder"
    ]


def test_each_missing_folder_is_told_once(root: Path) -> None:
    shutil.rmtree(root / "ann_dir" / "train")
    shutil.rmtree(root / "img_dir" / "gen")
    assert faults(root) == [
        f"data.real needs the folder {root}/ann_dir/train, which is not there",
        f"data.generated.gen needs the folder {root}/img_dir/gen, which is not there",
    ]


def test_an_empty_folder_says_what_is_there(root: Path) -> None:
    (told,) = faults(root, validation={"split": "val"})
    ends = "ends in '.jpg'; files there end in '.png'"
    assert told == f"data.validation has no images: no file in {root}/img_dir/val {ends}"


def test_images_without_a_label(root: Path) -> None:
    for number in (1, 3):
        (root / "ann_dir" / "train" / f"train{number}.png").unlink()
    real, generated = faults(root)
    assert real == (
        f"data.real has 5 images but 3 labels in {root}/ann_dir/train; first without a label: train1.png, "
        "train3.png. A label is named like its image and ends in '.png'"
    )
    assert generated.startswith("data.generated.gen has 3 images but 2 labels in ")


def test_label_ids_outside_the_classes_are_told_once(root: Path) -> None:
    label(root / "ann_dir" / "train" / "train0.png", [0, 3, 9])
    label(root / "ann_dir" / "train" / "train4.png", [9])
    (told,) = faults(root)
    assert told == (
        "data.real has label ids outside the classes: 3, 9 in 2 of 5 labels; first: "
        f"{root}/ann_dir/train/train0.png. Allowed are 0 to 2 (data.classes) and 255 "
        "(data.ignore_index); mend the labels, data.label_map or data.reduce_zero_label"
    )
    check(root, label_map={3: 0, 9: 255})


def test_reduce_zero_label_shifts_ids(root: Path) -> None:
    label(root / "ann_dir" / "train" / "train0.png", [0, 1, 2, 3, 255])
    assert faults(root)[0].startswith("data.real has label ids outside the classes: 3 in 1 of 5 labels")
    check(root, reduce_zero_label=True)


def test_labels_of_several_channels_or_another_size(root: Path) -> None:
    image(root / "ann_dir" / "train" / "train1.png")
    label(root / "ann_dir" / "val" / "val0.png", [0], size=(5, 4))
    wrong_mode, wrong_size = faults(root)
    assert wrong_mode == (
        f"data.real has labels of no use (1 of 5); first: {root}/ann_dir/train/train1.png has pixels of mode "
        "RGB, not one channel of 8 bits"
    )
    assert wrong_size == (
        f"data.validation has labels of another size than their image (1); first: "
        f"{root}/ann_dir/val/val0.png is 5x4 pixels, {root}/img_dir/val/val0.png is 6x4"
    )


def test_files_that_cannot_be_read(root: Path) -> None:
    (root / "img_dir" / "train" / "train0.png").write_bytes(b"no image")
    (root / "ann_dir" / "val" / "val1.png").write_bytes(b"")
    told_image, told_label = faults(root)
    assert told_image.startswith(
        f"data.real has images of no use (1 of 5); first: {root}/img_dir/train/train0.png cannot"
    )
    assert told_label.startswith(
        f"data.validation has labels of no use (1 of 2); first: {root}/ann_dir/val/val1.png cannot"
    )


def test_an_image_that_lies_on_its_side(root: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image(root / "img_dir" / "train" / "train0.png", size=(SIZE[1], SIZE[0]), exif=exif)
    check(root)


def test_a_palette_label_is_read_by_its_indices(root: Path) -> None:
    palette = Image.new("P", SIZE, 2)
    palette.putpalette([10, 20, 30] * 3)
    palette.save(root / "ann_dir" / "train" / "train2.png")
    check(root)


def test_training_on_validation_images(root: Path) -> None:
    (root / "img_dir" / "gen" / "train0.png").unlink()
    (root / "img_dir" / "gen" / "train0.png").symlink_to(root / "img_dir" / "val" / "val0.png")
    (told,) = faults(root)
    assert told == (
        f"data.validation has 1 images that data.generated.gen has too; first: {root}/img_dir/gen/train0.png"
    )
    assert faults(root, validation={"split": "train", "image_suffix": ".png"})[0] == (
        f"data.validation has 5 images that data.real has too; first: {root}/img_dir/train/train0.png"
    )


def test_folders_that_a_searched_value_leads_to(root: Path) -> None:
    shutil.copytree(root / "img_dir" / "train", root / "img_dir" / "half")
    shutil.copytree(root / "ann_dir" / "train", root / "ann_dir" / "half")
    splits = {"real_ratio": {"value": 1}, "data.real.split": {"values": ["train", "half"]}}
    baseline = {"real_ratio": 1, "data.real.split": "train"}
    loaded = root / "spec.yaml"
    values = tiny_spec(root, search={"parameters": splits}, baseline=baseline)
    values["data"] = {
        "root": str(root),
        "real": {"split": "train", "image_suffix": ".png"},
        "validation": {"split": "val", "image_suffix": ".png"},
        "classes": CLASSES,
    }
    check_data(load_spec(write_spec(loaded, values)))
    label(root / "ann_dir" / "half" / "train0.png", [77])
    with pytest.raises(
        SpecError, match=r"search.parameters.data.real.split has label ids outside the classes: 77"
    ):
        check_data(load_spec(loaded))


def test_pretrained_weights_that_are_not_there(root: Path) -> None:
    values = tiny_spec(root, model={"pretrained": str(root / "w.safetensors")})
    with pytest.raises(SpecError, match=r"model.pretrained is .*w.safetensors; there is no such file"):
        check_data(load_spec(write_spec(root / "spec.yaml", values)))


def test_folders_are_checked_in_the_same_round_as_other_faults(root: Path) -> None:
    (root / "ann_dir" / "train" / "train1.png").unlink()
    model = {**tiny_spec(root)["model"], "pretrained": str(root / "none.safetensors")}
    for section, value in (("trainin", {}), ("early_stopping", {"rungs": [8, 4]}), ("budget", {"hours": -1})):
        told = all_faults(root, model=model, **{section: value})
        on_disk = [line for line in told if section not in line]
        assert len(told) == len(on_disk) + 1
        assert {line.split(" ")[0] for line in on_disk} == {
            "data.real",
            "data.generated.gen",
            "model.pretrained",
        }


def test_folders_of_a_faulty_section_are_not_looked_at(root: Path) -> None:
    shutil.rmtree(root / "img_dir")
    for other in ({"ignore_index": 1}, {"ignore_indx": 1}):
        (told,) = all_faults(root, {**source_folders(root), **other})
        assert "ignore_ind" in told


def all_faults(root: Path, data: dict[str, Any] | None = None, **sections: Any) -> list[str]:
    """Of one call, as the command line makes it."""
    values = tiny_spec(root, data=data or source_folders(root), **sections)
    with pytest.raises(SpecError) as caught:
        check_data(load_spec(write_spec(root / "spec.yaml", values)))
    return [f"{fault.path} {fault.message}".strip() for fault in caught.value.faults]
