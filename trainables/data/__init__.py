"""Images with labels: from folders on disk, or street scenes that the package renders itself."""

from __future__ import annotations

from trainables.contract import DataConfig, DataError, ElsewhereSource, FolderSource, Source
from trainables.data.controls import control_samples
from trainables.data.folders import FolderSamples
from trainables.data.packs import packed
from trainables.data.samples import Samples
from trainables.data.scenes import SceneSamples

__all__ = ["FolderSamples", "Samples", "SceneSamples", "control_samples", "open_samples"]


def open_samples(
    data: DataConfig, source: Source, inventory: str | None = None, *, pack: bool = False
) -> Samples:
    """The images of one source of `data`.

    Args:
        data: gives root, layout, classes and what label ids mean.
        source: one of `data`'s.
        inventory: what a folder must hold, by `PairedFolders.inventory`; None: whatever it holds.
        pack: read a folder from its pack (`trainables.data.packs`), which is made if need be.

    Raises:
        DataError: a folder is missing, empty or holds other images, an image has no label, labels don't fit
            the classes.
    """
    if isinstance(source, FolderSource):
        samples = FolderSamples(data, source, inventory)
        return packed(samples) if pack else samples
    if isinstance(source, ElsewhereSource):
        raise DataError(f"{source.elsewhere!r} lies elsewhere: only a trainer of your own can find it")
    return SceneSamples(data, source)
