"""A checkpoint is whole or not there, knows its trial, and runs no code."""

from __future__ import annotations

import errno
import pickle
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trainables.checkpoint import (
    load_checkpoint,
    random_states,
    restore_random_states,
    save_checkpoint,
)
from trainables.contract import TrialConfig, TrialError

STATE = {"model": {"weight": torch.arange(3.0)}, "iteration": 7, "report": None, "loss": float("inf")}


def config(**changes: Any) -> TrialConfig:
    trial = {
        "data": {"real": {"scenes": "real", "count": 4}, "validation": {"scenes": "real", "count": 2}},
        "model": {},
        "training": {"iterations": 10, **changes.pop("training", {})},
        "real_ratio": 1.0,
        "seed": 0,
        "validate_at": [10],
    }
    return TrialConfig.model_validate({**trial, **changes})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "checkpoint.pt"


def test_gives_back_what_was_saved(path: Path) -> None:
    save_checkpoint(path, config(), STATE)
    state = load_checkpoint(path, config())
    assert state.keys() == STATE.keys()
    assert torch.equal(state["model"]["weight"], torch.arange(3.0))
    assert (state["iteration"], state["report"], state["loss"]) == (7, None, float("inf"))


def test_random_generators_go_on_where_they_were(path: Path) -> None:
    def draws() -> list[float]:
        return [
            random.random(),
            random.gauss(0, 1),
            np.random.normal(),
            torch.rand(1).item(),
            np.random.rand(),
        ]

    random.gauss(0, 1)  # leaves a second value behind, which is part of the state
    np.random.normal()
    save_checkpoint(path, config(), {"random": random_states()})
    expected = draws()
    assert draws() != expected
    restore_random_states(load_checkpoint(path, config())["random"])
    assert draws() == expected


def test_a_second_save_replaces_the_first(path: Path) -> None:
    save_checkpoint(path, config(), {"iteration": 1})
    save_checkpoint(path, config(), {"iteration": 2})
    assert load_checkpoint(path, config()) == {"iteration": 2}
    assert list(path.parent.iterdir()) == [path]


class FullDisk:
    """`os.fsync` and file writes fail from the given call on."""

    def __call__(self, *_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("call", ["os.fsync", "pathlib.Path.replace"])
def test_a_failed_save_leaves_the_old_checkpoint_and_nothing_else(
    path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    save_checkpoint(path, config(), {"iteration": 1})
    monkeypatch.setattr(call, FullDisk())
    with pytest.raises(OSError, match="the one before it is kept: No space left on device") as error:
        save_checkpoint(path, config(), {"iteration": 2})
    monkeypatch.undo()
    assert error.value.errno == errno.ENOSPC
    assert error.value.filename == str(path)
    assert load_checkpoint(path, config()) == {"iteration": 1}
    assert list(path.parent.iterdir()) == [path]


def test_a_disk_that_is_really_full(path: Path) -> None:
    """A limit on file size fails in the middle of the write, as a full disk does."""
    resource = pytest.importorskip("resource")
    save_checkpoint(path, config(), {"iteration": 1})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OSError, match="the one before it is kept"):
            save_checkpoint(path, config(), {"weights": torch.zeros(1_000_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert load_checkpoint(path, config()) == {"iteration": 1}
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("damage", ["cut", "overwritten", "empty", "text", "other"])
def test_a_damaged_file_is_named(path: Path, damage: str) -> None:
    save_checkpoint(path, config(), STATE)
    whole = path.read_bytes()
    contents = {
        "cut": whole[: len(whole) // 2],
        "overwritten": b"\xff" * 300 + whole[300:],
        "empty": b"",
        "text": b"?",
    }
    if damage == "other":
        torch.save({"state_dict": {}}, path)
    else:
        path.write_bytes(contents[damage])
    with pytest.raises(TrialError, match=f"{path}: is damaged or no checkpoint; delete it"):
        load_checkpoint(path, config())


def test_one_wrong_byte_is_an_error_or_does_not_matter(path: Path) -> None:
    save_checkpoint(path, config(), {"weights": torch.zeros(500)})
    whole = path.read_bytes()
    refused = 0
    for position in range(0, len(whole), 37):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x55]) + whole[position + 1 :])
        try:
            assert torch.equal(load_checkpoint(path, config())["weights"], torch.zeros(500))
        except TrialError:
            refused += 1
    assert refused > 40


def test_storage_that_fails_is_not_taken_for_damage(path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=str(path)):
        load_checkpoint(path, config())


def test_a_pickle_that_runs_code_is_refused(path: Path) -> None:
    class Harmful:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (path.with_name("ran"),)

    torch.save({"trial": Harmful()}, path)
    with pytest.raises(TrialError, match="is damaged or no checkpoint"):
        load_checkpoint(path, config())
    path.write_bytes(pickle.dumps(Harmful()))
    with pytest.raises(TrialError, match="is damaged or no checkpoint"):
        load_checkpoint(path, config())
    assert not path.with_name("ran").exists()


def test_a_checkpoint_of_another_trial_is_refused_with_the_keys_that_differ(path: Path) -> None:
    save_checkpoint(path, config(seed=1, training={"batch_size": 4}), STATE)
    with pytest.raises(TrialError) as error:
        load_checkpoint(path, config(seed=2))
    assert "seed is 1 there, 2 here" in str(error.value)
    assert "training.batch_size is 4 there, 8 here" in str(error.value)
    assert str(path) in str(error.value)


def test_a_checkpoint_of_an_older_way_to_train_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_checkpoint(path, config(), STATE)
    monkeypatch.setattr("trainables.checkpoint.TRAINING_RECIPE", "next")
    with pytest.raises(TrialError, match="training_recipe is 'segsweep-training-v2' there, 'next' here"):
        load_checkpoint(path, config())


def test_what_does_not_change_the_weights_may_change(path: Path) -> None:
    save_checkpoint(path, config(), STATE)
    changed = config(validate_at=[5, 10], training={"workers": 2, "log_interval": 3})
    assert load_checkpoint(path, changed)["iteration"] == 7
