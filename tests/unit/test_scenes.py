"""The rendered street scenes: what is promised of every scene, of the styles, and of the cache."""

from __future__ import annotations

import pickle
import threading
import zlib
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import trainables.data.scenes.cache as cache
from trainables.contract import DataConfig, DataError, SceneSource
from trainables.contract.classes import SCENE_CLASSES
from trainables.data import SceneSamples, open_samples
from trainables.data.scenes import STYLES, Scene, render_scene
from trainables.data.scenes.styles import StyleName

SIZE = (64, 96)
STYLE_NAMES: tuple[StyleName, ...] = ("real", "aligned", "misaligned")


def scenes(style: StyleName, seed: int = 0, count: int = 40) -> list[Scene]:
    return [render_scene(style, seed, index, SIZE) for index in range(count)]


def agreement(one: Any, other: Any) -> float:
    """Share of the pixels that have the same class."""
    return float((one == other).mean())


def miou(pairs: list[tuple[Any, Any]]) -> float:
    """Of label against prediction over all pairs, 0 to 1, by class: a pixel in both, by a pixel in one."""
    classes = range(len(SCENE_CLASSES))
    both = [sum(((a == k) & (b == k)).sum() for a, b in pairs) for k in classes]
    either = [sum(((a == k) | (b == k)).sum() for a, b in pairs) for k in classes]
    return float(np.mean(np.divide(both, either)))


# A scene


@pytest.mark.parametrize("style", STYLE_NAMES)
def test_a_scene_is_the_same_every_time(style: StyleName) -> None:
    one, other = (render_scene(style, 3, 11, SIZE) for _ in range(2))
    assert np.array_equal(one.image, other.image)
    assert np.array_equal(one.label, other.label)
    assert np.array_equal(one.drawn, other.drawn)


def test_scenes_are_those_of_the_renderer_version() -> None:
    """Fails when a pixel moved: then raise RENDERER_VERSION, or old caches are read, and renew the sums."""
    sums = {}
    for style in STYLE_NAMES:
        rendered = [render_scene(style, 5, index, (30, 40)) for index in range(3)]
        sums[style] = zlib.crc32(
            b"".join(scene.image.tobytes() + scene.label.tobytes() for scene in rendered)
        )
    expected = {"real": 396808934, "aligned": 1311153091, "misaligned": 3358638561}
    assert (cache.RENDERER_VERSION, sums) == (6, expected)


@pytest.mark.parametrize("size", [(64, 96), (1, 1), (7, 5), (33, 50), (90, 20), (240, 320)])
@pytest.mark.parametrize("style", STYLE_NAMES)
def test_any_size_can_be_rendered(style: StyleName, size: tuple[int, int]) -> None:
    scene = render_scene(style, 0, 0, size)
    assert scene.image.shape == (3, *size)
    assert scene.label.shape == scene.drawn.shape == size
    assert scene.image.dtype == scene.label.dtype == scene.drawn.dtype == np.uint8


@pytest.mark.parametrize("style", STYLE_NAMES)
def test_labels_are_in_range_and_every_class_is_seen_often(style: StyleName) -> None:
    rendered = scenes(style)
    for number in range(len(SCENE_CLASSES)):
        assert sum((scene.label == number).any() for scene in rendered) > len(rendered) / 2
    assert max(scene.label.max() for scene in rendered) < len(SCENE_CLASSES)


@pytest.mark.parametrize("style", STYLE_NAMES)
def test_images_use_the_range_of_8_bits_without_clipping_much(style: StyleName) -> None:
    pixels = np.stack([scene.image for scene in scenes(style)])
    assert 30 < pixels.mean() < 180
    assert pixels.std() > 20
    assert ((pixels == 0) | (pixels == 255)).mean() < 0.05


# Nothing is shared


def test_scenes_of_any_two_keys_differ() -> None:
    keys = [(style, seed, index) for style in STYLE_NAMES for seed in (0, 1, 2**40) for index in range(4)]
    rendered = [render_scene(style, seed, index, SIZE) for style, seed, index in keys]
    for one, other in combinations(rendered, 2):
        assert agreement(one.label, other.label) < 0.95
        assert agreement(one.image, other.image) < 0.1


@pytest.mark.parametrize("other_style", STYLE_NAMES)
def test_scenes_of_the_same_number_are_no_more_alike_than_others(other_style: StyleName) -> None:
    """No real scene has a generated counterpart, nor one in the same style of another seed."""
    count = 60
    mine, others = scenes("real", 0, count), scenes(other_style, 1, count)
    alike = np.array([[agreement(a.label, b.label) for b in others] for a in mine])
    same_number = np.diag(alike)
    of_all, spread = alike.mean(), alike.std() / np.sqrt(count)
    assert abs(same_number.mean() - of_all) < 3 * spread


# The styles


@pytest.mark.parametrize("style", ["real", "aligned"])
def test_labels_fit_what_is_drawn(style: StyleName) -> None:
    assert all(np.array_equal(scene.label, scene.drawn) for scene in scenes(style))


def test_labels_of_the_misaligned_style_are_off_by_several_pixels() -> None:
    pairs = [(scene.label, scene.drawn) for scene in scenes("misaligned")]
    assert 0.5 < miou(pairs) < 0.8
    assert all(agreement(*pair) < 0.99 for pair in pairs)
    # shifting the label by one or two pixels does not mend it: each thing is off in its own way
    for shift in [(rows, columns) for rows in (-2, 0, 2) for columns in (-2, 0, 2)]:
        assert miou([(np.roll(label, shift, (0, 1)), drawn) for label, drawn in pairs]) < 0.85


def test_generated_styles_look_different_and_the_misaligned_one_more_so() -> None:
    """Mean colour of each class, distance from the real one."""

    def colours(style: StyleName) -> Any:
        rendered = scenes(style)
        images = np.stack([scene.image for scene in rendered]).transpose(1, 0, 2, 3)
        drawn = np.stack([scene.drawn for scene in rendered])
        return np.array([images[:, drawn == number].mean(1) for number in range(len(SCENE_CLASSES))])

    real = colours("real")
    aligned, misaligned = (np.abs(colours(style) - real).mean() for style in STYLE_NAMES[1:])
    assert 5 < aligned < misaligned


def test_the_contract_names_every_style() -> None:
    allowed = SceneSource.model_json_schema()["properties"]["scenes"]["enum"]
    assert tuple(allowed) == tuple(STYLES) == STYLE_NAMES


# The cache


SOURCE = SceneSource(scenes="misaligned", count=5, seed=4, size=(16, 24))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEGSWEEP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def data(**changes: Any) -> DataConfig:
    return DataConfig.model_validate({"real": SOURCE, "validation": SOURCE, **changes})


def test_samples_are_the_rendered_scenes() -> None:
    samples = open_samples(data(), SOURCE)
    assert len(samples) == 5
    for index in range(5):
        scene = render_scene("misaligned", 4, index, (16, 24))
        image, label = samples[index]
        assert torch.equal(image, torch.from_numpy(scene.image))
        assert torch.equal(label, torch.from_numpy(scene.label))
    assert samples.name(3) == "scene misaligned/seed 4/#3"


def test_a_smaller_set_is_the_beginning_of_a_larger_one() -> None:
    fewer = SOURCE.model_copy(update={"count": 2})
    assert np.array_equal(cache.cached_scenes(SOURCE)[:2], cache.cached_scenes(fewer))


def test_a_second_use_renders_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = np.array(cache.cached_scenes(SOURCE))
    monkeypatch.setattr(cache, "render_scene", None)
    assert np.array_equal(cache.cached_scenes(SOURCE), first)
    assert len(list(folder.iterdir())) == 1


def test_scenes_cannot_be_changed_by_whoever_reads_them() -> None:
    samples = open_samples(data(), SOURCE)
    image, label = samples[0]
    image.zero_()
    label.zero_()
    assert samples[0][0].any()
    assert samples[0][1].any()


@pytest.mark.parametrize(
    "changes",
    [{"scenes": "real"}, {"seed": 5}, {"count": 4}, {"size": (24, 16)}],
    ids=lambda change: next(iter(change)),
)
def test_every_key_of_a_source_has_its_own_file(folder: Path, changes: dict[str, Any]) -> None:
    cache.cached_scenes(SOURCE)
    other = cache.cached_scenes(SOURCE.model_copy(update=changes))
    assert len(list(folder.iterdir())) == 2
    assert not np.array_equal(other, cache.cached_scenes(SOURCE))


def test_another_renderer_version_reads_nothing_of_this_one(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    cache.cached_scenes(SOURCE)
    monkeypatch.setattr(cache, "RENDERER_VERSION", cache.RENDERER_VERSION + 1)
    cache.cached_scenes(SOURCE)
    assert len(list(folder.iterdir())) == 2


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "garbage": lambda path: path.write_bytes(b"no array" * 100),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "only a header": lambda path: path.write_bytes(path.read_bytes()[:128]),
    "another shape": lambda path: np.save(path, np.zeros((5, 4, 16, 23), dtype=np.uint8)),
    "another type": lambda path: np.save(path, np.zeros((5, 4, 16, 24), dtype=np.int8)),
    "a pickle": lambda path: path.write_bytes(pickle.dumps([1])),
    "an archive": lambda path: np.savez(path.open("wb"), np.zeros(3)),
}


@pytest.mark.filterwarnings("ignore:unclosed file")
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_made_anew(folder: Path, damage: Callable[[Path], object]) -> None:
    good = np.array(cache.cached_scenes(SOURCE))
    (path,) = folder.iterdir()
    damage(path)
    assert np.array_equal(cache.cached_scenes(SOURCE), good)
    assert len(list(folder.iterdir())) == 1


def test_two_that_render_at_once_get_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have found no file before either writes one."""
    both_render = threading.Barrier(2, timeout=10)
    make = cache._make

    def make_together(*arguments: Any) -> None:
        both_render.wait()
        make(*arguments)

    monkeypatch.setattr(cache, "_make", make_together)
    made: list[Any] = []
    threads = [threading.Thread(target=lambda: made.append(cache.cached_scenes(SOURCE))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 2
    assert np.array_equal(*made)
    assert len(list(folder.iterdir())) == 1


def test_nothing_is_left_behind_when_rendering_breaks_off(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(style: StyleName, seed: int, index: int, size: tuple[int, int]) -> Scene:
        if index == 3:
            raise KeyboardInterrupt
        return render_scene(style, seed, index, size)

    monkeypatch.setattr(cache, "render_scene", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cache.cached_scenes(SOURCE)
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SEGSWEEP_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match=r"file: rendered scenes cannot be kept there: .*SEGSWEEP_CACHE"):
        cache.cached_scenes(SOURCE)


def test_where_the_cache_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("SEGSWEEP_CACHE")
    assert cache.cache_folder() == tmp_path / "xdg/segsweep"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.cache_folder() == tmp_path / ".cache/segsweep"


def test_samples_are_sent_to_another_process_without_their_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = SceneSamples(data(), SOURCE)
    sent = pickle.dumps(samples)
    assert len(sent) < 4000 < cache.cached_scenes(SOURCE).nbytes
    monkeypatch.setattr(cache, "render_scene", None)
    assert torch.equal(pickle.loads(sent)[2][0], samples[2][0])


# Ids


def test_ids_are_mapped_like_those_of_files() -> None:
    plain = open_samples(data(), SOURCE)[0][1]
    mapped = open_samples(data(reduce_zero_label=True, label_map={5: 4}), SOURCE)[0][1]
    table = torch.tensor([255, 0, 1, 2, 3, 4, 4], dtype=torch.uint8)
    assert torch.equal(mapped, table[plain.long()])


def test_too_few_classes_are_refused_with_the_scene_named() -> None:
    samples = open_samples(data(classes=["sky", "building"]), SOURCE)
    with pytest.raises(
        DataError, match=r"scene misaligned/seed 4/#0: holds label ids outside the classes: 2 \("
    ):
        samples[0]
