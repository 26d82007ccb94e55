"""Which checkpoints go when those of a sweep take more than they may."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweep.engine.driver import Driver
from sweep.engine.messages import Broken, Started
from sweep.engine.retention import Retention, least_wanted
from sweep.ledger import Ledger
from sweep.ledger.events import CheckpointDeleted, Event
from sweep.ledger.state import SweepState, replay
from sweep.stopping import explain
from tests.unit.test_driver import make_driver, report

RATIOS = [0, 0.2, 0.4, 0.6, 0.8, 1]
FAILED, POOR, FAIR, STOPPED, RUNNING, BEST = (f"t{number:03d}" for number in range(6))
SIZE = 1000


def finished_driver(tmp_path: Path, gigabytes: float | None) -> Driver:
    """One trial of each kind, every one with a checkpoint of SIZE bytes."""
    driver = make_driver(
        tmp_path,
        search={"parameters": {"real_ratio": {"values": RATIOS}}, "seeds": [0]},
        early_stopping={"name": "none", "rungs": [4]},
    )
    storage = driver.spec.storage.model_copy(update={"checkpoint_gigabytes": gigabytes})
    driver.spec = driver.spec.model_copy(update={"storage": storage})
    by_ratio = {trial.planned.parameters["real_ratio"]: name for name, trial in driver.state.trials.items()}
    names = dict(zip((FAILED, POOR, FAIR, STOPPED, RUNNING, BEST), (by_ratio[ratio] for ratio in RATIOS)))
    for trial_id in driver.state.trials:
        driver.handle(trial_id, Started("host", 7))
        driver.folder.trial(trial_id).mkdir(parents=True)
        driver.folder.checkpoint(trial_id).write_bytes(b"x" * SIZE)
    for kind, value in ((FAILED, 40.0), (STOPPED, 10.0), (RUNNING, 20.0)):
        driver.handle(names[kind], report(4, value))
    for kind, value in ((POOR, 30.0), (FAIR, 31.0), (BEST, 50.0)):
        driver.handle(names[kind], report(12, value))
    driver.handle(names[FAILED], Broken("NaN", permanent=True))
    driver.end(names[STOPPED], "stopped", "by hand")
    driver.names = names  # type: ignore[attr-defined]
    return driver


def left(driver: Driver) -> set[str]:
    names = driver.names  # type: ignore[attr-defined]
    there = driver.folder.checkpoint_sizes()
    return {kind for kind, trial_id in names.items() if trial_id in there}


@pytest.mark.parametrize(
    ("checkpoints", "kept"),
    [
        (6, {FAILED, STOPPED, POOR, FAIR, BEST, RUNNING}),
        (5.5, {STOPPED, POOR, FAIR, BEST, RUNNING}),
        (4, {POOR, FAIR, BEST, RUNNING}),
        (3, {FAIR, BEST, RUNNING}),
        (2, {BEST, RUNNING}),
        (1, {RUNNING}),
        (0.5, {RUNNING}),
    ],
)
def test_least_wanted_go_first_and_none_of_a_running_trial(
    tmp_path: Path, checkpoints: float, kept: set[str]
) -> None:
    driver = finished_driver(tmp_path, checkpoints * SIZE / 1e9)
    Retention(driver).keep_to_cap()
    assert left(driver) == kept


def test_without_a_cap_all_stay(tmp_path: Path) -> None:
    driver = finished_driver(tmp_path, None)
    Retention(driver).keep_to_cap()
    assert len(left(driver)) == len(RATIOS)


def test_why_it_is_gone_is_in_the_ledger_until_the_trial_starts_again(tmp_path: Path) -> None:
    driver = finished_driver(tmp_path, 5 * SIZE / 1e9)
    Retention(driver).keep_to_cap()
    Retention(driver).keep_to_cap()
    (gone,) = (event for event in Ledger(driver.folder.ledger).read() if isinstance(event, CheckpointDeleted))
    state = replay(Ledger(driver.folder.ledger).read())
    assert gone.size == SIZE
    assert "Its checkpoint is gone: deleted to keep all checkpoints within" in explain(state, gone.trial_id)
    driver.reopen_failed()
    driver.handle(gone.trial_id, Started("host", 8))
    assert driver.state.trials[gone.trial_id].iteration == 0, "it begins anew"
    assert driver.state.trials[gone.trial_id].checkpoint_deleted is None


def test_cap_that_cannot_be_kept_is_said_once(tmp_path: Path) -> None:
    said: list[str] = []

    def listen(event: Event, state: SweepState) -> None:
        said.extend([text] if (text := getattr(event, "text", None)) else [])

    driver = finished_driver(tmp_path, 0.5 * SIZE / 1e9)
    driver.listeners = [listen]
    retention = Retention(driver)
    retention.keep_to_cap()
    retention.keep_to_cap()
    assert len(said) == 1 and "belong to trials that have not ended" in said[0]


def test_paused_and_interrupted_trials_are_wanted(tmp_path: Path) -> None:
    driver = finished_driver(tmp_path, None)
    state = driver.state
    running = next(trial for trial in state.trials.values() if trial.status == "running")
    for status in ("paused", "interrupted"):
        running.status = status
        assert running not in least_wanted(state, "val_miou", state.trials)
