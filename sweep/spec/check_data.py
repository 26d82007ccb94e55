"""Checks that need the disk."""

from __future__ import annotations

from sweep.spec.load import LoadedSpec


def check_data(loaded: LoadedSpec) -> None:
    """Raises SpecError with all that is wrong with folders, pairs and label ids."""
    raise NotImplementedError
