"""Images with labels: from folders on disk, or street scenes that the package renders itself."""

from __future__ import annotations

from trainables.contract import DataConfig, FolderSource, Source
from trainables.data.controls import control_samples
from trainables.data.folders import FolderSamples
from trainables.data.samples import Samples
from trainables.data.scenes import SceneSamples

__all__ = ["FolderSamples", "Samples", "SceneSamples", "control_samples", "open_samples"]


def open_samples(data: DataConfig, source: Source) -> Samples:
    """The images of one source of `data`.

    Raises:
        DataError: a folder is missing or empty, an image has no label, labels don't fit the classes.
    """
    if isinstance(source, FolderSource):
        return FolderSamples(data, source)
    return SceneSamples(data, source)
