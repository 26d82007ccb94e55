"""Paused trials go on, wait or are given up, whoever is killed when. Without Ray: one trial at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sweep.engine.cluster import has_room
from sweep.engine.driver import Driver
from sweep.engine.messages import Started
from sweep.engine.promotions import PromotingSource, give_up_paused
from sweep.engine.run import settle_reports
from sweep.engine.sources import BudgetedSource, PlanSource, unfinished_trials
from sweep.ledger.events import (
    STOPPED_BY_HAND,
    DriverStarted,
    Event,
    TrialPromoted,
    TrialReported,
    TrialStarted,
)
from sweep.spec import ResourcesConfig
from sweep.stopping import Curve, Judge, Promote, Promotion
from tests.pausing import BestFirst, Eager, PausesAll
from tests.unit.test_driver import make_driver, report, trial_of

RUNGS = (4, 8, 12)
RATIOS = {1.0: 30.0, 0.75: 40.0, 0.5: 35.0, 0.25: 20.0, 0.0: 10.0}
"""Value at every rung by real_ratio; 1.0 is the baseline."""
SECTIONS: dict[str, Any] = {"search": {"parameters": {"real_ratio": {"values": [*RATIOS]}}, "seeds": [0]}}


def pausing_driver(tmp_path: Path, rule: BestFirst | None = None, **sections: Any) -> Driver:
    driver = make_driver(tmp_path, **(SECTIONS | sections))
    driver.trial_judge = Judge(rule or BestFirst())
    return driver


def source_of(driver: Driver, has_room: Callable[[int], bool] = lambda _: True) -> PromotingSource:
    plan = PlanSource(unfinished_trials(driver.spec, driver.state))
    return PromotingSource(BudgetedSource(plan, driver.spec, driver.state), driver, has_room)


def conduct(driver: Driver) -> Driver:
    """All that a driver does, from taking a sweep on to letting it go."""
    driver.record(DriverStarted(pid=1, host="h"))
    settle_reports(driver)
    source = source_of(driver)
    while (trial := source.next_trial()) is not None:
        train(driver, trial.trial_id)
    assert source.exhausted, "nothing runs, so nothing more will come"
    give_up_paused(driver)
    return driver


def train(driver: Driver, trial_id: str) -> bool:
    """A trial's process: goes on from its checkpoint, whose report it repeats. False if it was sent away."""
    checkpoint = driver.folder.checkpoint(trial_id)
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    done = int(checkpoint.read_text()) if checkpoint.exists() else 0
    value = RATIOS[driver.state.trials[trial_id].planned.parameters["real_ratio"]]
    if not driver.handle(trial_id, Started("host", 7)):
        return False
    for rung in RUNGS:
        if rung >= max(done, 1):
            checkpoint.write_text(str(rung))
            if not driver.handle(trial_id, report(rung, value)):
                return False
    return True


def fates(driver: Driver) -> dict[float, tuple[str, int]]:
    """Status and iteration by real_ratio."""
    trials = driver.state.trials.values()
    found = {trial.planned.parameters["real_ratio"]: (trial.status, trial.iteration) for trial in trials}
    return dict(sorted(found.items(), reverse=True))


def of_kind(driver: Driver, kind: type[Event]) -> list[Any]:
    return [event for event in driver.ledger.read() if isinstance(event, kind)]


FATES = {
    1.0: ("finished", 12),
    0.75: ("finished", 12),
    0.5: ("finished", 12),
    0.25: ("finished", 12),
    0.0: ("stopped", 4),
}


def test_paused_trials_wait_for_the_new_ones_then_go_on_or_are_given_up(tmp_path: Path) -> None:
    driver = conduct(pausing_driver(tmp_path))
    assert fates(driver) == FATES
    promoted = of_kind(driver, TrialPromoted)
    assert promoted, "somebody was paused"
    events = list(driver.ledger.read())
    firsts = [at for at, event in enumerate(events) if isinstance(event, TrialStarted) and event.attempt == 1]
    assert max(firsts) < events.index(promoted[0]), "new trials come first"
    hopeless = driver.state.trials[trial_of(driver, 0.0)]
    assert hopeless.ended is not None
    assert (hopeless.ended.overtakes, hopeless.ended.reason) == (
        0.01,
        "given up after it was paused at iteration 4: it would overtake the leader by the end with a chance "
        "of 1.0 %",
    )


def test_promoted_trial_goes_on_from_where_it_was_paused(tmp_path: Path) -> None:
    driver = conduct(pausing_driver(tmp_path))
    for promotion in of_kind(driver, TrialPromoted):
        after = [
            event for event in of_kind(driver, TrialStarted)
            if event.trial_id == promotion.trial_id and event.time >= promotion.time
        ]  # fmt: skip
        assert after[0].iteration == promotion.rung
    reports = [(event.trial_id, event.iteration) for event in of_kind(driver, TrialReported)]
    assert len(reports) == len(set(reports))


class Killed(Exception):  # noqa: N818  # it is no error
    """kill -9."""


def kill_after(driver: Driver, events: int) -> None:
    """The driver writes so many more events, and then no more."""
    append = driver.ledger.append
    left = iter(range(events))

    def append_or_die(event: Event) -> Event:
        if next(left, None) is None:
            raise Killed
        return append(event)

    driver.ledger.append = append_or_die  # type: ignore[method-assign]


def decisions(driver: Driver) -> Iterator[tuple[Any, ...]]:
    """All that was decided, in order, with what it rests on."""
    for trial in driver.state.trials.values():
        for judged in trial.judged.values():
            yield trial.trial_id, judged.rung, judged.decision, judged.reason, judged.peers
        for promotion in trial.promotions.values():
            yield trial.trial_id, promotion.rung, promotion.reason
        assert trial.ended is not None
        yield trial.trial_id, trial.ended.outcome, trial.ended.reason, trial.ended.overtakes


def test_killed_at_any_moment_a_sweep_comes_to_the_same_end(tmp_path: Path) -> None:
    undisturbed = conduct(pausing_driver(tmp_path / "undisturbed"))
    begin = len(list(make_driver(tmp_path / "counted", **SECTIONS).ledger.read()))
    length = len(list(undisturbed.ledger.read())) - begin
    paused_then = promoted_then = 0
    for events in range(length):
        folder = tmp_path / str(events)
        first = pausing_driver(folder)
        kill_after(first, events)
        with pytest.raises(Killed):
            conduct(first)
        paused_then += any(trial.waits for trial in first.state.trials.values())
        promoted_then += any(trial.promoted for trial in first.state.trials.values())
        second = conduct(pausing_driver(folder))
        assert fates(second) == FATES, f"killed after {events} events"
        assert list(decisions(second)) == list(decisions(undisturbed)), f"killed after {events} events"
        second_time = pausing_driver(folder)
        assert second_time.state.trials == second.state.trials, "as the ledger tells it"
    assert paused_then > 5
    assert promoted_then == len(of_kind(undisturbed, TrialPromoted))


def test_budget_of_trials_lets_paused_ones_go_on_and_leaves_the_rest_paused(tmp_path: Path) -> None:
    driver = conduct(pausing_driver(tmp_path, BestFirst(worth=25.0), budget={"trials": 4}))
    counts = sorted(status for status, _ in fates(driver).values())
    assert counts.count("planned") == 1
    assert "finished" in counts
    assert "stopped" not in counts
    assert driver.spent_budget() == "the budget of 4 trials is spent"
    assert {fate for fate in fates(driver).values() if fate[0] == "paused"} == {("paused", 4)}

    more = conduct(pausing_driver(tmp_path, budget={"trials": 5}))
    assert fates(more) == FATES


def test_trial_that_never_began_keeps_nobody_from_going_on(tmp_path: Path) -> None:
    """All trials come to the first rung before any goes beyond; this one never will."""
    driver = pausing_driver(tmp_path, budget={"trials": 3})
    driver.trial_judge = Judge(Promote(delta=0.01))
    driver.record(DriverStarted(pid=1, host="h"))
    source = source_of(driver)
    first = source.next_trial()
    assert first is not None
    driver.process_is_gone(first.trial_id, "fatal", "no data")
    while (trial := source.next_trial()) is not None:
        train(driver, trial.trial_id)
    assert "finished" in {trial.status for trial in driver.state.trials.values()}


def test_paused_trials_use_up_no_budget_of_trials_on_resume(tmp_path: Path) -> None:
    first = pausing_driver(tmp_path, budget={"trials": 3})
    source = source_of(first)
    for _ in range(2):
        trial = source.next_trial()
        assert trial is not None
        train(first, trial.trial_id)
    second = pausing_driver(tmp_path, budget={"trials": 3})
    conduct(second)
    assert sum(trial.attempts > 0 for trial in second.state.trials.values()) == 3


@pytest.mark.parametrize("why", ["interrupted", "hours"])
def test_sweep_that_is_cut_short_gives_nobody_up(tmp_path: Path, why: str) -> None:
    driver = pausing_driver(tmp_path, BestFirst(worth=math.inf))
    source = source_of(driver)
    while (trial := source.next_trial()) is not None:
        train(driver, trial.trial_id)
    paused = [trial for trial in driver.state.trials.values() if trial.waits]
    assert paused
    if why == "hours":
        driver = pausing_driver(tmp_path, budget={"hours": 1e-9})
    else:
        driver.interrupted = "interrupted by Ctrl-C"
    give_up_paused(driver)
    assert [trial.trial_id for trial in driver.state.trials.values() if trial.waits] == [
        trial.trial_id for trial in paused
    ]


def test_nobody_is_given_up_while_a_trial_is_still_to_run(tmp_path: Path) -> None:
    driver = pausing_driver(tmp_path)
    source = source_of(driver)
    for _ in range(2):
        trial = source.next_trial()
        assert trial is not None
        train(driver, trial.trial_id)
    give_up_paused(driver)
    assert all(trial.ended is None or trial.status == "finished" for trial in driver.state.trials.values())


def test_rule_is_asked_again_only_after_news(tmp_path: Path) -> None:
    asked: list[int] = []

    class Counting(BestFirst):
        def promote(self, curves: Sequence[Curve], rungs: tuple[int, ...]) -> Promotion | None:
            asked.append(1)
            return super().promote(curves, rungs)

    driver = pausing_driver(tmp_path, Counting())
    source = source_of(driver)
    *others, last = [source.next_trial() for _ in RATIOS]
    assert last is not None
    for trial in others:
        assert trial is not None
        train(driver, trial.trial_id)
    driver.handle(last.trial_id, Started("host", 7))
    for _ in range(10):
        assert source.next_trial() is None
        assert not source.exhausted, "one runs"
    assert len(asked) == 1
    train(driver, last.trial_id)
    assert source.next_trial() is not None
    assert len(asked) == 2


def test_nobody_is_promoted_before_there_is_room(tmp_path: Path) -> None:
    driver = pausing_driver(tmp_path)
    driver.trial_judge = Judge(Eager())
    room = False
    source = source_of(driver, lambda _: room)
    *others, last = [source.next_trial() for _ in RATIOS]
    assert last is not None
    for trial in others:
        assert trial is not None
        train(driver, trial.trial_id)
    driver.handle(last.trial_id, Started("host", 7))
    assert source.next_trial() is None
    assert of_kind(driver, TrialPromoted) == []
    room = True
    assert source.next_trial() is not None
    room = False
    train(driver, last.trial_id)
    for name in driver.state.trials:
        if driver.state.trials[name].promoted:
            train(driver, name)
    assert source.next_trial() is not None, "where nothing runs, nothing is waited for"


class EagerlyPausing(PausesAll, Eager):
    """Pauses everybody, and promotes as long as there is room."""


def test_as_many_are_promoted_as_may_run_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster whose idle nodes were given back has nothing free, and grows for trials that wait."""
    monkeypatch.setattr("ray.available_resources", dict)
    driver = pausing_driver(tmp_path)
    driver.trial_judge = Judge(EagerlyPausing(worth=0.0))
    source = source_of(driver, partial(has_room, ResourcesConfig(concurrent_trials=3)))
    while (trial := source.next_trial()) is not None and not driver.state.trials[trial.trial_id].promotions:
        train(driver, trial.trial_id)
    handed_out = [trial, source.next_trial(), source.next_trial()]
    assert len({one.trial_id for one in handed_out if one is not None}) == 3
    assert source.next_trial() is None
    assert any(one.waits for one in driver.state.trials.values())
    monkeypatch.setenv("RAY_ADDRESS", "auto")
    asking_the_cluster = partial(has_room, ResourcesConfig())
    assert not asking_the_cluster(1)
    monkeypatch.setattr("ray.available_resources", lambda: {"CPU": 1.0})
    assert asking_the_cluster(1)
    monkeypatch.delenv("RAY_ADDRESS")
    monkeypatch.setattr("ray.cluster_resources", lambda: {"CPU": 2.0})
    monkeypatch.setattr(
        "ray.available_resources", dict
    )  # processes of paused trials, which the next one gets
    assert asking_the_cluster(1)
    assert not asking_the_cluster(2)


def test_stop_request_ends_a_paused_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sweep.engine.driver._SECONDS_BETWEEN_LOOKS", 0.0)
    driver = pausing_driver(tmp_path, BestFirst(worth=math.inf))
    source = source_of(driver)
    while (trial := source.next_trial()) is not None:
        train(driver, trial.trial_id)
    one, *others = [trial.trial_id for trial in driver.state.trials.values() if trial.waits]
    driver.look_for_requests()
    assert driver.state.trials[one].waits
    request = driver.folder.stop_request(one)
    request.parent.mkdir()
    request.touch()
    driver.look_for_requests()
    ended = driver.state.trials[one].ended
    assert ended is not None
    assert (ended.outcome, ended.reason) == ("stopped", STOPPED_BY_HAND)
    assert all(driver.state.trials[name].waits for name in others)
