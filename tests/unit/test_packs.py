"""Packs give what the folder gives, notice that it has changed, and never stand in the way."""

from __future__ import annotations

import logging
import multiprocessing
import os
import pickle
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from PIL import Image

from trainables.contract import AugmentationConfig, DataConfig, DataError
from trainables.data import FolderSamples, Samples, open_samples
from trainables.data.packs import PackedSamples, find, pack_faults, renewed_pack
from trainables.data.packs.manifest import MANIFEST, pack_folder, read_manifest
from trainables.data.packs.write import SCHEMA, write_pack
from trainables.loader import training_batches, validation_images
from trainables.mixing import REAL, MixedStream, Position, Recipe
from trainables.transforms import TrainTransform


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGSWEEP_CACHE", str(tmp_path / "cache"))


def add_pair(root: Path, stem: str, seed: int, size: tuple[int, int] = (30, 40)) -> None:
    rng = np.random.default_rng(seed)
    for folder, suffix, shape, most in (("images", ".jpg", (*size, 3), 256), ("labels", ".png", size, 3)):
        path = root / folder / f"{stem}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, most, shape, dtype=np.uint8)).save(path)


@pytest.fixture
def data(tmp_path: Path) -> DataConfig:
    """Seven images of three sizes, one of them in a folder of its own."""
    for number in range(7):
        add_pair(tmp_path, f"{'ulm/' if number == 3 else ''}{number}", number, (30 + number % 3, 40))
    source = {"images": "images", "labels": "labels"}
    return DataConfig.model_validate(
        {"root": tmp_path, "real": source, "validation": source, "classes": ["a", "b", "c"]}
    )


def folder_samples(data: DataConfig) -> FolderSamples:
    samples = open_samples(data, data.real)
    assert isinstance(samples, FolderSamples)
    return samples


def equal(one: Samples, other: Samples) -> bool:
    return len(one) == len(other) and all(
        one.name(index) == other.name(index)
        and all(torch.equal(*pair) for pair in zip(one[index], other[index], strict=True))
        for index in range(len(one))
    )


def test_a_pack_holds_what_the_folder_does(data: DataConfig) -> None:
    samples = open_samples(data, data.real, pack=True)
    assert isinstance(samples, PackedSamples)
    assert equal(samples, folder_samples(data))


def test_shards_and_threads_do_not_show(data: DataConfig, tmp_path: Path) -> None:
    samples = folder_samples(data)
    told: list[int] = []
    manifest = write_pack(samples, tmp_path / "pack", threads=2, shard_bytes=9000, tell=told.append)
    assert [shard.images for shard in manifest.shards] == [2, 2, 2, 1]
    assert told[-1] == manifest.images == 7
    assert equal(PackedSamples(tmp_path / "pack", samples.names()), samples)


def test_anybody_can_read_a_pack_with_arrow_alone(data: DataConfig) -> None:
    folder, manifest, _ = renewed_pack(folder_samples(data))
    table = pa.ipc.open_file(folder / manifest.shards[0].file).read_all()
    assert table.schema.equals(SCHEMA)
    assert table["name"].to_pylist() == [f"{n}.jpg" for n in (0, 1, 2, 4, 5, 6)] + ["ulm/3.jpg"]
    row = table.slice(6, 1).to_pylist()[0]
    pixels = np.frombuffer(row["image"], np.uint8).reshape(row["height"], row["width"], 3)
    assert np.array_equal(pixels, np.array(Image.open(data.root / "images/ulm/3.jpg")))


def batches(samples: Samples, workers: int) -> list[bytes]:
    recipe = Recipe(1.0, {REAL: len(samples)}, {}, batch_size=4, seed=3)
    transform = TrainTransform(AugmentationConfig(), (24, 32), 255)
    with closing(
        training_batches({REAL: samples}, transform, MixedStream(recipe).batches(Position(), 5), workers)
    ) as loaded:
        return [batch.images.numpy().tobytes() + batch.labels.numpy().tobytes() for batch in loaded]


def test_training_samples_are_the_same_from_folder_and_pack_and_with_any_number_of_workers(
    data: DataConfig,
) -> None:
    pack = open_samples(data, data.real, pack=True)
    expected = batches(folder_samples(data), 0)
    assert len(set(expected)) == 5
    assert batches(pack, 0) == expected
    assert batches(pack, 1) == expected
    assert batches(pack, 2) == expected


def test_validation_reads_the_pack(data: DataConfig) -> None:
    pack, samples = open_samples(data, data.real, pack=True), folder_samples(data)
    for index, (image, label) in enumerate(validation_images(pack, 0)):
        assert torch.equal(image, samples[index][0])
        assert torch.equal(label, samples[index][1])


def test_a_pack_is_made_once(data: DataConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    renewed_pack(folder_samples(data))
    monkeypatch.setattr(find, "write_pack", None)
    assert isinstance(open_samples(data, data.real, pack=True), PackedSamples)


def change_pixels(root: Path) -> None:
    add_pair(root, "2", seed=99, size=(32, 40))


def touch_label(root: Path) -> None:
    os.utime(root / "labels/1.png", (1, 1))


def add_one(root: Path) -> None:
    add_pair(root, "1b", seed=98)


def take_one(root: Path) -> None:
    (root / "images/6.jpg").unlink()


@pytest.mark.parametrize("change", [change_pixels, touch_label, add_one, take_one])
def test_a_changed_source_is_packed_anew(data: DataConfig, change: Any) -> None:
    folder, before, _ = renewed_pack(folder_samples(data))
    change(data.root)
    samples = open_samples(data, data.real, pack=True)
    assert isinstance(samples, PackedSamples)
    assert equal(samples, folder_samples(data))
    after = read_manifest(folder)
    assert after is not None
    assert after.stamp != before.stamp


def test_other_meanings_of_label_ids_are_another_pack(data: DataConfig) -> None:
    mapped = data.model_copy(update={"label_map": {2: 0}})
    assert pack_folder(folder_samples(data)) != pack_folder(folder_samples(mapped))
    image, label = open_samples(mapped, mapped.real, pack=True)[0]
    assert image.shape == (3, 30, 40)
    assert label.unique().tolist() == [0, 1]


def test_who_reads_is_not_disturbed_by_a_new_pack(data: DataConfig) -> None:
    reader = open_samples(data, data.real, pack=True)
    before = [reader[index][0].clone() for index in range(len(reader))]
    change_pixels(data.root)
    open_samples(data, data.real, pack=True)
    assert all(torch.equal(reader[index][0], image) for index, image in enumerate(before))


@pytest.mark.parametrize("damage", ["cut short", "no manifest", "half a manifest", "a shard is gone"])
def test_a_damaged_pack_is_made_anew(data: DataConfig, damage: str) -> None:
    folder, manifest, _ = renewed_pack(folder_samples(data))
    shard = folder / manifest.shards[0].file
    match damage:
        case "cut short":
            os.truncate(shard, shard.stat().st_size - 10)
        case "no manifest":
            (folder / MANIFEST).unlink()
        case "half a manifest":
            (folder / MANIFEST).write_text((folder / MANIFEST).read_text()[:40])
        case "a shard is gone":
            shard.unlink()
    assert equal(open_samples(data, data.real, pack=True), folder_samples(data))


def test_without_room_the_folder_is_read_and_said_so(
    data: DataConfig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    usage = shutil.disk_usage(data.root)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=40_000))
    with caplog.at_level(logging.WARNING, "segsweep.data"):
        assert isinstance(open_samples(data, data.real, pack=True), FolderSamples)
    assert "is read file by file, which is slower: decoded it takes about 0.0 GB" in caplog.text


def test_where_nothing_can_be_written_the_folder_is_read(
    data: DataConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SEGSWEEP_CACHE", str(tmp_path / "file"))
    with caplog.at_level(logging.WARNING, "segsweep.data"):
        assert isinstance(open_samples(data, data.real, pack=True), FolderSamples)
    assert "images: is read file by file" in caplog.text


def test_a_full_disk_leaves_nothing_behind(data: DataConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("trainables.data.packs.write.sync", full)
    assert isinstance(open_samples(data, data.real, pack=True), FolderSamples)
    assert [path.suffix for path in pack_folder(folder_samples(data)).parent.iterdir()] == [".lock"]


def test_an_image_that_cannot_be_read_is_named(data: DataConfig) -> None:
    (data.root / "images/5.jpg").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"images/5\.jpg: cannot be read as an image"):
        open_samples(data, data.real, pack=True)
    assert [path.suffix for path in pack_folder(folder_samples(data)).parent.iterdir()] == [".lock"]


def test_verification_finds_what_stamps_cannot(data: DataConfig) -> None:
    samples = folder_samples(data)
    pack = renewed_pack(samples)
    assert list(pack_faults(samples, pack)) == []
    image = data.root / "images/4.jpg"
    found = image.stat()
    content = bytearray(image.read_bytes())
    content[-5] ^= 1
    image.write_bytes(content)
    os.utime(image, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert renewed_pack(samples) == pack._replace(is_new=False)  # size and time are what they were
    assert [fault.partition(": ")[0] for fault in pack_faults(samples, pack)] == [str(image)]
    shard = pack.folder / pack.manifest.shards[0].file
    damaged = bytearray(shard.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    shard.write_bytes(damaged)
    assert "is damaged" in next(pack_faults(samples, pack))


def test_pickled_without_pixels(data: DataConfig) -> None:
    samples = open_samples(data, data.real, pack=True)
    sent = pickle.dumps(samples)
    assert len(sent) < 3000
    assert equal(pickle.loads(sent), samples)


def _private_bytes_after_reading(folder: Path, files: tuple[str, ...]) -> int:
    """Of memory that belongs to this process alone and was written to."""
    samples = PackedSamples(folder, files)
    _sum(samples, 0)  # torch and Arrow take some for themselves at first
    before = _private_dirty()
    assert sum(_sum(samples, index) for index in range(len(samples))) > 0
    return _private_dirty() - before


def _sum(samples: PackedSamples, index: int) -> int:
    return int(samples[index][0].numpy()[..., ::8].astype(np.int64).sum())


def _private_dirty() -> int:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_Dirty"))


@pytest.mark.skipif(
    not Path("/proc/self/smaps_rollup").exists(), reason="only Linux tells which memory is shared"
)
def test_a_second_trial_adds_no_second_copy(data: DataConfig) -> None:
    for number in range(40):
        add_pair(data.root, f"large{number}", number, (400, 500))
    samples = open_samples(data, data.real, pack=True)
    assert isinstance(samples, PackedSamples)
    size = sum(samples[index][0].numel() for index in range(len(samples)))
    with multiprocessing.get_context("forkserver").Pool(2) as pool:
        arguments = [(pack_folder(folder_samples(data)), folder_samples(data).names())] * 2
        private = pool.starmap(_private_bytes_after_reading, arguments, chunksize=1)
    assert size > 20_000_000
    assert max(private) < size / 8
