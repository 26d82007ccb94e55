"""What the driver records and decides, without Ray."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sweep.engine.driver import Driver
from sweep.engine.messages import Broken, Message, Started, decode, encode
from sweep.engine.notice import Notice
from sweep.engine.run import settle_reports
from sweep.engine.sources import PlanSource, unfinished_trials
from sweep.errors import StorageError
from sweep.ledger import FORMAT, Ledger
from sweep.ledger.events import (
    DriverStarted,
    SweepCreated,
    TrialEnded,
    TrialJudged,
    TrialPromoted,
    TrialReported,
)
from sweep.plan import planned_trials
from sweep.spec import Spec, spec_from_dict
from sweep.stopping import Judge, judge_of
from sweep.storage import SweepFolder
from tests.pausing import PausesAll
from tests.specs import tiny_spec
from trainables.contract import ClassCounts, Mixture, Progress, Report

DIED = "the worker process died; sweep.log may say why"
COUNTS = ClassCounts((1,), (2,), (2,))


def report(iteration: int, miou: float) -> Report:
    mixture = Mixture(0.5, 0.5, iteration, {"gen": iteration}, 6, 6, 1.0, 1.0)
    metrics = {"val_miou": miou, "val_macc": miou, "val_aacc": miou, "train_loss": 1.0}
    return Report(iteration, metrics, mixture, COUNTS, seconds=float(iteration))


def make_driver(tmp_path: Path, **sections: Any) -> Driver:
    spec = spec_from_dict(tiny_spec(tmp_path, **sections))
    folder = SweepFolder(tmp_path, spec.name)
    ledger = Ledger(folder.ledger)
    if not folder.exists():
        folder.create()
        ledger.append(_created(spec))
    driver = Driver(folder, spec, ledger, judge_of(spec))
    driver.plan(planned_trials(spec))
    return driver


def _created(spec: Spec) -> SweepCreated:
    return SweepCreated(
        sweep_id="1", name=spec.name, format=FORMAT, spec=spec.model_dump(mode="json"), spec_text="",
        protocol_id="p", regime_id="r", versions={}, git_revision=None,
    )  # fmt: skip


def trial_of(driver: Driver, real_ratio: float) -> str:
    return next(
        name
        for name, trial in driver.state.trials.items()
        if trial.planned.parameters["real_ratio"] == real_ratio
    )


@pytest.mark.parametrize(
    "message",
    [Started("host", 7), Progress(10, 0.5, 0.01, 3.0), report(4, 30.0), Broken("out of memory", False)],
    ids=lambda message: type(message).__name__,
)
def test_message_survives_the_way_through_ray(message: Message) -> None:
    assert decode({**encode(message), "training_iteration": 1}) == message


def test_ray_s_closing_result_is_no_message() -> None:
    assert decode({**encode(report(4, 1.0)), "done": True}) is None
    assert decode({"training_iteration": 3}) is None


def test_trial_behind_its_peers_is_stopped_at_the_rung(tmp_path: Path) -> None:
    driver = make_driver(tmp_path)
    good, poor = trial_of(driver, 1.0), trial_of(driver, 0.0)
    for name in (good, poor):
        assert driver.handle(name, Started("host", 7))
    assert driver.handle(good, report(4, 40.0))
    driver.folder.trial(poor).mkdir(parents=True)
    driver.folder.checkpoint(poor).touch()
    assert not driver.handle(poor, report(4, 10.0))
    ended = driver.state.trials[poor].ended
    assert ended is not None
    assert (ended.outcome, ended.iteration) == ("stopped", 4)
    assert "40.00" in ended.reason
    assert driver.folder.checkpoint(poor).exists(), "it may be continued"


def test_baseline_is_never_stopped_but_is_a_peer(tmp_path: Path) -> None:
    driver = make_driver(tmp_path)
    baseline, other = trial_of(driver, 1.0), trial_of(driver, 0.5)
    assert driver.handle(other, report(4, 40.0))
    assert driver.handle(baseline, report(4, 10.0))
    judged = driver.state.trials[baseline].judged[4]
    assert judged.peers == {other: 40.0}


def test_controls_are_no_peers_and_are_never_stopped(tmp_path: Path) -> None:
    driver = make_driver(tmp_path, controls=["copy", "noise"])
    searched = trial_of(driver, 0.0)
    copy, noise = (
        next(name for name, trial in driver.state.trials.items() if trial.arm == f"real_ratio=0.0 {control}")
        for control in ("control=copy", "control=noise")
    )
    assert driver.handle(copy, report(4, 90.0))
    assert driver.handle(searched, report(4, 10.0))
    assert driver.handle(noise, report(4, 1.0))
    assert driver.state.trials[searched].judged[4].peers == {}
    judged = driver.state.trials[noise].judged[4]
    assert judged.peers == {searched: 10.0}
    assert judged.reason == "real_ratio=0.0 control=noise is protected, so it is never stopped"


def test_reports_between_rungs_are_never_judged(tmp_path: Path) -> None:
    driver = make_driver(tmp_path)
    assert driver.handle(trial_of(driver, 1.0), report(4, 40.0))
    assert driver.handle(trial_of(driver, 0.0), report(5, 10.0))
    assert driver.state.trials[trial_of(driver, 0.0)].judged == {}


def test_last_rung_finishes(tmp_path: Path) -> None:
    driver = make_driver(tmp_path)
    name = trial_of(driver, 0.0)
    assert not driver.handle(name, report(12, 10.0))
    assert driver.state.trials[name].status == "finished"


def test_repeated_report_changes_nothing(tmp_path: Path) -> None:
    driver = make_driver(tmp_path)
    name = trial_of(driver, 0.5)
    assert driver.handle(name, report(4, 40.0))
    before = list(driver.ledger.read())
    assert driver.handle(name, report(4, 40.0))
    assert list(driver.ledger.read()) == before


def test_repeated_report_of_a_stopped_trial_stops_it_again(tmp_path: Path) -> None:
    driver = make_driver(tmp_path)
    good, poor = trial_of(driver, 1.0), trial_of(driver, 0.0)
    driver.handle(good, report(4, 40.0))
    driver.handle(poor, report(4, 10.0))
    assert not driver.handle(poor, report(4, 10.0))


def test_driver_that_takes_over_knows_the_rungs(tmp_path: Path) -> None:
    first = make_driver(tmp_path)
    first.handle(trial_of(first, 1.0), report(4, 40.0))
    second = make_driver(tmp_path)
    assert not second.handle(trial_of(second, 0.0), report(4, 10.0))


@pytest.fixture
def paused(tmp_path: Path) -> Driver:
    """t001 has been paused at iteration 4."""
    driver = make_driver(tmp_path)
    driver.trial_judge = Judge(PausesAll())
    driver.record(DriverStarted(pid=1, host="here"))
    assert driver.handle("t001", Started("host", 7))
    assert not driver.handle("t001", report(4, 10.0)), "its process ends"
    return driver


def test_paused_trial_has_not_ended_and_is_not_simply_run(paused: Driver, tmp_path: Path) -> None:
    taken_over = Driver(paused.folder, paused.spec, paused.ledger, paused.trial_judge)
    taken_over.record(DriverStarted(pid=2, host="here"))
    settle_reports(taken_over)
    for driver in (paused, taken_over):
        assert driver.state.trials["t001"].waits
        left = unfinished_trials(driver.spec, driver.state)
        assert sorted(trial.trial_id for trial in left) == ["t000", "t002"]


def test_process_of_a_paused_trial_that_goes_is_no_fault(paused: Driver) -> None:
    before = list(paused.ledger.read())
    paused.process_is_gone("t001", "process", DIED)
    assert not paused.handle("t001", Progress(5, 0.5, 0.01, 1.0))
    assert list(paused.ledger.read()) == before


def test_promoted_trial_goes_on_though_its_report_comes_again(paused: Driver, tmp_path: Path) -> None:
    paused.record(TrialPromoted(trial_id="t001", rung=4, reason="it may win"))
    assert unfinished_trials(paused.spec, paused.state)[0].trial_id == "t001", (
        "it was killed before it started"
    )
    paused.folder.trial("t001").mkdir(parents=True)
    paused.folder.checkpoint("t001").touch()
    assert paused.handle("t001", Started("host", 8))
    assert paused.state.trials["t001"].iteration == 4
    assert paused.handle("t001", report(4, 10.0))
    assert paused.handle("t001", Progress(6, 0.5, 0.01, 1.0))
    settle_reports(paused)
    assert paused.state.trials["t001"].status == "running"


def test_process_of_a_promoted_trial_that_goes_before_it_speaks_is_a_fault(paused: Driver) -> None:
    paused.record(TrialPromoted(trial_id="t001", rung=4, reason="it may win"))
    for faults in (1, 2, 3):
        paused.process_is_gone("t001", "process", DIED)
        assert len(paused.state.trials["t001"].faults) == faults
    assert paused.state.trials["t001"].status == "failed"
    paused.reopen_failed()
    assert "t001" in [trial.trial_id for trial in unfinished_trials(paused.spec, paused.state)]


def test_report_that_was_not_judged_any_more_is_judged_on_resume(tmp_path: Path) -> None:
    first = make_driver(tmp_path)
    good, poor = trial_of(first, 1.0), trial_of(first, 0.0)
    first.handle(good, report(4, 40.0))
    first.handle(poor, report(4, 10.0))
    events = [
        event for event in first.ledger.read()
        if not isinstance(event, TrialJudged | TrialEnded) or event.trial_id != poor
    ]  # fmt: skip
    first.folder.ledger.unlink()
    for event in events:
        Ledger(first.folder.ledger).append(event)

    second = make_driver(tmp_path)
    settle_reports(second)

    assert second.state.trials[poor].status == "stopped"
    assert poor not in [trial.trial_id for trial in unfinished_trials(second.spec, second.state)]


def test_trials_that_had_begun_go_first_on_resume(tmp_path: Path) -> None:
    driver = make_driver(tmp_path)
    begun = list(driver.state.trials)[-1]
    driver.handle(begun, Started("host", 7))
    driver.handle(begun, report(4, 40.0))
    source = PlanSource(unfinished_trials(driver.spec, driver.state))
    first = source.next_trial()
    assert first is not None
    assert first.trial_id == begun


def test_permanent_fault_fails_the_trial_at_once(tmp_path: Path) -> None:
    driver = make_driver(tmp_path)
    name = trial_of(driver, 0.5)
    driver.handle(name, Started("host", 7))
    assert not driver.handle(name, Broken("cannot read a.jpg", permanent=True))
    assert driver.state.trials[name].status == "failed"


def test_passing_fault_leaves_the_trial_to_be_retried(tmp_path: Path) -> None:
    driver = make_driver(tmp_path)
    name = trial_of(driver, 0.5)
    driver.handle(name, Started("host", 7))
    assert driver.handle(name, Broken("CUDA out of memory", permanent=False))
    assert driver.state.trials[name].ended is None
    assert [fault.reason for fault in driver.state.trials[name].faults] == ["CUDA out of memory"]


def test_stop_request_ends_one_trial(tmp_path: Path) -> None:
    driver = make_driver(tmp_path)
    name, other = trial_of(driver, 0.5), trial_of(driver, 0.0)
    request = driver.folder.stop_request(name)
    request.parent.mkdir()
    request.touch()
    assert not driver.handle(name, Progress(2, 0.5, 0.01, 1.0))
    assert driver.handle(other, Progress(2, 0.5, 0.01, 1.0))
    assert driver.state.trials[name].status == "stopped"


def test_spent_budget_ends_trials_at_a_rung_and_leaves_them_to_resume(tmp_path: Path) -> None:
    resources = {"gpus_per_trial": 1}
    driver = make_driver(tmp_path, budget={"gpu_hours": 4 / 3600}, resources=resources)
    name = trial_of(driver, 0.5)
    assert driver.handle(name, Progress(3, 0.5, 0.01, 5.0)), "not in the middle"
    assert not driver.handle(name, report(4, 40.0))
    assert driver.state.trials[name].ended is None
    assert "GPU-hours" in (driver.spent_budget() or "")


def test_budget_of_trials_keeps_further_ones_from_starting(tmp_path: Path) -> None:
    driver = make_driver(tmp_path, budget={"trials": 1})
    assert driver.spent_budget() is None
    driver.handle(trial_of(driver, 0.5), Started("host", 7))
    assert driver.spent_budget() == "the budget of 1 trials is spent"


def test_nan_counts_as_worst(tmp_path: Path) -> None:
    driver = make_driver(tmp_path)
    driver.handle(trial_of(driver, 1.0), report(4, 40.0))
    assert not driver.handle(trial_of(driver, 0.0), report(4, float("nan")))


def test_ledger_holds_the_first_report_of_an_iteration(tmp_path: Path) -> None:
    driver = make_driver(tmp_path)
    name = trial_of(driver, 0.5)
    driver.handle(name, report(4, 40.0))
    driver.handle(name, report(4, 41.0))
    reported = [event for event in driver.ledger.read() if isinstance(event, TrialReported)]
    assert [event.metrics["val_miou"] for event in reported] == [40.0]


def test_death_that_nobody_explained_is_recorded_once(tmp_path: Path) -> None:
    driver = make_driver(tmp_path, resources={"max_failures": 1})
    name = trial_of(driver, 0.5)
    driver.handle(name, Started("host", 7))
    driver.process_is_gone(name, "process", DIED)
    assert driver.is_to_run(name)
    driver.handle(name, Started("host", 8))
    driver.handle(name, Broken("CUDA error: unspecified launch failure", permanent=False))
    driver.process_is_gone(name, "process", DIED)
    faults = [(fault.cause, fault.reason) for fault in driver.state.trials[name].faults]
    assert faults == [("process", DIED), ("error", "CUDA error: unspecified launch failure")]
    ended = driver.state.trials[name].ended
    assert ended is not None
    assert (ended.outcome, ended.reason) == ("failed", "CUDA error: unspecified launch failure")


def test_trial_that_falls_silent_is_told_from_one_that_dies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = make_driver(tmp_path, resources={"stall_timeout": 60})
    name = trial_of(driver, 0.5)
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    driver.handle(name, Started("host", 7))
    now += 59
    driver.process_is_gone(name, "process", DIED)
    driver.handle(name, Started("host", 8))
    now += 61
    driver.process_is_gone(name, "process", DIED)
    died, fell_silent = driver.state.trials[name].faults
    assert (died.cause, fell_silent.cause) == ("process", "silent")
    assert fell_silent.reason.startswith("no sign of life for 60 s, so the process ended itself")
    assert str(driver.folder.trial(name) / "stall.txt") in fell_silent.reason


def test_training_that_returns_without_its_last_report_is_a_fault(tmp_path: Path) -> None:
    driver = make_driver(tmp_path, resources={"max_failures": 0})
    name = trial_of(driver, 0.5)
    driver.handle(name, Started("host", 7))
    driver.process_has_ended(name)
    ended = driver.state.trials[name].ended
    assert ended is not None
    assert ended.reason == "the training ended without a report of its last iteration, 12"
    other = trial_of(driver, 1.0)
    for iteration in (4, 8, 12):
        driver.handle(other, report(iteration, 40.0))
    driver.process_has_ended(other)
    assert driver.state.trials[other].status == "finished"


def test_nodes_are_told_of_once_when_they_are_used_no_more(tmp_path: Path) -> None:
    said: list[str] = []
    driver = make_driver(tmp_path, resources={"max_failures": 9, "max_node_failures": 2})
    driver.listeners = [lambda event, state: said.append(event.text) if isinstance(event, Notice) else None]
    for name in (trial_of(driver, 0.5), trial_of(driver, 1.0), trial_of(driver, 0.0)):
        driver.handle(name, Started("gpu7", 7, node="abc"))
        driver.process_is_gone(name, "process", DIED)
    assert driver.failures.bad_nodes == {"abc": 3}
    assert len(said) == 1
    assert said[0].startswith("the node gpu7 is used no more, where there is another: 2 attempts")


def test_process_that_goes_with_the_sweep_is_no_fault(tmp_path: Path) -> None:
    driver = make_driver(tmp_path)
    name = trial_of(driver, 0.5)
    driver.handle(name, Started("host", 7))
    driver.interrupted = "interrupted by Ctrl-C"
    driver.process_is_gone(name, "process", DIED)
    assert driver.state.trials[name].ended is None


def test_full_disk_ends_the_sweep_and_no_trial(tmp_path: Path) -> None:
    driver = make_driver(tmp_path)
    name = trial_of(driver, 0.5)
    driver.handle(name, Started("host", 7))
    driver.handle(name, Broken("No space left on device", permanent=False, storage=True))
    driver.process_is_gone(name, "process", DIED)
    assert driver.state.trials[name].ended is None
    assert driver.interrupted == "the storage cannot be written: No space left on device"


def test_failed_trial_can_be_opened_again(tmp_path: Path) -> None:
    driver = make_driver(tmp_path)
    name = trial_of(driver, 0.5)
    driver.handle(name, Started("host", 7))
    driver.handle(name, Broken("cannot read a.jpg", permanent=True))
    driver.reopen_failed()
    for resumed in (driver, make_driver(tmp_path)):
        assert name in [trial.trial_id for trial in unfinished_trials(resumed.spec, resumed.state)]
    assert driver.handle(name, Started("host", 8))
    assert driver.state.trials[name].status == "running"


def test_driver_keeps_the_fault_that_ray_would_wrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = make_driver(tmp_path)
    fault = StorageError("the disk is full")

    def refuse(event: object) -> None:
        raise fault

    monkeypatch.setattr(driver.ledger, "append", refuse)
    with pytest.raises(StorageError):
        driver.handle(trial_of(driver, 0.5), Started("host", 7))
    assert driver.fault is fault
