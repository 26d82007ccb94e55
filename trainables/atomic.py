"""A file that is written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Replaces the file at `path`: it is the old one or the new one at any moment, also if power fails.

    Raises:
        OSError: it cannot be written, as on a full disk; the old one is whole and nothing is left beside it.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")  # its orphaned predecessor may still write
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync(path.parent)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def sync(path: Path) -> None:
    """Makes what a file holds, or which names a folder has, last through a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
