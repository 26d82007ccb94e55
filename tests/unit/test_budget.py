"""How much a sweep has cost, over all drivers that it had."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import pytest

from sweep.engine.budget import Budget
from sweep.engine.driver import Driver
from sweep.engine.messages import Started
from sweep.engine.sources import BudgetedSource, PlanSource, unfinished_trials
from sweep.ledger import SweepState
from sweep.ledger.events import (
    DriverEnded,
    DriverStarted,
    Event,
    RunTracked,
    TrialEnded,
    TrialProgressed,
)
from sweep.spec import spec_from_dict
from tests.builders import sweep_state
from tests.specs import tiny_spec
from tests.unit.test_driver import make_driver, report

HOUR = 3600.0
DAY = 24 * HOUR


def started(hour: float) -> Event:
    return DriverStarted(time=DAY + hour * HOUR, pid=1, host="h")


def ended(hour: float) -> Event:
    return DriverEnded(time=DAY + hour * HOUR, outcome="interrupted", reason="")


def word(hour: float) -> Event:
    return TrialProgressed(
        time=DAY + hour * HOUR, trial_id="t000", iteration=1, train_loss=1.0, lr=0.1, seconds=1.0
    )


def stopped_by_hand(hour: float) -> Event:
    return TrialEnded(
        time=DAY + hour * HOUR, trial_id="t000", outcome="stopped", reason="stopped by hand", iteration=1
    )


def synced(hour: float) -> Event:
    return RunTracked(time=DAY + hour * HOUR, trial_id=None, run_id="1", tracking_uri="")


def budget(history: list[Event], **limits: Any) -> Budget:
    resources = {"gpus_per_trial": 0.5}
    return Budget(spec_from_dict(tiny_spec(Path("/sweeps"), budget=limits, resources=resources)), history)


def hours_before(*history: Event) -> float:
    """What a new driver finds spent: the smallest limit that is not."""
    state, now = sweep_state(), time.time()
    low, high = 0.0, 100.0
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (middle, high) if budget([*history], hours=middle).spent(state, now) else (low, middle)
    return round(high, 2)


@pytest.mark.parametrize(
    ("history", "hours"),
    [
        ([], 0),
        ([started(0), word(0.5), ended(2)], 2),
        ([started(0), ended(2), started(30), word(30.25), ended(31)], 3),
        ([started(0), word(0.5), word(1.5)], 1.5),
        ([started(0), word(1.5), started(30), ended(31)], 2.5),
        ([started(0), ended(2), stopped_by_hand(20), synced(30)], 2),
        ([started(0), word(1.5), stopped_by_hand(20), synced(30), started(40), ended(41)], 2.5),
        ([started(0), word(2), word(-5), ended(-4)], 3),
        ([started(0), ended(2), started(-9), word(-8), ended(-7)], 4),
    ],
    ids=[
        "new sweep",
        "one driver",
        "two drivers, the night between them free",
        "killed driver up to its last event",
        "killed, then resumed",
        "stopped and synced by hand later",
        "killed, stopped and synced by hand, resumed",
        "clock put back while at work",
        "clock put back between drivers",
    ],
)
def test_hours_of_drivers_that_were(history: list[Event], hours: float) -> None:
    assert hours_before(*history) == pytest.approx(hours, abs=0.01)


def test_hours_run_on_while_a_driver_is_at_work() -> None:
    one = budget([started(0), ended(1)], hours=1.5)
    state, now = sweep_state(), time.time()
    assert one.spent(state, now) is None
    assert one.spent(state, now + 0.4 * HOUR) is None
    assert one.spent(state, now + 0.6 * HOUR) == "the budget of 1.5 hours is spent"
    assert one.refuses_start(state, now + 0.6 * HOUR) == "the budget of 1.5 hours is spent"


def test_clock_that_is_put_back_gives_no_hours_back() -> None:
    one = budget([started(0), ended(1)], hours=1)
    assert one.spent(sweep_state(), time.time() - DAY) == "the budget of 1 hours is spent"


def test_gpu_hours_are_those_of_training_times_gpus() -> None:
    state = gpu_state()
    assert budget([], gpu_hours=2.1).spent(state, time.time()) is None
    assert budget([], gpu_hours=2).spent(state, time.time()) == "the budget of 2 GPU-hours is spent"


def gpu_state() -> SweepState:
    """Two trials that trained two hours each."""
    state = sweep_state(arms=(1.0,), seeds=(0, 1))
    for trial in state.trials.values():
        trial.seconds = 2 * HOUR
    return state


def test_trials_count_once_they_start_and_running_ones_go_on() -> None:
    state = sweep_state(arms=(1.0, 0.5), seeds=(0,), waiting=[("real_ratio=0.5", 0)])
    assert budget([], trials=2).refuses_start(state, time.time()) is None
    assert budget([], trials=1).refuses_start(state, time.time()) == "the budget of 1 trials is spent"
    assert budget([], trials=1).spent(state, time.time()) is None


def next_trials(driver: Driver) -> list[str]:
    """What a driver hands out, before a process says that it has started."""
    plan = PlanSource(unfinished_trials(driver.spec, driver.state))
    source = BudgetedSource(plan, driver.spec, driver.state)
    trials = []
    while (trial := source.next_trial()) is not None:
        trials.append(trial.trial_id)
    assert source.exhausted
    return trials


def test_no_more_trials_are_handed_out_than_may_start(tmp_path: Path) -> None:
    assert len(next_trials(make_driver(tmp_path / "none"))) == 3
    assert len(next_trials(make_driver(tmp_path / "two", budget={"trials": 2}))) == 2
    assert len(next_trials(make_driver(tmp_path / "nine", budget={"trials": 9}))) == 3


def test_trials_that_had_begun_go_on_though_the_budget_is_spent(tmp_path: Path) -> None:
    first = make_driver(tmp_path, budget={"trials": 2})
    begun = next_trials(first)
    for trial_id in begun:
        first.handle(trial_id, Started("host", 7))
    first.handle(begun[0], report(12, 40.0))
    assert first.state.trials[begun[0]].status == "finished"
    assert next_trials(make_driver(tmp_path, budget={"trials": 2})) == begun[1:]
    assert len(next_trials(make_driver(tmp_path, budget={"trials": 3}))) == 2


def test_trial_that_is_stopped_before_it_begins_gives_its_place_back(tmp_path: Path) -> None:
    driver = make_driver(tmp_path, budget={"trials": 1})
    plan = PlanSource(unfinished_trials(driver.spec, driver.state))
    source = BudgetedSource(plan, driver.spec, driver.state)
    first = source.next_trial()
    assert first is not None
    assert source.next_trial() is None
    driver.end(first.trial_id, "stopped", "by hand")
    second = source.next_trial()
    assert second is not None
    driver.process_is_gone(second.trial_id, "fatal", "no data")
    assert source.next_trial() is None, "one whose process died before it said that it had started does not"
    assert driver.spent_budget() == "the budget of 1 trials is spent"


def test_no_limit_is_never_reached() -> None:
    one = budget([started(0), ended(1e6)])
    assert one.refuses_start(gpu_state(), math.inf) is None
