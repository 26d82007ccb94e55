"""What Ray Tune is told when it asks for a trial, without Ray's own loop."""

from __future__ import annotations

from pathlib import Path

import pytest
from ray.tune.search import Searcher

from sweep.engine.driver import Driver
from sweep.engine.messages import Started
from sweep.engine.ray_search import LedgerSearcher
from sweep.engine.ray_stopper import InterruptStopper
from sweep.engine.work import training
from sweep.ledger.events import STOPPED_BY_HAND
from sweep.stopping import Judge, judge_of
from tests.pausing import PausesAll
from tests.unit.test_driver import report
from tests.unit.test_promotions import RATIOS, pausing_driver, source_of, train


@pytest.fixture
def driver(tmp_path: Path) -> Driver:
    return pausing_driver(tmp_path)


def searcher_of(driver: Driver) -> LedgerSearcher:
    return LedgerSearcher(driver, source_of(driver), training(driver.spec))


def test_sweep_with_paused_trials_is_finished_only_when_nobody_is_promoted(driver: Driver) -> None:
    searcher = searcher_of(driver)
    handed_out = []
    while (config := searcher.suggest(ray_id := str(len(handed_out)))) != Searcher.FINISHED:
        assert config is not None, "nothing runs, so there is nothing to wait for"
        handed_out.append(config["trial_id"])
        train(driver, config["trial_id"])
        searcher.on_trial_complete(ray_id)
    assert len(set(handed_out)) == len(RATIOS) < len(handed_out), "those promoted come again"


def test_ray_waits_while_a_trial_runs_that_may_be_paused(driver: Driver) -> None:
    searcher = searcher_of(driver)
    for number in range(len(RATIOS)):
        assert searcher.suggest(str(number)) is not None
    assert searcher.suggest("more") is None


def test_trial_that_lost_its_process_is_handed_out_again_before_others(driver: Driver) -> None:
    searcher = searcher_of(driver)
    lost, other = (searcher.suggest(ray_id)["trial_id"] for ray_id in ("a", "b"))
    driver.handle(lost, Started("host", 7))
    searcher.on_trial_complete("a", error=True)
    driver.process_is_gone(lost, "process", "it died")
    assert searcher.suggest("c")["trial_id"] == lost
    assert searcher.suggest("d")["trial_id"] not in (lost, other)


def test_ray_is_told_to_go_on_while_a_trial_may_still_lose_its_process(driver: Driver) -> None:
    driver.trial_judge = judge_of(driver.spec)
    searcher = searcher_of(driver)
    configs = {str(number): searcher.suggest(str(number)) for number in range(len(RATIOS))}
    assert searcher.suggest("more") is None
    for ray_id, config in configs.items():
        assert searcher.suggest("more") is None
        driver.end(config["trial_id"], "finished", "")
        searcher.on_trial_complete(ray_id)
    assert searcher.suggest("more") == Searcher.FINISHED


def test_trial_is_not_handed_out_again_after_its_last_attempt(driver: Driver) -> None:
    searcher = searcher_of(driver)
    lost = searcher.suggest("a")["trial_id"]
    searcher.on_trial_complete("a", error=True)
    driver.process_is_gone(lost, "fatal", "no data")
    assert lost not in {searcher.suggest(str(number))["trial_id"] for number in range(len(RATIOS) - 1)}


def test_promoted_trial_that_is_asked_to_stop_does_not_go_on(driver: Driver) -> None:
    searcher = searcher_of(driver)
    for number in range(len(RATIOS)):
        train(driver, searcher.suggest(str(number))["trial_id"])
        searcher.on_trial_complete(str(number))
    paused = [trial_id for trial_id, trial in driver.state.trials.items() if trial.waits]
    for trial_id in paused:
        request = driver.folder.stop_request(trial_id)
        request.parent.mkdir(exist_ok=True)
        request.touch()
    while searcher.suggest("more") != Searcher.FINISHED:
        pass
    reasons = {ended.reason for name in paused if (ended := driver.state.trials[name].ended) is not None}
    assert reasons == {STOPPED_BY_HAND}, "and not `before it began`"


def test_paused_trial_is_ended_on_request_while_others_run(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sweep.engine.driver._SECONDS_BETWEEN_LOOKS", 0.0)
    driver.trial_judge = Judge(PausesAll())
    train(driver, "t001")
    assert not InterruptStopper(driver).stop_all()
    assert driver.state.trials["t001"].waits
    request = driver.folder.stop_request("t001")
    request.parent.mkdir()
    request.touch()
    assert not InterruptStopper(driver).stop_all(), "the sweep goes on"
    assert driver.state.trials["t001"].status == "stopped"


def test_nothing_starts_while_others_come_first_but_a_request_to_stop_is_heard(driver: Driver) -> None:
    searcher = LedgerSearcher(
        driver, source_of(driver), training(driver.spec), may_start=lambda held, more: False
    )
    assert searcher.suggest("a") is None
    request = driver.folder.stop_request()
    request.parent.mkdir()
    request.touch()
    driver.interrupted = None
    driver._next_look = 0.0
    assert searcher.suggest("a") == Searcher.FINISHED
    assert driver.interrupted == "stopped by `sweep stop`"


@pytest.mark.parametrize("why", ["interrupted", "hours"])
def test_sweep_that_is_cut_short_promotes_nobody(tmp_path: Path, why: str) -> None:
    driver = pausing_driver(tmp_path)
    trial_ids = list(driver.state.trials)
    for trial_id in trial_ids:
        driver.handle(trial_id, Started("host", 7))
        driver.handle(trial_id, report(4, 30.0 - trial_ids.index(trial_id)))
    assert any(trial.waits for trial in driver.state.trials.values())
    if why == "hours":
        driver = pausing_driver(tmp_path, budget={"hours": 1e-9})
    else:
        driver.interrupted = "interrupted by Ctrl-C"
    assert searcher_of(driver).suggest("0") == Searcher.FINISHED
    assert not any(trial.promoted for trial in driver.state.trials.values())
