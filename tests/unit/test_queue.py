"""Whose trials start next on a shared cluster."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.engine.messages import Started
from sweep.engine.queue import AtWork, Claim, claim_of, in_the_way, most_trials
from sweep.ledger.events import DriverAdmitted, DriverEnded, DriverQueued, DriverStarted
from sweep.overview import sweep_status
from sweep.spec import ResourcesConfig
from tests.unit.test_driver import make_driver, report

FOUR = {"GPU": 4.0, "CPU": 32.0}


def claim(sweep: str, *, wanted: float, used: float = 0.0, **changes: Any) -> Claim:
    """Of trials with a GPU each; sweeps come in the order of their names."""
    base = Claim(sweep, "", 0, float(ord(sweep[0])), "GPU", 1.0, wanted, used)
    return replace(base, **changes)


def names(own: Claim, *claims: Claim, total: dict[str, float] = FOUR) -> list[str]:
    return [one.sweep for one in in_the_way(own, [own, *claims], total)]


def test_who_came_first_goes_first_until_it_has_all_it_wants() -> None:
    b = claim("b", wanted=4)
    assert names(b, claim("a", wanted=12, used=3)) == ["a"]
    assert names(b, claim("a", wanted=4, used=4)) == [], "a place that becomes free is b's, whenever"
    assert names(claim("a", wanted=12), b) == []


def test_room_that_those_before_do_not_want_is_taken() -> None:
    assert names(claim("b", wanted=4), claim("a", wanted=2, used=1)) == []
    assert names(claim("b", wanted=4, used=2), claim("a", wanted=2, used=1)) == ["a"]


def test_higher_priority_goes_first_though_it_came_later() -> None:
    urgent = claim("z", wanted=4, used=1, priority=5)
    assert names(claim("a", wanted=12, used=3), urgent) == ["z"]
    assert names(urgent, claim("a", wanted=12, used=3)) == []


def test_sweep_that_can_never_start_is_in_nobody_s_way() -> None:
    assert names(claim("b", wanted=4), claim("a", wanted=12, stuck=True)) == []


def test_sweeps_on_cpus_and_on_gpus_are_not_in_each_other_s_way() -> None:
    assert names(claim("b", wanted=1, resource="CPU"), claim("a", wanted=12)) == []


def test_first_may_start_on_a_cluster_that_has_yet_to_start_machines() -> None:
    empty = {"CPU": 4.0}
    assert names(claim("a", wanted=2), claim("b", wanted=2), total=empty) == []
    assert names(claim("b", wanted=2), claim("a", wanted=2), total=empty) == ["a"]
    assert names(claim("b", wanted=2), claim("a", wanted=2, used=2), total=empty) == []


claims = st.builds(
    Claim,
    sweep=st.text("abcdefgh", min_size=3, max_size=3),
    owner=st.just(""),
    priority=st.integers(-1, 1),
    since=st.integers(0, 3).map(float),
    resource=st.just("GPU"),
    per_trial=st.sampled_from([0.5, 1.0]),
    wanted=st.integers(1, 8).map(float),
    used=st.just(0.0),
)


@given(st.lists(claims, min_size=1, max_size=6, unique_by=lambda one: one.sweep))
def test_somebody_may_always_start(all_claims: list[Claim]) -> None:
    """Whatever they claim, sweeps never wait in a circle."""
    assert any(not in_the_way(own, all_claims, FOUR) for own in all_claims)


@given(st.lists(claims, min_size=2, max_size=6, unique_by=lambda one: one.sweep))
def test_every_sweep_comes_to_its_end(all_claims: list[Claim]) -> None:
    """One trial at a time starts where it may and there is room, and ends: nobody waits for ever."""
    left = {one.sweep: one for one in all_claims}
    for _ in range(int(sum(one.wanted / one.per_trial for one in all_claims)) + 1):
        if not left:
            return
        own = next(one for one in left.values() if not in_the_way(one, left.values(), FOUR))
        less = replace(own, wanted=own.wanted - own.per_trial)
        left[own.sweep] = less
        left = {name: one for name, one in left.items() if one.wanted > 0}
    assert not left


@pytest.mark.parametrize(
    ("resources", "most"),
    [
        ({}, None),
        ({"concurrent_trials": 3}, 3),
        ({"gpus_per_trial": 0.5, "max_gpus": 2}, 4),
        ({"gpus_per_trial": 0.1, "max_gpus": 0.3}, 3),
        ({"gpus_per_trial": 1, "max_gpus": 8, "concurrent_trials": 3}, 3),
    ],
)
def test_trials_at_once(resources: dict[str, Any], most: int | None) -> None:
    assert most_trials(ResourcesConfig(**resources)) == most


def test_claim_is_what_is_left_to_run_within_the_sweep_s_own_limits(tmp_path: Path) -> None:
    driver = make_driver(tmp_path, resources={"gpus_per_trial": 0.5, "max_gpus": 1, "priority": 3})
    driver.record(DriverStarted(pid=1, host="h"))
    first, second, third = driver.state.trials
    driver.handle(first, Started("h", 1))
    own = claim_of(driver.spec, driver.state, 9.0, AtWork(held=2, running=1))
    assert own == Claim("tiny", "", 3, 9.0, "GPU", 0.5, wanted=1.0, used=0.5)
    for iteration in (4, 8, 12):
        driver.handle(first, report(iteration, 40.0))
    driver.end(second, "stopped", "")
    own = claim_of(driver.spec, driver.state, 9.0, AtWork())
    assert (own.wanted, own.used) == (0.5, 0.0), f"{third} is left"
    own = claim_of(driver.spec, driver.state, 9.0, AtWork(more=False))
    assert own.wanted == 0.0, "the budget is spent"


def test_wait_is_in_the_ledger_once_and_is_shown_while_it_lasts(tmp_path: Path) -> None:
    driver = make_driver(tmp_path)
    driver.record(DriverStarted(pid=1, host="h"))
    with driver.folder.locked():
        for behind in (["a"], ["a"], ["a", "b"]):
            driver.queue(behind)
        assert sweep_status(driver.folder, driver.state) == "queued behind a, b"
        driver.queue([])
        driver.queue([])
        assert sweep_status(driver.folder, driver.state) == "running"
    waits = [event for event in driver.ledger.read() if isinstance(event, DriverQueued | DriverAdmitted)]
    assert [getattr(event, "behind", None) for event in waits] == [["a"], ["a", "b"], None]


def test_wait_costs_none_of_the_budget_s_hours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1e9
    monkeypatch.setattr("time.time", lambda: now)
    driver = make_driver(tmp_path, budget={"hours": 1})
    driver.record(DriverStarted(pid=1, host="h"))
    driver.queue(["a"])
    now += 5 * 3600
    assert driver.spent_hours() is None
    driver.queue([])
    now += 1800
    assert driver.spent_hours() is None
    driver.queue(["a"])
    now += 5 * 3600
    driver.record(DriverEnded(outcome="interrupted", reason=""))
    resumed = make_driver(tmp_path, budget={"hours": 1})
    now += 1700
    assert resumed.spent_hours() is None, "half an hour before, and not yet half an hour since"
    now += 200
    assert resumed.spent_hours() is not None
