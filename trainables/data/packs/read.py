"""A source of images out of a pack."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables.data.labels import Uint8Array


class _Rows(NamedTuple):
    """Where pixels lie; an entry an image."""

    shard: NDArray[np.int64]
    image_at: NDArray[np.int64]
    label_at: NDArray[np.int64]
    height: NDArray[np.int64]
    width: NDArray[np.int64]


class PackedSamples:
    """The images of a pack, in its order. They are views of files that are mapped into memory: a read costs
    nothing, and pixels are fetched when they are looked at. Don't write to them.

    Args:
        folder: of the pack.
        files: paths of the images that it was made of, for messages.

    Raises:
        OSError, pyarrow.ArrowInvalid: a file is missing or is no Arrow IPC file.
    """

    def __init__(self, folder: Path, files: tuple[str, ...]) -> None:
        self._folder = folder
        self._files = files
        paths = sorted(folder.glob("images-*.arrow"))
        # copy on write, since torch takes no read-only memory
        self._pixels: list[Uint8Array] = [np.memmap(path, np.uint8, mode="c") for path in paths]
        self._rows = _Rows(*np.concatenate([_rows(*shard) for shard in enumerate(paths)], axis=1))

    def __reduce__(self) -> tuple[type[PackedSamples], tuple[Path, tuple[str, ...]]]:
        """A process that loads data maps the files itself: pickling would copy all of them."""
        return PackedSamples, (self._folder, self._files)

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        shard, image_at, label_at, height, width = (int(column[index]) for column in self._rows)
        size = height * width
        image = self._pixels[shard][image_at : image_at + 3 * size].reshape(height, width, 3)
        label = self._pixels[shard][label_at : label_at + size].reshape(height, width)
        return torch.from_numpy(image).permute(2, 0, 1), torch.from_numpy(label)

    def name(self, index: int) -> str:
        """Path of the image that was packed."""
        return self._files[index]


def _rows(shard: int, path: Path) -> NDArray[np.int64]:
    """The columns of `_Rows` for one file, as Arrow finds them in it: offsets in bytes from its beginning."""
    with pa.memory_map(str(path)) as source:
        whole = source.read_buffer(source.size())
        reader = pa.ipc.open_file(whole)
        batches = [reader.get_batch(number) for number in range(reader.num_record_batches)]
        return np.concatenate([_rows_of_batch(shard, batch, whole.address) for batch in batches], axis=1)


def _rows_of_batch(shard: int, batch: pa.RecordBatch, start: int) -> NDArray[np.int64]:
    places = [_addresses(batch.column(name)) - start for name in ("image", "label")]
    size = [batch.column(name).to_numpy().astype(np.int64) for name in ("height", "width")]
    return np.stack([np.full(len(batch), shard), *places, *size])


def _addresses(column: pa.LargeBinaryArray) -> NDArray[np.int64]:
    """Where the bytes of each row begin."""
    _, offsets, values = column.buffers()
    starts: NDArray[np.int64] = np.frombuffer(offsets, np.int64, count=len(column), offset=8 * column.offset)
    return starts + np.int64(values.address)
