"""Where the time went: the parts add up, and nothing is lost or saved where nothing was."""

from __future__ import annotations

import time
from typing import Any

import pytest

from sweep.ledger.events import (
    DriverEnded,
    DriverStarted,
    Event,
    TrialEnded,
    TrialFaulted,
    TrialPlanned,
    TrialProgressed,
    TrialReported,
    TrialStarted,
)
from sweep.ledger.state import SweepState, replay
from sweep.times.spent import TimeShares, time_of_sweep, time_of_trial
from sweep.times.words import HEADINGS, time_line, time_rows
from tests.builders import sweep_events, sweep_state
from tests.trials import small_trial
from trainables.local import FolderSession
from trainables.segmentation import train
from trainables.stopwatch import Stopwatch

MIXTURE = {"realised_real_ratio": 1.0, "real_images": 0, "generated_images": {}}


def started(at: float, attempt: int = 1, waited: float = 2.0) -> Event:
    return TrialStarted(time=at, trial_id="t", attempt=attempt, iteration=0, host="a", waited=waited)


def reported(at: float, iteration: int, *, training: float, data: float = 0, validation: float = 0) -> Event:
    spent = {"training": training, "data": data, "validation": validation, "checkpointing": 0.0}
    return TrialReported(
        time=at, trial_id="t", iteration=iteration, metrics={"val_miou": 1.0}, mixture=MIXTURE, counts={},
        seconds=sum(spent.values()), spent=spent,
    )  # fmt: skip


def faulted(at: float) -> Event:
    return TrialFaulted(time=at, trial_id="t", reason="it fell", iteration=4, cause="process")


def ended(at: float, outcome: Any = "finished") -> Event:
    return TrialEnded(time=at, trial_id="t", outcome=outcome, reason="", iteration=8)


def state_of(*events: Event) -> SweepState:
    created = sweep_events()[0]
    planned = TrialPlanned(trial_id="t", arm="a", parameters={"real_ratio": 1.0}, seed=0)
    return replay([created, DriverStarted(time=0, pid=1, host="a"), planned, *events])


def shares(*events: Event) -> TimeShares:
    found = time_of_sweep(state_of(*events))
    assert found is not None
    return found


def test_a_trial_that_went_well() -> None:
    found = shares(started(100), reported(130, 8, training=20, data=3, validation=2), ended(131))
    assert found == TimeShares(waited=2, starting=6, training=20, data=3, validation=2)
    assert found.held == 31


def test_what_was_done_since_the_last_report_of_an_attempt_is_lost() -> None:
    found = shares(
        started(100),
        reported(110, 4, training=10),
        faulted(125),
        started(130, attempt=2, waited=3),
        reported(145, 8, training=22),
        ended(145),
    )
    assert found == TimeShares(waited=5, starting=3, training=22, lost=15)
    assert found.held == 25 + 15


def test_all_of_a_failed_trial_is_lost() -> None:
    assert shares(started(100), reported(110, 4, training=10), faulted(120), ended(120, "failed")) == (
        TimeShares(waited=2, lost=20)
    )


def test_a_trial_that_fails_before_it_reports_counts_too() -> None:
    assert shares(started(100), faulted(150), ended(150, "failed")) == TimeShares(waited=2, lost=50)


def test_what_a_checkpoint_between_reports_saved_is_not_lost() -> None:
    found = shares(
        started(100), reported(110, 4, training=10), faulted(121),
        started(130, attempt=2), reported(140, 8, training=30), ended(140),
    )  # fmt: skip
    assert (found.held, found.lost, found.starting) == (31, 1, 0)


def test_of_a_running_trial_counts_what_it_has_told() -> None:
    progress = TrialProgressed(time=190, trial_id="t", iteration=6, train_loss=1, lr=1, seconds=88)
    found = shares(started(100), reported(110, 4, training=8), progress)
    assert (found.held, found.training, found.starting) == (10, 8, 2)


def test_of_a_killed_driver_counts_what_was_heard_and_not_the_night_after() -> None:
    progress = TrialProgressed(time=118, trial_id="t", iteration=6, train_loss=1, lr=1, seconds=18)
    found = shares(
        started(100),
        reported(110, 4, training=10),
        progress,
        DriverStarted(time=9000, pid=2, host="a"),
        started(9010, attempt=2),
        reported(9020, 8, training=20),
        ended(9020),
    )
    assert (found.held, found.lost) == (28, 8)


def test_a_driver_that_left_in_order_ends_its_attempts_and_loses_nothing() -> None:
    found = shares(
        started(100),
        reported(110, 4, training=10),
        DriverEnded(time=110, outcome="interrupted", reason="Ctrl-C"),
        DriverStarted(time=9000, pid=2, host="a"),
        started(9010, attempt=2),
        reported(9020, 8, training=20),
        ended(9020),
    )
    assert (found.held, found.lost, found.training) == (20, 0, 20)


def test_nothing_is_said_of_what_is_not_known() -> None:
    assert time_of_sweep(sweep_state()) is None
    assert time_line(sweep_state()) == ""
    assert list(time_rows(sweep_state())) == []
    silent = state_of(started(100), ended(110))
    assert time_of_trial(silent, silent.trials["t"]) is None


def test_the_line_and_the_table() -> None:
    state = state_of(started(100), reported(3670, 8, training=3000, data=300, validation=290), ended(3700))
    assert time_line(state) == (
        "Time: 1.00 trial-hours, of which 83% training, 8% waiting for data, 8% validation; "
        "0.00 hours waited for a core and a process."
    )
    assert dict(zip(HEADINGS, next(time_rows(state)), strict=True))["data"] == "300.0"


def test_the_parts_of_a_real_training_add_up_and_survive_a_checkpoint(tmp_path: Any) -> None:
    session = FolderSession(tmp_path)
    train(small_trial(), session)
    for report in session.reports:
        spent = report.spent
        assert spent is not None
        assert min(spent.training, spent.data, spent.validation) > 0
        parts = spent.training + spent.data + spent.validation + spent.checkpointing
        assert parts == pytest.approx(report.seconds)
    first, last = session.reports[0].spent, session.reports[-1].spent
    assert first is not None
    assert last is not None
    assert last.checkpointing > first.checkpointing


def test_a_stopwatch_goes_on_from_its_state() -> None:
    watch = Stopwatch()
    with watch.on("validation"):
        time.sleep(0.02)
    assert list(watch.waiting_for([1, 2])) == [1, 2]
    later = Stopwatch()
    later.load_state_dict(watch.state_dict())
    spent = later.spent(later.seconds)
    assert spent.validation >= 0.02
    assert later.seconds >= spent.validation
