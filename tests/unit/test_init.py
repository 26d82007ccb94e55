"""`sweep init`: what it finds in folders, and that its spec is one that runs."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sweep.commands.init import _answered
from sweep.init import Asked, found_folders, looked_at, overlap_findings
from sweep.init.folders import suffixes
from sweep.init.labels import LabelIds, classes_of
from sweep.spec import check_data, load_spec
from tests.terminal import Terminal

Made = Callable[..., None]
SIZE = (40, 48)


def images(folder: Path, names: Iterable[str], seed: int = 0, quality: int = 95) -> None:
    """Of smooth random shapes, which survive JPEG."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    for name in names:
        coarse = Image.fromarray(random.integers(0, 256, (6, 8, 3), dtype=np.uint8))
        picture = coarse.resize(SIZE[::-1], Image.Resampling.BICUBIC)
        picture.save(folder / name, **({"quality": quality} if name.endswith("jpg") else {}))


def labels(folder: Path, names: Iterable[str], ids: Iterable[int] = (0, 1, 2, 255)) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    stripes = np.resize(np.repeat(np.array(list(ids), dtype=np.uint8), 5), SIZE[0])
    for name in names:
        Image.fromarray(np.repeat(stripes[:, None], SIZE[1], axis=1)).save(folder / name)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """mmsegmentation's layout: 4 to train on, 2 to validate on, one generator."""
    root = tmp_path / "data"
    for split, stems, seed in (("train", "abcd", 1), ("val", "yz", 2)):
        images(root / "img_dir" / split, [f"{stem}.jpg" for stem in stems], seed)
        labels(root / "ann_dir" / split, [f"{stem}.png" for stem in stems])
    images(root / "img_dir" / "gen_night", [f"{stem}.jpg" for stem in "abcd"], 3)
    return root


def told(root: Path, **asked: object) -> dict[str, str]:
    """Findings that are not ok, by what they are about."""
    data = looked_at(found_folders(root, Asked(**asked)), ["a", "b", "c"])  # type: ignore[arg-type]
    found = [*data.findings, *overlap_findings(data.sources)]
    return {f"{one.verdict} {one.what}": one.said for one in found if one.verdict != "ok"}


def test_a_known_layout_needs_no_questions_and_gives_a_spec_that_plans(
    sweep: Terminal, root: Path, tmp_path: Path
) -> None:
    spec_file = tmp_path / "my.yaml"
    done = sweep("init", str(root), "-o", str(spec_file), "--classes", "road, car, sky", "--name", "mine")
    assert done.code == 0, done.err
    assert "ok       real: 4 images of 40x48, each with a label" in done.out
    assert "0 faults" in done.out
    loaded = load_spec(spec_file)
    check_data(loaded)
    spec = loaded.spec
    assert (spec.name, spec.data.classes) == ("mine", ("road", "car", "sky"))
    assert list(spec.data.generated) == ["gen_night"]
    assert spec.training.crop_size == (40, 48)
    assert spec.search.points_first == ({"real_ratio": 1.0},), "nothing can be compared before the baseline"
    assert sweep("plan", str(spec_file)).code == 0


@pytest.mark.parametrize(
    ("file", "name"), [("My data_2.yaml", "my-data_2"), ("Ä.yaml", "ratios"), ("x.y.yaml", "x.y")]
)
def test_the_sweep_is_called_like_its_file(
    sweep: Terminal, root: Path, tmp_path: Path, file: str, name: str
) -> None:
    assert sweep("init", str(root), "-o", str(tmp_path / file)).code == 0
    assert load_spec(tmp_path / file).spec.name == name


def test_nothing_is_replaced_unless_that_is_asked_for(sweep: Terminal, root: Path, tmp_path: Path) -> None:
    spec_file = tmp_path / "my.yaml"
    spec_file.write_text("mine")
    assert sweep("init", str(root), "-o", str(spec_file)).code == 2
    assert spec_file.read_text() == "mine"
    assert sweep("init", str(root), "-o", str(spec_file), "--force").code == 0
    assert "real_ratio" in spec_file.read_text()


@pytest.mark.parametrize("has_gpu", [False, True])
def test_the_spec_fits_the_machine(
    sweep: Terminal, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_gpu: bool
) -> None:
    from trainables import devices

    monkeypatch.setattr(devices, "count_gpus", lambda: int(has_gpu))
    done = sweep("init", str(root), "-o", str(tmp_path / "my.yaml"))
    assert done.code == 0, done.err
    spec = load_spec(tmp_path / "my.yaml").spec
    assert (spec.model.architecture == "pspnet_r50_d8") == has_gpu
    assert spec.resources.gpus_per_trial == has_gpu


def test_folders_of_ones_own(sweep: Terminal, root: Path, tmp_path: Path) -> None:
    own = tmp_path / "own folder"
    images(own / "photos", [f"{stem}_rgb.png" for stem in "abcd"], 1)
    labels(own / "masks", [f"{stem}_mask.png" for stem in "abcdyz"])
    images(own / "held", [f"{stem}_rgb.png" for stem in "yz"], 2)
    images(own / "gan", [f"{stem}_rgb.png" for stem in "ab"], 3)
    spec_file = tmp_path / "my.yaml"
    given = ["--real", "photos", "--labels", "masks", "--validation", "held", "--generated", "gan=gan"]
    done = sweep("init", str(own), *given, "-o", str(spec_file))
    assert done.code == 0, done.err
    data = load_spec(spec_file).spec.data
    assert (data.real.image_suffix, data.real.label_suffix) == ("_rgb.png", "_mask.png")  # type: ignore[union-attr]
    assert data.classes == ("class_0", "class_1", "class_2")
    assert "warning  labels" in done.out


def test_labels_that_are_named_are_never_ignored(root: Path) -> None:
    labels(root / "better", [f"{stem}.png" for stem in "abcd"])
    found = found_folders(root, Asked(labels="better"))
    assert found.real.keys == {"split": "train", "labels": "better"}
    assert found.validation.keys == {"split": "val"}


def test_generated_images_of_another_format_find_the_labels_of_the_real_ones(root: Path) -> None:
    images(root / "img_dir" / "gen_png", ["a_fake.png", "b_fake.png"], 5)
    found = found_folders(root, Asked()).generated["gen_png"].keys
    assert found == {"images": "img_dir/gen_png", "image_suffix": "_fake.png"}


def test_all_that_is_missing_is_said_at_once(sweep: Terminal, tmp_path: Path) -> None:
    images(tmp_path / "own" / "photos", ["a.jpg"])
    done = sweep("init", str(tmp_path / "own"), "--validation", "nowhere", "-o", str(tmp_path / "my.yaml"))
    assert done.code == 2
    for part in (
        "--real FOLDER",
        "there is no folder",
        "--validation-labels FOLDER",
        "photos: 1 files that end in .jpg",
    ):
        assert part in done.err
    assert not (tmp_path / "my.yaml").exists()
    assert sweep("init", str(tmp_path / "nowhere")).code == 2
    assert "must be NAME=FOLDER" in sweep("init", str(tmp_path), "--generated", "gan").err


def test_a_copy_in_validation_is_a_fault_and_a_copy_saved_again_a_warning(root: Path) -> None:
    assert told(root) == {}
    train, validation = root / "img_dir" / "train", root / "img_dir" / "val"
    shutil.copy(train / "a.jpg", validation / "y.jpg")
    assert told(root) == {"fault real": "1 images are in validation, too: a.jpg (y.jpg)"}
    with Image.open(train / "b.jpg") as picture:
        picture.resize((60, 50)).resize(SIZE[::-1]).save(validation / "z.jpg", quality=80)
    assert told(root)["warning real"] == "1 images look like one in validation: b.jpg (z.jpg)"


def test_generated_images_whose_source_is_in_validation(root: Path) -> None:
    images(root / "img_dir" / "gen_day", ["a.jpg", "y.jpg"], 4)
    labels(root / "ann_dir" / "gen_day", ["a.png", "y.png"])
    assert told(root) == {"fault gen_day": "1 images have the name of one in validation: y.jpg (y.jpg)"}


def test_generated_images_that_take_the_labels_of_real_ones_were_made_from_those(root: Path) -> None:
    """The splits are numbered alike: `a` is in both, and its label says of which it was made."""
    images(root / "img_dir" / "val", ["a.jpg"], 6)
    labels(root / "ann_dir" / "val", ["a.png"])
    assert told(root) == {}
    labels(root / "ann_dir" / "gen_night", [f"{stem}.png" for stem in "abcd"])
    name = "1 images have a name that is in real and in validation: a.jpg (a.jpg)"
    assert told(root) == {"warning gen_night": name}


def test_every_generated_image_is_looked_at_though_names_repeat(root: Path) -> None:
    for folder in ("one", "two"):
        images(root / "img_dir" / "gen_day" / folder, ["y.jpg"], 4)
        labels(root / "ann_dir" / "gen_day" / folder, ["y.png"])
    assert told(root)["fault gen_day"].startswith("2 images have the name of one in validation")


def test_names_are_compared_without_what_they_end_in(root: Path) -> None:
    images(root / "img_dir" / "gen_day", ["a_fake.png", "y_fake.png"], 4)
    labels(root / "more", ["a.png", "y.png"])
    given = {"generated": {"day": "img_dir/gen_day"}, "generated_labels": {"day": "more"}}
    assert told(root, **given) == {
        "fault day": "1 images have the name of one in validation: y_fake.png (y.jpg)"
    }


def test_a_split_whose_files_end_otherwise_than_the_layout_says(root: Path) -> None:
    for split, stems in (("train", "abcd"), ("val", "yz")):
        for path in (root / "img_dir" / split).iterdir():
            path.unlink()
        images(root / "img_dir" / split, [f"{stem}.png" for stem in stems], ord(stems[0]))
    found = found_folders(root, Asked())
    assert found.real.keys == {"split": "train", "image_suffix": ".png"}
    assert found.validation.keys == {"split": "val", "image_suffix": ".png"}
    assert told(root) == {}


def test_masks_of_0_and_255_are_no_classes_yet(root: Path) -> None:
    labels(root / "ann_dir" / "train", [f"{stem}.png" for stem in "abcd"], (0, 255))
    data = looked_at(found_folders(root, Asked()), [])
    found = next(one for one in data.findings if one.what == "labels")
    assert found.verdict == "fault"
    assert found.mend == "if 255 is a class: name two, set label_map to {255: 1} and ignore_index to 254"
    labels(root / "ann_dir" / "train", [f"{stem}.png" for stem in "abcd"], (7, 255))
    found = next(one for one in looked_at(found_folders(root, Asked()), []).findings if one.what == "labels")
    assert "{7: 0, 255: 1}" in found.mend


def test_colour_pictures_beside_the_labels_are_not_taken_for_them(tmp_path: Path) -> None:
    """As Cityscapes has them, before the labels in the order of names."""
    kinds = ("color", "instanceIds", "labelIds", "labelTrainIds")
    for split, stems, seed in (("train", "ab", 1), ("val", "y", 2)):
        names = [f"x_{stem}" for stem in stems]
        images(tmp_path / "leftImg8bit" / split / "x", [f"{name}_leftImg8bit.png" for name in names], seed)
        for kind in kinds:
            labels(tmp_path / "gtFine" / split / "x", [f"{name}_gtFine_{kind}.png" for name in names])
    found = found_folders(tmp_path, Asked())
    assert (found.layout, found.real.keys, found.validation.keys) == (
        "cityscapes",
        {"split": "train"},
        {"split": "val"},
    )


def test_names_that_do_not_fit_the_ids(root: Path) -> None:
    def said(*names: str) -> dict[str, str]:
        data = looked_at(found_folders(root, Asked()), names)
        return {f"{one.verdict} {one.what}": one.said for one in data.findings if one.verdict != "ok"}

    assert "so that ids 2 have no name" in said("a", "b")["fault labels"]
    assert said("a", "b", "c", "d") == {"warning classes": "no label has d"}
    labels(root / "ann_dir" / "train", [f"{stem}.png" for stem in "abcd"], (0, 2, 5))
    assert said("a", "b", "c")["warning labels"].endswith("named in their order: 2 is b, 5 is c")


def test_what_was_given_is_not_asked_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"Real training images": "img_dir/train", "Generated images (enter: no more)": ""}
    monkeypatch.setattr("typer.prompt", lambda question, **_: answers[question])
    given = Asked(
        labels="ann_dir/train",
        validation="img_dir/val",
        validation_labels="ann_dir/val",
        generated={"night": "img_dir/gen_night"},
    )
    assert _answered(root, given) == replace(given, real="img_dir/train")


def test_images_without_labels_and_folders_without_images(root: Path) -> None:
    (root / "ann_dir" / "train" / "c.png").unlink()
    (root / "img_dir" / "gen_text").mkdir()
    (root / "img_dir" / "gen_text" / "a.txt").touch()
    found = told(root)
    assert "4 images of 40x48; 1 have no label" in found["fault real"]
    assert "holds no file that ends in '.jpg'" in found["fault gen_text"]


def test_files_that_are_no_images_are_left_to_the_check_of_the_data(
    sweep: Terminal, root: Path, tmp_path: Path
) -> None:
    (root / "img_dir" / "train" / "a.jpg").write_bytes(b"nonsense")
    (root / "ann_dir" / "train" / "b.png").write_bytes(b"nonsense")
    done = sweep("init", str(root), "-o", str(tmp_path / "my.yaml"))
    assert done.code == 2
    assert "a.jpg" in done.err
    assert "b.png" in done.err
    assert (tmp_path / "my.yaml").exists()


@pytest.mark.parametrize(
    ("ids", "named", "names", "label_map"),
    [
        ((0, 1, 2, 255), (), ("class_0", "class_1", "class_2"), {}),
        ((0, 2), (), ("class_0", "class_1", "class_2"), {}),
        ((7, 8, 11, 255), (), ("class_7", "class_8", "class_11"), {7: 0, 8: 1, 11: 2}),
        ((7, 8, 11), ("road", "car", "sky"), ("road", "car", "sky"), {7: 0, 8: 1, 11: 2}),
        ((0, 2), ("road", "car", "sky"), ("road", "car", "sky"), {}),
        ((), (), ("class_0",), {}),
    ],
)
def test_classes(
    ids: tuple[int, ...], named: tuple[str, ...], names: tuple[str, ...], label_map: dict[int, int]
) -> None:
    found = classes_of(LabelIds(dict.fromkeys(ids, 0.1), 1, 1), named, "mmsegmentation")
    assert (found.names, found.label_map, found.are_invented) == (names, label_map, not named)


@pytest.mark.parametrize(
    ("image", "label", "expected"),
    [
        ("a{}.jpg", "a{}.png", (".jpg", ".png")),
        ("a{}.png", "a{}_label.png", (".png", "_label.png")),
        (
            "a{}_leftImg8bit.png",
            "a{}_gtFine_labelTrainIds.png",
            ("_leftImg8bit.png", "_gtFine_labelTrainIds.png"),
        ),
        ("a{}.jpg", "other{}.png", None),
    ],
)
def test_suffixes(tmp_path: Path, image: str, label: str, expected: tuple[str, str] | None) -> None:
    """Numbers of different length: the label of 1 is not that of 10."""
    for folder, name in (("images", image), ("labels", label)):
        (tmp_path / folder).mkdir()
        for number in (1, 2, 10, 11):
            (tmp_path / folder / name.format(number)).touch()
    found = suffixes(tmp_path / "images", tmp_path / "labels")
    assert found == ({} if expected is None else {"image_suffix": expected[0], "label_suffix": expected[1]})


def test_names_that_yaml_would_read_as_something_else(sweep: Terminal, root: Path, tmp_path: Path) -> None:
    (root / "img_dir" / "gen_night").rename(root / "img_dir" / "2024")
    done = sweep("init", str(root), "-o", str(tmp_path / "my.yaml"), "--classes", "no,1e3,a: b")
    assert done.code == 0, done.err
    data = load_spec(tmp_path / "my.yaml").spec.data
    assert data.classes == ("no", "1e3", "a: b")
    assert list(data.generated) == ["2024"]
