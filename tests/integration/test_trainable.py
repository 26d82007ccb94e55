"""A trial that is killed anywhere and called again gives bit for bit the numbers of an undisturbed one."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.trials import small_trial
from trainables.contract import Progress, Report, TrialConfig
from trainables.local import FolderSession
from trainables.segmentation import train


def config(workers: int = 0) -> TrialConfig:
    """Reports at 8, 16 and 20, progress at every 3rd, checkpoints without a report at every 5th iteration."""
    training = {"log_interval": 3, "checkpoint_interval": 5, "workers": workers}
    model = {"architecture": "smp_pspnet", "encoder": "tu-mobilenetv3_small_050"}
    return small_trial(0.3, model=model, training=training)


class KilledError(Exception):
    """Stands for any end that a training function cannot see coming."""


class MortalSession(FolderSession):
    """Dies at one report or progress: with it unsent, or just after it was sent."""

    def __init__(self, folder: Path, at: str = "", iteration: int = 0, sent: bool = False) -> None:
        super().__init__(folder)
        self.death = (at, iteration)
        self.sent = sent

    def report(self, report: Report, checkpoint: Path) -> None:
        assert checkpoint.is_file()
        self._die_or(
            lambda: super(MortalSession, self).report(report, checkpoint), ("report", report.iteration)
        )

    def progress(self, progress: Progress) -> None:
        self._die_or(lambda: super(MortalSession, self).progress(progress), ("progress", progress.iteration))

    def _die_or(self, send: Any, now: tuple[str, int]) -> None:
        if now != self.death or self.sent:
            send()
        if now == self.death:
            raise KilledError


def timeless(items: list[Any]) -> dict[int, Any]:
    """Reports or progresses by iteration, without seconds; repeated ones must be equal."""
    by_iteration: dict[int, Any] = {}
    for item in items:
        plain = dataclasses.replace(item, seconds=0.0)
        if isinstance(plain, Report):
            plain = dataclasses.replace(plain, spent=None)
        assert by_iteration.setdefault(item.iteration, plain) == plain
    return by_iteration


def final_state(folder: Path) -> dict[str, Any]:
    state: dict[str, Any] = torch.load(folder / "checkpoint.pt", weights_only=True)
    for key in ("stopwatch", "trial"):
        del state[key]
    for key in ("seconds", "spent"):
        state["last_report"].pop(key)
    return state


def assert_equal_bits(left: Any, right: Any) -> None:
    assert type(left) is type(right)
    if isinstance(left, torch.Tensor):
        assert left.dtype == right.dtype
        assert torch.equal(left, right)
    elif isinstance(left, dict):
        assert left.keys() == right.keys()
        for key in left:
            assert_equal_bits(left[key], right[key])
    elif isinstance(left, list | tuple):
        assert len(left) == len(right)
        for one, other in zip(left, right, strict=True):
            assert_equal_bits(one, other)
    else:
        assert left == right


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> FolderSession:
    session = FolderSession(tmp_path_factory.mktemp("undisturbed"))
    train(config(), session)
    assert [report.iteration for report in session.reports] == [8, 16, 20]
    return session


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    ("at", "iteration", "sent"),
    [
        ("progress", 3, True),  # before any checkpoint
        ("progress", 6, False),  # after a checkpoint without a report
        ("report", 8, False),  # between checkpoint and report
        ("report", 8, True),  # just after a report
        ("progress", 15, True),  # between a progress and the checkpoint at the same iteration
        ("report", 20, False),  # nothing left to train
    ],
)
def test_killed_and_resumed_equals_undisturbed(
    undisturbed: FolderSession, tmp_path: Path, workers: int, at: str, iteration: int, sent: bool
) -> None:
    first, second = MortalSession(tmp_path, at, iteration, sent), MortalSession(tmp_path)
    with pytest.raises(KilledError):
        train(config(workers), first)
    train(config(workers), second)
    assert timeless(first.reports + second.reports) == timeless(undisturbed.reports)
    assert timeless(first.progresses + second.progresses) == timeless(undisturbed.progresses)
    assert_equal_bits(final_state(tmp_path), final_state(undisturbed.folder))


def test_killed_at_every_report_in_turn_equals_undisturbed(
    undisturbed: FolderSession, tmp_path: Path
) -> None:
    reports: list[Report] = []
    for iteration in (8, 16, 20):
        session = MortalSession(tmp_path, "report", iteration, sent=True)
        with pytest.raises(KilledError):
            train(config(), session)
        reports += session.reports
    assert timeless(reports) == timeless(undisturbed.reports)
    assert_equal_bits(final_state(tmp_path), final_state(undisturbed.folder))


def test_the_report_of_the_checkpoint_is_sent_again_first(tmp_path: Path) -> None:
    unsent = MortalSession(tmp_path, "report", 8)
    with pytest.raises(KilledError):
        train(config(), unsent)
    resumed = FolderSession(tmp_path)
    train(config(), resumed)
    assert unsent.reports == []
    assert [report.iteration for report in resumed.reports] == [8, 16, 20]


def test_a_finished_trial_only_repeats_its_last_report(undisturbed: FolderSession) -> None:
    again = FolderSession(undisturbed.folder)
    train(config(), again)
    assert again.reports == undisturbed.reports[-1:]
    assert again.progresses == []


def test_seconds_add_up_over_attempts(tmp_path: Path) -> None:
    first, second = MortalSession(tmp_path, "report", 16, sent=True), FolderSession(tmp_path)
    with pytest.raises(KilledError):
        train(config(), first)
    train(config(), second)
    seconds = [report.seconds for report in first.reports + second.reports]
    assert seconds == sorted(seconds)


KILLS_ITSELF = """
import os, signal, sys
from pathlib import Path
from tests.integration.test_trainable import config
from trainables.local import FolderSession
from trainables.segmentation import train
class Session(FolderSession):
    def progress(self, progress):
        if progress.iteration == 12:
            os.kill(os.getpid(), signal.SIGKILL)
train(config(), Session(Path(sys.argv[1])))
"""


def test_what_another_process_began_before_sigkill_goes_on_here(
    undisturbed: FolderSession, tmp_path: Path
) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", KILLS_ITSELF, str(tmp_path)]
    died = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert died.returncode == -signal.SIGKILL, died.stderr
    resumed = FolderSession(tmp_path)
    train(config(), resumed)
    assert timeless(resumed.reports) == timeless(undisturbed.reports)
    assert_equal_bits(final_state(tmp_path), final_state(undisturbed.folder))
