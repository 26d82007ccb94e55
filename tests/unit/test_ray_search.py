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
from sweep.stopping import Judge
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


def test_ray_does_not_wait_for_a_trial_that_it_has_lost(driver: Driver) -> None:
    searcher = searcher_of(driver)
    for number in range(len(RATIOS)):
        config = searcher.suggest(str(number))
        driver.handle(config["trial_id"], Started("host", 7))
    for number in range(len(RATIOS)):
        assert searcher.suggest("more") is None
        searcher.on_trial_complete(str(number))
    assert searcher.suggest("more") == Searcher.FINISHED


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


def test_paused_trial_is_ended_on_request_while_others_run(driver: Driver) -> None:
    driver.trial_judge = Judge(PausesAll())
    train(driver, "t001")
    assert not InterruptStopper(driver).stop_all()
    assert driver.state.trials["t001"].waits
    request = driver.folder.stop_request("t001")
    request.parent.mkdir()
    request.touch()
    assert not InterruptStopper(driver).stop_all(), "the sweep goes on"
    assert driver.state.trials["t001"].status == "stopped"


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
