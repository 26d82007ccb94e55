"""What a command is told through its environment where it runs as a Ray job."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from sweep.errors import StorageError
from sweep.storage import Storage

OWNER_VARIABLE = "SEGSWEEP_OWNER"
"""Who submitted it."""
_ARGUMENTS_VARIABLE = "SEGSWEEP_ARGUMENTS"


def environment_of(arguments: Sequence[str], owner: str) -> dict[str, str]:
    """What `python -m sweep` needs to run as `sweep ARGUMENTS`.

    Ray gives the entrypoint of a job to a shell, so what a user typed is not made part of it.
    """
    return {_ARGUMENTS_VARIABLE: json.dumps(list(arguments)), OWNER_VARIABLE: owner}


def take_arguments() -> None:
    """In a job, puts the arguments where those of a command line are; elsewhere nothing."""
    if is_job():
        sys.argv[1:] = json.loads(os.environ[_ARGUMENTS_VARIABLE])


def is_job() -> bool:
    """Whether this process was started as a Ray job of ours."""
    return _ARGUMENTS_VARIABLE in os.environ


def must_outlast_job(storage: Storage) -> None:
    """Nothing. Raises StorageError: this is a job, and the storage is in its folder, which Ray deletes."""
    if is_job() and isinstance(storage, Path) and Path.cwd() in storage.absolute().parents:
        raise StorageError(
            "no storage is named, neither by storage.path of the spec nor by SEGSWEEP_STORAGE in the "
            "environment of the cluster's head; that of a job would be deleted. Name one that all nodes see"
        )
