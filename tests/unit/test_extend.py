"""Adding to a sweep: what its ledger says to it, and trials that were stopped and go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sweep.engine.driver import Driver
from sweep.engine.extend import addition_of, budget_must_allow, extend
from sweep.engine.messages import Broken, Started
from sweep.engine.promotions import give_up_paused
from sweep.engine.run import settle_reports
from sweep.engine.sources import search_is_complete, unfinished_trials
from sweep.errors import SpecError, SweepError
from sweep.ledger import Ledger
from sweep.ledger.events import TrialPlanned, TrialPromoted
from sweep.overview import trials_table
from sweep.plan.addition import Addition, addition_text
from sweep.spec.extension import load_extension
from sweep.stopping import Judge, explain
from tests.pausing import PausesAll
from tests.terminal import Terminal
from tests.unit.test_driver import make_driver, report, trial_of


@pytest.fixture
def driver(tmp_path: Path) -> Driver:
    """t000 (1.0) finished, t001 (0.0) was stopped at iteration 4, t002 (0.5) failed; it may still write."""
    driver = make_driver(tmp_path)
    assert [trial_of(driver, ratio) for ratio in (1.0, 0.0, 0.5)] == ["t000", "t001", "t002"]
    for name in driver.state.trials:
        driver.handle(name, Started("host", 7))
        driver.folder.trial(name).mkdir(parents=True)
        driver.folder.checkpoint(name).write_bytes(b"1234")
    for rung in (4, 8, 12):
        driver.handle("t000", report(rung, 30.0 + rung))
    driver.handle("t001", report(4, 10.0))
    driver.handle("t002", Broken("cannot read a.jpg", permanent=True))
    assert [trial.status for trial in driver.state.trials.values()] == ["finished", "stopped", "failed"]
    return driver


def addition(driver: Driver, text: str, *overrides: str) -> Addition:
    path = driver.folder.storage / "more.yaml"
    path.write_text(f"extends: {driver.folder.name}\nstorage: {{path: {driver.folder.storage}}}\n{text}")
    return addition_of(load_extension(path), overrides)


def faults(driver: Driver, text: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        addition(driver, text)
    return [f"{fault.line}: {fault.path} {fault.message}" for fault in caught.value.faults]


def test_new_trials_are_numbered_behind_the_others(driver: Driver) -> None:
    added = addition(driver, "trials: [{real_ratio: 0.07, seeds: [0, 3]}, {real_ratio: 0.5, seeds: [1]}]")
    assert [(trial.trial_id, trial.arm, trial.seed) for trial in added.trials] == [
        ("t003", "real_ratio=0.07", 0),
        ("t004", "real_ratio=0.07", 3),
        ("t005", "real_ratio=0.5", 1),
    ]
    assert addition(driver, "trials: [{real_ratio: 0.07}]").trials == added.trials[:1], "seeds of the sweep"


def test_addition_is_part_of_the_sweep_for_every_driver_after(driver: Driver, tmp_path: Path) -> None:
    extend(driver, addition(driver, "trials: [{real_ratio: 0.07}]\ncontinue: [t001]"))
    for one in (driver, make_driver(tmp_path)):
        assert [trial.trial_id for trial in unfinished_trials(one.spec, one.state)] == ["t001", "t003"]
    planned = [event for event in Ledger(driver.folder.ledger).read() if isinstance(event, TrialPlanned)]
    assert [event.trial_id for event in planned if event.added] == ["t003"]


def test_trials_that_the_killed_driver_never_wrote_down_keep_their_ids(driver: Driver) -> None:
    lines = driver.folder.ledger.read_bytes().splitlines(keepends=True)
    driver.folder.ledger.write_bytes(b"".join(lines[:2]))  # the sweep and t000
    added = addition(driver, "trials: [{real_ratio: 0.07}, {real_ratio: 0}]")
    assert [(trial.trial_id, trial.arm) for trial in added.trials] == [("t003", "real_ratio=0.07")]


def test_everything_that_is_wrong_is_told_at_once(driver: Driver) -> None:
    driver.folder.checkpoint("t001").unlink()
    said = faults(
        driver,
        "budget: {hours: 1}\n"
        "trials:\n"
        "  - {real_ratio: 1}\n"
        "  - {real_ratio: 0.0, seeds: [4, 0]}\n"
        "  - {real_ratio: 0.5}\n"
        "  - {real_ratio: 1.5}\n"
        "  - {real_ratio: 0.2, seeds: [0]}\n"
        "  - {real_ratio: 0.2}\n"
        "continue: [t000, t001, t002, t01, t000]\n",
    )
    starts = [
        "3:  unknown key 'budget'",
        "5: trials[0] is real_ratio=1.0 with seed 0, which t000 was already (finished); give another seed",
        "6: trials[1].seeds[1] is real_ratio=0.0 with seed 0, which t001 was already (stopped); to let",
        "7: trials[2] is real_ratio=0.5 with seed 0, which t002 was already (failed); `sweep",
        "8: trials[3].real_ratio is 1.5; it must be between 0 and 1",
        "10: trials[5] is real_ratio=0.2 with seed 0, which stands above already; remove one",
        "11: continue[0] is t000, which finished; only stopped and paused trials can be continued",
        "11: continue[1] is t001, whose checkpoint is gone, so it would begin anew",
        "11: continue[2] is t002, which failed; `sweep resume tiny --storage",
        "11: continue[3] is 't01', which is no trial of 'tiny'. Did you mean 't001'?",
        "11: continue[4] is t000, which stands above already; remove one",
    ]
    assert len(said) == len(starts)
    for line, start in zip(said, starts, strict=True):
        assert line.startswith(start)


def test_killed_addition_can_be_repeated(driver: Driver) -> None:
    text = "trials: [{real_ratio: 0.07, seeds: [0, 1]}]\ncontinue: [t001]"
    added = addition(driver, text)
    driver.plan(added.trials[:1], added=True)
    assert addition(driver, text).trials == added.trials[1:]
    extend(driver, added)
    again = addition(driver, text)
    assert (again.trials, again.continued) == ((), ())


def test_trial_that_was_not_stopped_goes_on_by_itself(tmp_path: Path) -> None:
    driver = make_driver(tmp_path)
    (said,) = faults(driver, "continue: [t001]")
    assert said.startswith("3: continue[0] is t001, which was not stopped; `sweep resume")


def test_paused_trial_can_be_continued_to_the_end_before_it_is_given_up(tmp_path: Path) -> None:
    driver = paused(tmp_path)
    added = addition(driver, "continue: [t001]")
    said = addition_text(added, driver.state).split("\n")
    assert said[:3] == [
        "tiny: 0 new trials, 1 stopped or paused ones go on; 3 were there",
        "  t001  goes on from iteration 4; no rule stops it again",
        "  and 2 trials of the sweep that have not ended",
    ]
    extend(driver, added)
    assert unfinished_trials(driver.spec, driver.state)[0].trial_id == "t001"
    assert addition(driver, "continue: [t001]").continued == (), "repeated after a kill"
    driver.handle("t001", Started("host", 8))
    for rung in (4, 8):
        assert driver.handle("t001", report(rung, 10.0)), "no rule pauses it again"


def test_paused_trial_that_was_given_up_can_be_continued(tmp_path: Path) -> None:
    driver = paused(tmp_path)
    for name in ("t000", "t002"):
        driver.end(name, "failed", "for the test")
    give_up_paused(driver)
    assert driver.state.trials["t001"].status == "stopped"
    extend(driver, addition(driver, "continue: [t001]"))
    resumed = make_driver(tmp_path)
    settle_reports(resumed)
    assert [trial.trial_id for trial in unfinished_trials(resumed.spec, resumed.state)] == ["t001"]
    assert resumed.handle("t001", Started("host", 8))


def test_sweep_with_paused_trials_can_be_added_to(tmp_path: Path) -> None:
    driver = paused(tmp_path)
    extend(driver, addition(driver, "trials: [{real_ratio: 0.07}]"))
    assert driver.state.trials["t001"].waits
    left = [trial.trial_id for trial in unfinished_trials(driver.spec, driver.state)]
    assert sorted(left) == ["t000", "t002", "t003"]
    again = addition(driver, "trials: [{real_ratio: 0, seeds: [0, 5]}]")  # t001's, and it goes on by itself
    assert [trial.seed for trial in again.trials] == [5]


def test_trial_that_was_promoted_goes_on_by_itself(tmp_path: Path) -> None:
    driver = paused(tmp_path)
    driver.record(TrialPromoted(trial_id="t001", rung=4, reason="it may win"))
    (said,) = faults(driver, "continue: [t001]")
    assert said.startswith("3: continue[0] is t001, which was not stopped; `sweep resume")


def paused(tmp_path: Path) -> Driver:
    """t001 (0.0) is paused at iteration 4, the others have not begun."""
    driver = make_driver(tmp_path)
    driver.trial_judge = Judge(PausesAll())
    driver.handle("t001", Started("host", 7))
    driver.folder.trial("t001").mkdir(parents=True)
    driver.folder.checkpoint("t001").write_bytes(b"1234")
    assert not driver.handle("t001", report(4, 10.0))
    assert driver.state.trials["t001"].waits
    return driver


def test_trial_stopped_before_it_began_needs_no_checkpoint(tmp_path: Path) -> None:
    driver = make_driver(tmp_path)
    driver.end("t001", "stopped", "stopped by `sweep stop --trial` before it began")
    assert addition(driver, "continue: [t001]").continued == ("t001",)


def test_continued_trial_is_not_stopped_again(driver: Driver, tmp_path: Path) -> None:
    extend(driver, addition(driver, "continue: [t001]"))
    trial = driver.state.trials["t001"]
    assert driver.handle("t001", Started("host", 8))
    assert (trial.status, trial.iteration, trial.attempts) == ("running", 4, 2)
    assert driver.handle("t001", report(4, 10.0)), "the report of its checkpoint comes again"
    assert trial.judged[4].decision == "stop", "what was decided stays on record"
    assert driver.handle("t001", report(8, 5.0))
    assert trial.judged[8].decision == "continue"
    assert trial.judged[8].reason == (
        "t001 was stopped before and continued on request, so it is not stopped again"
    )
    assert set(trial.judged[8].peers) == {"t000"}
    settle_reports(make_driver(tmp_path))  # as a driver after kill -9 does
    assert make_driver(tmp_path).state.trials["t001"].ended is None
    assert not driver.handle("t001", report(12, 5.0))
    assert trial.status == "finished"
    assert "stopped before and continued on request" in explain(driver.state, "t001")


def test_trial_that_failed_after_it_was_continued_still_goes_to_the_end(driver: Driver) -> None:
    extend(driver, addition(driver, "continue: [t001]"))
    driver.handle("t001", Broken("cannot read b.jpg", permanent=True))
    driver.reopen_failed()
    assert driver.handle("t001", report(8, 5.0))


def test_trial_stopped_by_hand_can_be_continued_and_stopped_again(tmp_path: Path) -> None:
    driver = make_driver(tmp_path)
    request = driver.folder.stop_request("t001")
    request.parent.mkdir()
    for _ in range(2):
        request.touch()
        assert not driver.handle("t001", Started("host", 7))
        assert driver.state.trials["t001"].status == "stopped"
        extend(driver, addition(driver, "continue: [t001]"))
        assert driver.handle("t001", Started("host", 8))


def test_status_shows_no_cutoff_of_a_trial_that_goes_on(driver: Driver) -> None:
    def why() -> str:
        return str(list(trials_table(driver.folder, driver.state).columns[-1].cells)[1])

    assert why() == "10.00 < 34.00"
    extend(driver, addition(driver, "continue: [t001]"))
    assert why() == ""


def test_added_arms_do_not_count_as_searched_ones(tmp_path: Path) -> None:
    search: dict[str, Any] = {
        "method": "optuna", "trials": 2, "parameters": {"real_ratio": {"min": 0, "max": 1}}, "seeds": [0],
    }  # fmt: skip
    driver = make_driver(tmp_path, search=search)
    assert len(driver.state.trials) == 1
    extend(driver, addition(driver, "trials: [{real_ratio: 0.3}]"))
    assert not search_is_complete(driver.spec, driver.state)


def test_plan_says_what_is_added_and_what_it_costs(driver: Driver) -> None:
    text = "trials: [{real_ratio: 0.07, seeds: [0, 1]}]\ncontinue: [t001]"
    said = addition_text(addition(driver, text), driver.state, checkpoint_bytes=2_000_000_000).split("\n")
    assert said[:4] == [
        "tiny: 2 new trials, 1 stopped or paused ones go on; 3 were there",
        "  t003  real_ratio=0.07 seed=0",
        "  t004  real_ratio=0.07 seed=1",
        "  t001  goes on from iteration 4; no rule stops it again",
    ]
    assert f"  {'iterations':<18}{2 * 12 + 8:>9}" in said
    assert f"  {'trial hours':<18}{32 / 3600:>9.3g}" in said, "one second an iteration, as measured"
    assert said[-1] == "  checkpoints: 4 GB, one a new trial, kept"


def test_plan_counts_the_trials_of_the_sweep_that_are_still_to_run(tmp_path: Path) -> None:
    driver = make_driver(tmp_path)
    said = addition_text(addition(driver, "trials: [{real_ratio: 0.07}]"), driver.state)
    assert "  and 3 trials of the sweep that have not ended\n" in said


def test_spent_budget_is_told_before_anything_is_added(tmp_path: Path) -> None:
    driver = make_driver(tmp_path, budget={"trials": 1})
    driver.handle("t000", Started("host", 7))
    history = list(driver.ledger.read())
    new = addition(driver, "trials: [{real_ratio: 0.07}]")
    with pytest.raises(SweepError, match="the budget of 1 trials is spent, so nothing would run"):
        budget_must_allow(new, history)
    budget_must_allow(addition(driver, "trials: [{real_ratio: 0.07}]", "budget.trials=2"), history)
    driver.end("t000", "stopped", "behind")
    budget_must_allow(addition(driver, "continue: [t000]"), history)  # it was paid for


@pytest.fixture
def more(driver: Driver) -> str:
    """A file that adds to the driver's sweep."""
    addition(driver, "trials: [{real_ratio: 0.07}]\ncontinue: [t001]")
    return str(driver.folder.storage / "more.yaml")


def test_plan_of_an_extension_changes_nothing(driver: Driver, more: str, sweep: Terminal) -> None:
    before = driver.folder.ledger.read_bytes()
    done = sweep("plan", more)
    assert (done.code, done.out.split("\n")[0]) == (
        0,
        "tiny: 1 new trials, 1 stopped or paused ones go on; 3 were there",
    )
    assert driver.folder.ledger.read_bytes() == before


@pytest.mark.parametrize("option", [["--smoke"], ["--name", "other"]])
def test_extension_has_the_name_and_length_of_its_sweep(
    driver: Driver, more: str, sweep: Terminal, option: list[str]
) -> None:
    done = sweep("run", more, *option)
    assert done.code == 2
    assert f"Invalid value for {option[0]}" in done.err
    assert "which keeps its name and its length" in " ".join(done.err.replace("│", " ").split())


def test_running_sweep_cannot_be_added_to(driver: Driver, more: str, sweep: Terminal) -> None:
    with driver.folder.locked():
        done = sweep("run", more)
    assert done.code == 2
    assert done.err.startswith("tiny is running; add to it when it has ended, or after `sweep stop tiny")
