"""How many images a source has."""

from __future__ import annotations

from trainables.contract import DataConfig, ElsewhereSource, SceneSource, Source
from trainables.contract.pairs import paired_folders


def number_of_images(data: DataConfig, source: Source) -> int | None:
    """How many images a source has; None if its folder is missing, or nobody said."""
    if isinstance(source, SceneSource):
        return source.count
    if isinstance(source, ElsewhereSource):
        return source.image_count
    folders = paired_folders(data, source)
    return len(folders.image_paths()) if folders.images.is_dir() else None
