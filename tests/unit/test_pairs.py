"""How an image finds its label in each layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trainables.contract import DataConfig, FolderSource
from trainables.contract.pairs import PairedFolders, paired_folders


def folders(source: dict[str, Any], **data: Any) -> PairedFolders:
    config = DataConfig.model_validate(
        {
            "root": "/data",
            "real": {"split": "train"},
            "validation": {"split": "val"},
            "classes": ["a", "b"],
            **data,
        }
    )
    return paired_folders(config, FolderSource.model_validate(source))


@pytest.mark.parametrize(
    ("layout", "image", "label"),
    [
        ("mmsegmentation", "img_dir/train/a/1.jpg", "ann_dir/train/a/1.png"),
        (
            "cityscapes",
            "leftImg8bit/train/ulm/ulm_0_leftImg8bit.png",
            "gtFine/train/ulm/ulm_0_gtFine_labelTrainIds.png",
        ),
        ("bdd100k", "images/10k/train/0a0.jpg", "labels/sem_seg/masks/train/0a0.png"),
    ],
)
def test_each_layout_finds_its_label(layout: str, image: str, label: str) -> None:
    paired = folders({"split": "train"}, layout=layout)
    assert paired.label_path(Path("/data", image)) == Path("/data", label)


def test_folders_and_suffixes_of_a_source_replace_those_of_the_layout() -> None:
    source = {"images": "rgb", "labels": "ids", "image_suffix": "_rgb.jpeg", "label_suffix": "_id.png"}
    assert folders(source).label_path(Path("/data/rgb/x/1_rgb.jpeg")) == Path("/data/ids/x/1_id.png")


def test_only_the_end_of_a_name_is_replaced() -> None:
    assert folders({"images": "i", "labels": "l"}).label_path(Path("/data/i/a.jpg.d/b.jpg.jpg")) == Path(
        "/data/l/a.jpg.d/b.jpg.png"
    )


@pytest.mark.parametrize(
    ("real", "labels"), [({"split": "train"}, "ann_dir/train"), ({"images": "i", "labels": "own"}, "own")]
)
def test_generated_images_borrow_the_labels_of_the_real_ones(real: dict[str, str], labels: str) -> None:
    assert folders({"images": "img_dir/gen"}, real=real).labels == Path("/data", labels)


def test_scenes_have_no_labels_to_borrow() -> None:
    scenes = {"scenes": "real", "count": 1}
    with pytest.raises(ValueError, match="names no labels; give `split` or `labels`"):
        folders({"images": "gen"}, real=scenes)


def test_a_source_without_images_is_refused() -> None:
    with pytest.raises(ValueError, match="names no images; give `split` or `images`"):
        folders({"labels": "ids"})


def test_images_are_sorted_and_searched_for_in_sub_folders(tmp_path: Path) -> None:
    for name in ("b/2.jpg", "b/10.jpg", "a.jpg", "a.png", "note.txt", "z.jpg/inner.jpg"):
        (tmp_path / "i" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "i" / name).touch()
    found = folders({"images": "i", "labels": "l"}, root=tmp_path).image_paths()
    names = [path.relative_to(tmp_path / "i").as_posix() for path in found]
    assert names == ["a.jpg", "b/10.jpg", "b/2.jpg", "z.jpg/inner.jpg"]
