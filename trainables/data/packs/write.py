"""Decodes a source of images and writes it as a pack."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
from torch import Tensor

from trainables.atomic import sync, write_whole
from trainables.data.folders import FolderSamples
from trainables.data.packs.manifest import MANIFEST, Manifest, Shard, file_sha256, stamp_of

SCHEMA = pa.schema(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("image_sha256", pa.string(), nullable=False),
        pa.field("label_sha256", pa.string(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("image", pa.large_binary(), nullable=False),
        pa.field("label", pa.large_binary(), nullable=False),
    ]
)
"""`image`: height x width x 3 bytes, red, green, blue. `label`: height x width class ids or the ignore index.
Names are relative to the image folder; hashes are of the files that were decoded."""

SHARD_BYTES = 1 << 30
_BATCH_BYTES = 32 << 20


@dataclass(frozen=True)
class _Row:
    name: str
    image_sha256: str
    label_sha256: str
    height: int
    width: int
    image: bytes
    label: bytes

    @property
    def size(self) -> int:
        return len(self.image) + len(self.label)


def write_pack(
    samples: FolderSamples,
    folder: Path,
    *,
    threads: int = 1,
    shard_bytes: int = SHARD_BYTES,
    tell: Callable[[int], None] = lambda done: None,
) -> Manifest:
    """Puts the pack of `samples` at `folder`, in place of one that is there; nobody ever sees half of it.

    The caller keeps others from doing the same at once.

    Args:
        samples: what is packed.
        folder: its parent exists.
        threads: that decode.
        shard_bytes: a file is closed once it has so many bytes of pixels.
        tell: is told after each image how many are done.

    Raises:
        DataError: an image or label cannot be read or used.
        OSError: the disk is full, or cannot be written; what was there before is whole.
    """
    stamp = stamp_of(samples)  # before anything is read: what changes meanwhile makes the pack a stale one
    unfinished = folder.with_name(f"{folder.name}.{uuid4().hex}.tmp")
    unfinished.mkdir()
    try:
        shards = tuple(_written_shards(_rows(samples, threads, tell), unfinished, shard_bytes))
        source = str(samples.folders.images.resolve())
        manifest = Manifest(source=source, stamp=stamp, images=len(samples), shards=shards)
        write_whole(unfinished / MANIFEST, manifest.model_dump_json(indent=2).encode())
        if folder.exists():  # readers keep the files that they have mapped
            folder.rename(unfinished.with_suffix(".old"))
        unfinished.rename(folder)
    finally:
        for left in (unfinished, unfinished.with_suffix(".old")):
            shutil.rmtree(left, ignore_errors=True)
    return manifest


def _rows(samples: FolderSamples, threads: int, tell: Callable[[int], None]) -> Iterator[_Row]:
    """In order, a few ahead of what is written."""
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(samples), 4 * threads):
            indices = range(start, min(start + 4 * threads, len(samples)))
            yield from pool.map(lambda index: _row(samples, index), indices)
            tell(indices[-1] + 1)


def _row(samples: FolderSamples, index: int) -> _Row:
    image_path, label_path = samples.files(index)
    image_CHW, label_HW = samples[index]
    height, width = label_HW.shape
    return _Row(
        name=image_path.relative_to(samples.folders.images).as_posix(),
        image_sha256=file_sha256(image_path),
        label_sha256=file_sha256(label_path),
        height=height,
        width=width,
        image=_bytes(image_CHW.permute(1, 2, 0)),
        label=_bytes(label_HW),
    )


def _written_shards(rows: Iterator[_Row], folder: Path, shard_bytes: int) -> Iterator[Shard]:
    number = 0
    row = next(rows, None)
    while row is not None:
        path = folder / f"images-{number:05}.arrow"
        images = size = 0
        with path.open("xb") as file, pa.ipc.new_file(file, SCHEMA) as writer:
            batch: list[_Row] = []
            while row is not None and (not images or size < shard_bytes):
                batch.append(row)
                images, size = images + 1, size + row.size
                if sum(one.size for one in batch) >= _BATCH_BYTES:
                    writer.write_batch(_record_batch(batch))
                    batch = []
                row = next(rows, None)
            if batch:
                writer.write_batch(_record_batch(batch))
        sync(path)
        yield Shard(file=path.name, images=images, bytes=path.stat().st_size, sha256=file_sha256(path))
        number += 1


def _record_batch(rows: list[_Row]) -> pa.RecordBatch:
    columns = [pa.array([getattr(row, field.name) for row in rows], field.type) for field in SCHEMA]
    return pa.record_batch(columns, schema=SCHEMA)


def _bytes(pixels: Tensor) -> bytes:
    return pixels.contiguous().numpy().tobytes()
