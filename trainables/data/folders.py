"""Images and labels out of folders on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from trainables.contract import DataConfig, DataError, FolderSource
from trainables.contract.pairs import PairedFolders, paired_folders
from trainables.data.labels import ClassIds, Uint8Array

_EIGHT_BIT_IMAGES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr")
_ONE_CHANNEL_LABELS = ("1", "L", "P")


class FolderSamples:
    """The images of a folder, sorted by path, each with its label. Files are read when asked for.

    Args:
        data: gives root, layout, classes and what label ids mean.
        source: gives the folders.
        inventory: what they must hold, by `PairedFolders.inventory`; None: whatever they hold.

    Raises:
        DataError: a folder is missing or empty or holds other images, or an image has no label.
    """

    def __init__(self, data: DataConfig, source: FolderSource, inventory: str | None = None) -> None:
        self.folders = _folders_of(data, source)
        self._class_ids = ClassIds(data)
        self._images = _images_with_labels(self.folders)
        if inventory is not None and inventory != (found := self.folders.inventory(self._images)):
            raise DataError(
                f"{self.folders.images}: holds other images than when the sweep was begun or resumed: "
                f"{found}, not {inventory}. All trials are trained on the same: put back what is missing, "
                "take out what is new, then `sweep resume --retry-failed`"
            )

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        path, label_path = self.files(index)
        image_HWC = _read_image(path)
        label_HW = self._class_ids.of(_read_label(label_path), str(label_path))
        if image_HWC.shape[:2] != label_HW.shape:
            raise DataError(
                f"{label_path}: is {_size(label_HW)} pixels, but its image {path} is {_size(image_HWC)}; "
                "they must be equal"
            )
        return torch.from_numpy(image_HWC).permute(2, 0, 1), torch.from_numpy(label_HW)

    def name(self, index: int) -> str:
        """Path of the image."""
        return str(self._images[index])

    def names(self) -> tuple[str, ...]:
        """Of all images."""
        return tuple(map(str, self._images))

    def files(self, index: int) -> tuple[Path, Path]:
        """The image and its label."""
        image = self._images[index]
        return image, self.folders.label_path(image)

    def identity(self) -> tuple[str, ...]:
        """What must be equal for two sources to give the same of the same files."""
        folders = (str(folder.resolve()) for folder in (self.folders.images, self.folders.labels))
        return (*folders, self.folders.image_suffix, self.folders.label_suffix, self._class_ids.identity)


def _folders_of(data: DataConfig, source: FolderSource) -> PairedFolders:
    try:
        return paired_folders(data, source)
    except ValueError as error:
        raise DataError(f"a source of data {error}") from error


def _images_with_labels(folders: PairedFolders) -> list[Path]:
    for folder in (folders.images, folders.labels):
        if not folder.is_dir():
            raise DataError(f"{folder}: no such folder")
    images = folders.image_paths()
    if not images:
        raise DataError(f"{folders.images}: holds no file that ends in {folders.image_suffix!r}")
    lonely = [image for image in images if not folders.label_path(image).is_file()]
    if lonely:
        raise DataError(
            f"{lonely[0]}: has no label; {folders.label_path(lonely[0])} is missing "
            f"({len(lonely)} of {len(images)} images in {folders.images} have none)"
        )
    return images


def _read_image(path: Path) -> Uint8Array:
    """RGB of shape (H, W, 3), turned as its EXIF data say, as OpenCV does for mmsegmentation."""
    image = _open(path)
    if image.mode not in _EIGHT_BIT_IMAGES:
        raise DataError(f"{path}: has pixels of mode {image.mode}; images must have 8 bits a channel")
    return np.array(ImageOps.exif_transpose(image).convert("RGB"))


def _read_label(path: Path) -> Uint8Array:
    """Ids as they stand in the file, shape (H, W). Of a palette image: the indices, not the colours."""
    label = _open(path)
    if label.mode not in _ONE_CHANNEL_LABELS:
        raise DataError(
            f"{path}: has pixels of mode {label.mode}; a label must have one channel of 8 bits, the class ids"
        )
    return np.array(label, dtype=np.uint8)


def _open(path: Path) -> Image.Image:
    try:
        with Image.open(path) as image:
            image.load()
            return image
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: cannot be read as an image: {error}") from error


def _size(array: Uint8Array) -> str:
    return f"{array.shape[1]}x{array.shape[0]}"
