"""Compares a pack with what it was made of, byte by byte."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from trainables.data.folders import FolderSamples
from trainables.data.packs.find import Pack
from trainables.data.packs.manifest import file_sha256


def pack_faults(samples: FolderSamples, pack: Pack) -> Iterator[str]:
    """What is wrong with a pack: files of it that are damaged, images or labels that are now others."""
    folder, shards = pack.folder, pack.manifest.shards
    for shard in shards:
        if file_sha256(folder / shard.file) != shard.sha256:
            yield f"{folder / shard.file}: is damaged; delete {folder} and pack again"
            return
    packed = {name: hashes for shard in shards for name, hashes in _hashes(folder / shard.file)}
    for index in range(len(samples)):
        files = samples.files(index)
        expected = packed.get(files[0].relative_to(samples.folders.images).as_posix())
        for path, sha256 in zip(files, expected or ("", "")):
            if file_sha256(path) != sha256:
                yield f"{path}: is not what was packed; delete {folder} and pack again"


def _hashes(path: Path) -> Iterator[tuple[str, tuple[str, str]]]:
    with pa.memory_map(str(path)) as source:
        reader = pa.ipc.open_file(source)
        for number in range(reader.num_record_batches):
            batch = reader.get_batch(number)
            names, images, labels = (
                batch.column(name).to_pylist() for name in ("name", "image_sha256", "label_sha256")
            )
            yield from zip(names, zip(images, labels))
