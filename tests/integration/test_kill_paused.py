"""A driver is killed while a trial of its sweep is paused: the sweep comes to the end of an undisturbed one.

tests/unit/test_promotions.py kills it after every single event.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pandas as pd

from sweep.engine.create import create_sweep
from sweep.engine.driver import Driver
from sweep.engine.messages import Started
from sweep.engine.promotions import PromotingSource, give_up_paused
from sweep.engine.sources import PlanSource, unfinished_trials
from sweep.ledger import Ledger, SweepState, replay
from sweep.ledger.events import (
    Event,
    TrialJudged,
    TrialPromoted,
    TrialReported,
    TrialStarted,
)
from sweep.plan import PlannedTrial, planned_trials, trial_config
from sweep.report import fair_frame
from sweep.spec import load_spec
from sweep.stopping import judge_of
from sweep.storage import SweepFolder
from tests.integration.commands import running_sweep, sweep_command, wait_for_event
from tests.integration.mlflow_runs import assert_mlflow_is_whole
from tests.specs import tiny_spec, write_spec
from trainables.contract import Progress, Report
from trainables.local import FolderSession
from trainables.segmentation import train

SPARED = {"name": "promote", "rungs": [4], "spare": 1}
"""Whoever is paused goes on in the end: `spare` promotes those that the rule itself gives up."""


def test_sweep_killed_with_paused_trials_comes_to_the_same_end(tmp_path: Path) -> None:
    training = {"iterations": 8, "batch_size": 2, "crop_size": [32, 48], "log_interval": 2}
    search = {"parameters": {"real_ratio": {"values": [0, 1]}}, "points_first": [{"real_ratio": 0}]}
    spec = tiny_spec(tmp_path / "sweeps", training=training, search=search, early_stopping=SPARED)
    write_spec(tmp_path / "tiny.yaml", spec)

    killed_after(is_pause, "run", "tiny.yaml", cwd=tmp_path)
    paused = [name for name, trial in state_of(tmp_path).trials.items() if trial.status == "paused"]
    assert paused, "it waits for the baseline"
    done = sweep_command("resume", "tiny", cwd=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    state = state_of(tmp_path)
    assert {state.trials[name].status for name in paused} == {"finished"}
    undisturbed = conducted_here(tmp_path)
    assert fates(state) == fates(undisturbed)
    pd.testing.assert_frame_equal(fair_frame(state), fair_frame(undisturbed))
    assert_nothing_was_done_twice(tmp_path)
    assert_mlflow_is_whole(tmp_path)


def is_pause(event: Event) -> bool:
    return isinstance(event, TrialJudged) and event.decision == "pause"


def killed_after(wanted: Callable[[Event], bool], *command: str, cwd: Path) -> None:
    with running_sweep(*command, cwd=cwd) as process:
        wait_for_event(cwd / "sweeps/tiny/ledger.jsonl", wanted, process)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()


def events_of(folder: Path) -> list[Event]:
    return list(Ledger(folder / "sweeps/tiny/ledger.jsonl").read())


def state_of(folder: Path) -> SweepState:
    return replay(events_of(folder))


def fates(state: SweepState) -> dict[str, tuple[str, int]]:
    return {name: (trial.status, trial.iteration) for name, trial in state.trials.items()}


def assert_nothing_was_done_twice(folder: Path) -> None:
    """Every trial went on from where it was paused, and no report came twice."""
    events = events_of(folder)
    reports = Counter(
        (event.trial_id, event.iteration) for event in events if isinstance(event, TrialReported)
    )
    assert set(reports.values()) == {1}
    for promotion in (event for event in events if isinstance(event, TrialPromoted)):
        after = events[events.index(promotion) :]
        starts = [
            one for one in after if isinstance(one, TrialStarted) and one.trial_id == promotion.trial_id
        ]
        assert {start.iteration for start in starts} == {promotion.rung}


class SentAwayError(Exception):
    """The driver ends the trial's process."""


class DriverSession(FolderSession):
    """A trial in this process, under a driver without Ray."""

    def __init__(self, driver: Driver, trial_id: str) -> None:
        super().__init__(driver.folder.trial(trial_id))
        self._driver, self._trial_id = driver, trial_id

    def report(self, report: Report, checkpoint: Path) -> None:
        self.progress(report)

    def progress(self, progress: Progress | Report) -> None:
        if not self._driver.handle(self._trial_id, progress):
            raise SentAwayError


def conducted_here(folder: Path) -> SweepState:
    """The same sweep, never disturbed, one trial after another in this process."""
    loaded = load_spec(folder / "tiny.yaml")
    own = SweepFolder(folder / "undisturbed", "tiny")
    own.create()
    driver = Driver(own, loaded.spec, create_sweep(own, loaded), judge_of(loaded.spec))
    driver.plan(planned_trials(loaded.spec))
    source = PromotingSource(PlanSource(unfinished_trials(driver.spec, driver.state)), driver)
    while (trial := source.next_trial()) is not None:
        train_here(driver, trial)
    give_up_paused(driver)
    return driver.state


def train_here(driver: Driver, trial: PlannedTrial) -> None:
    driver.handle(trial.trial_id, Started("here", 1))
    with suppress(SentAwayError):
        train(trial_config(driver.spec, trial), DriverSession(driver, trial.trial_id))
