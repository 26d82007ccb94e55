"""One file that a killed trial goes on from: written whole or not at all, read without running it."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from trainables.atomic import write_whole
from trainables.contract import TrialConfig, TrialError
from trainables.contract.versions import TRAINING_RECIPE

TRIAL = "trial"
FREE_TO_CHANGE = frozenset(
    {
        "validate_at",
        "training.checkpoint_interval",
        "training.log_interval",
        "training.validation_interval",
        "training.workers",
        "training.pack",
    }
)
"""Keys of a TrialConfig that do not change what is learned; a checkpoint may go on with other values."""


def save_checkpoint(path: Path, config: TrialConfig, state: dict[str, Any]) -> None:
    """Replaces the checkpoint at `path`: it is the old one or the new one at any moment, also if power fails.

    Args:
        path: the checkpoint; its folder exists.
        config: of the trial, kept to recognise the checkpoint by.
        state: dicts, lists, numbers, strings and tensors, nothing else.

    Raises:
        OSError: it cannot be written, as on a full disk; the old one is whole and nothing is left beside it.
    """
    buffer = io.BytesIO()  # torch aborts the process if a file it writes to itself fails
    torch.save({TRIAL: _identity(config), **state}, buffer)
    try:
        write_whole(path, buffer.getbuffer())
    except OSError as error:
        reason = f"the checkpoint cannot be written, the one before it is kept: {error.strerror}"
        raise OSError(error.errno, reason, str(path)) from error


def load_checkpoint(path: Path, config: TrialConfig) -> dict[str, Any]:
    """The state that `save_checkpoint` was given.

    Raises:
        TrialError: the file is damaged, or is the checkpoint of another trial.
        OSError: the storage fails; a retry may mend it.
    """
    state = read_checkpoint(path)
    saved = state.pop(TRIAL)
    if differences := _differences(saved, _identity(config)):
        raise TrialError(f"{path}: is the checkpoint of another trial: {'; '.join(differences)}")
    return state


def random_states() -> dict[str, Any]:
    """The states of all global random generators: torch on CPU and CUDA, numpy, Python."""
    version, words, gauss = random.getstate()
    numpy_state: dict[str, Any] = np.random.get_state(legacy=False)
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "python": [version, list(words), gauss],
        "numpy": {
            **numpy_state,
            "state": {**numpy_state["state"], "key": numpy_state["state"]["key"].tolist()},
        },
    }


def restore_random_states(states: dict[str, Any]) -> None:
    """Undoes whatever was drawn since `random_states`. CUDA's are skipped on another number of devices."""
    torch.set_rng_state(states["torch"])
    if torch.cuda.is_available() and torch.cuda.device_count() == len(states["cuda"]):
        torch.cuda.set_rng_state_all(states["cuda"])
    version, words, gauss = states["python"]
    random.setstate((version, tuple(words), gauss))
    numpy_state = states["numpy"]
    key = np.array(numpy_state["state"]["key"], dtype=np.uint32)
    np.random.set_state({**numpy_state, "state": {**numpy_state["state"], "key": key}})


def read_checkpoint(path: Path) -> dict[str, Any]:
    """All of a checkpoint, whichever trial's. Raises TrialError, OSError."""
    try:
        with zipfile.ZipFile(path) as archive:  # torch writes check sums, but does not look at them
            damaged = archive.testzip()
        if damaged is not None:
            raise zipfile.BadZipFile(f"wrong check sum of {damaged}")
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        state[TRIAL]  # a file of another program has none
    except OSError:
        raise
    except Exception as error:  # whatever damaged bytes are taken for
        advice = "delete it to start the trial anew"
        raise TrialError(f"{path}: is damaged or no checkpoint; {advice}: {error}") from error
    return state


def _identity(config: TrialConfig) -> dict[str, Any]:
    """What a checkpoint is recognised by."""
    return {**config.model_dump(mode="json", exclude={"inventories"}), "training_recipe": TRAINING_RECIPE}


def _differences(saved: dict[str, Any], given: dict[str, Any]) -> list[str]:
    before, now = _flat(saved), _flat(given)
    keys = sorted(key for key in before.keys() | now.keys() if key not in FREE_TO_CHANGE)
    return [
        f"{key} is {before.get(key)!r} there, {now.get(key)!r} here"
        for key in keys
        if before.get(key) != now.get(key)
    ]


def _flat(section: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Values by dotted path."""
    flat: dict[str, Any] = {}
    for key, value in section.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat
