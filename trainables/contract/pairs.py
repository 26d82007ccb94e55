"""How an image finds its label: by its stem, as mmsegmentation does. Paths only, nothing is opened."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trainables.contract.data import DataConfig, FolderSource, Layout


@dataclass(frozen=True)
class LayoutFolders:
    """Where a split lies in a layout; `{split}` is filled in."""

    images: str
    labels: str
    image_suffix: str
    label_suffix: str


LAYOUTS: dict[Layout, LayoutFolders] = {
    "mmsegmentation": LayoutFolders("img_dir/{split}", "ann_dir/{split}", ".jpg", ".png"),
    "cityscapes": LayoutFolders(
        "leftImg8bit/{split}", "gtFine/{split}", "_leftImg8bit.png", "_gtFine_labelTrainIds.png"
    ),
    "bdd100k": LayoutFolders("images/10k/{split}", "labels/sem_seg/masks/{split}", ".jpg", ".png"),
}


@dataclass(frozen=True)
class PairedFolders:
    """The two folders of a source and the ends of their file names."""

    images: Path
    labels: Path
    image_suffix: str
    label_suffix: str

    def image_paths(self) -> list[Path]:
        """All images, sorted; empty if the folder is missing."""
        return sorted(path for path in self.images.rglob(f"*{self.image_suffix}") if path.is_file())

    def inventory(self, images: Sequence[Path]) -> str:
        """How many images there are, and a hash of their names: another where one came, went or was renamed.

        `images`: what `image_paths` has found.
        """
        names = "\n".join(image.relative_to(self.images).as_posix() for image in images)
        return f"{len(images)} images, {hashlib.sha256(names.encode()).hexdigest()[:12]}"

    def label_path(self, image: Path) -> Path:
        """The label that belongs to an image, whether it exists or not."""
        relative = str(image.relative_to(self.images))
        return self.labels / (relative.removesuffix(self.image_suffix) + self.label_suffix)


def paired_folders(data: DataConfig, source: FolderSource) -> PairedFolders:
    """The folders of `source`, with what it leaves out filled in by the layout and, for labels, `data.real`.

    Raises:
        ValueError: neither `split` nor the folder itself is given.
    """
    layout = LAYOUTS[data.layout]
    images = source.images or _of_split(layout.images, source.split)
    labels = source.labels or _of_split(layout.labels, source.split) or _labels_of_real(data, layout)
    if images is None:
        raise ValueError("names no images; give `split` or `images`")
    if labels is None:
        raise ValueError("names no labels; give `split` or `labels`")
    return PairedFolders(
        images=data.root / images,
        labels=data.root / labels,
        image_suffix=source.image_suffix or layout.image_suffix,
        label_suffix=source.label_suffix or layout.label_suffix,
    )


def _of_split(folder: str, split: str | None) -> str | None:
    return folder.format(split=split) if split is not None else None


def _labels_of_real(data: DataConfig, layout: LayoutFolders) -> str | None:
    if not isinstance(data.real, FolderSource):
        return None
    return data.real.labels or _of_split(layout.labels, data.real.split)
