import pytest

from sweep.errors import LedgerError
from sweep.ledger import Ledger, SweepState, replay
from sweep.ledger.events import (
    Decision,
    DriverEnded,
    DriverStarted,
    RunTracked,
    TrialEnded,
    TrialFaulted,
    TrialJudged,
    TrialPlanned,
    TrialProgressed,
    TrialPromoted,
    TrialReopened,
    TrialReported,
    TrialStarted,
)
from tests.builders import sweep_events, sweep_state


@pytest.fixture
def state() -> SweepState:
    """One trial that has not started, under its first driver."""
    return sweep_state(arms=[0.5], seeds=[0], waiting=[("real_ratio=0.5", 0)], outcome=None)


def started(attempt: int = 1, iteration: int = 0) -> TrialStarted:
    return TrialStarted(trial_id="t000", attempt=attempt, iteration=iteration, host="here")


def progressed(iteration: int, loss: float = 1.0, seconds: float = 0.0) -> TrialProgressed:
    return TrialProgressed(trial_id="t000", iteration=iteration, train_loss=loss, lr=0.1, seconds=seconds)


def reported(iteration: int, value: float, seconds: float = 0.0) -> TrialReported:
    return TrialReported(
        trial_id="t000",
        iteration=iteration,
        metrics={"val_miou": value},
        mixture={},
        counts={},
        seconds=seconds,
    )


def judged(rung: int, reason: str, decision: Decision = "continue") -> TrialJudged:
    return TrialJudged(
        trial_id="t000", rung=rung, decision=decision, rule="asha", reason=reason, value=1.0, cutoff=None
    )


def promoted(rung: int) -> TrialPromoted:
    return TrialPromoted(trial_id="t000", rung=rung, reason="it may win")


ENDED = TrialEnded(trial_id="t000", outcome="finished", reason="done", iteration=100)


def test_a_trial_goes_from_planned_to_running_to_its_outcome(state: SweepState) -> None:
    trial = state.trials["t000"]
    assert (trial.status, trial.attempts) == ("planned", 0)
    state.apply(started())
    assert (trial.status, trial.attempts) == ("running", 1)
    state.apply(ENDED)
    assert (trial.status, trial.ended, trial.iteration) == ("finished", ENDED, 100)


@pytest.mark.parametrize("outcome", ["finished", "stopped", "failed"])
def test_an_ended_trial_stays_ended_whatever_becomes_of_its_driver(state: SweepState, outcome: str) -> None:
    state.apply(started())
    state.apply(TrialEnded(trial_id="t000", outcome=outcome, reason="", iteration=5))  # type: ignore[arg-type]
    state.apply(DriverEnded(outcome="interrupted", reason="Ctrl-C"))
    state.apply(DriverStarted(pid=2, host="here"))
    assert state.trials["t000"].status == outcome


def test_a_running_trial_is_interrupted_when_its_driver_ends(state: SweepState) -> None:
    state.apply(started())
    state.apply(DriverEnded(outcome="interrupted", reason="Ctrl-C"))
    assert state.trials["t000"].status == "interrupted"
    assert state.outcome == "interrupted"


def test_a_new_driver_tells_that_the_one_before_was_killed(state: SweepState) -> None:
    state.apply(started())
    state.apply(DriverStarted(pid=2, host="there"))
    assert state.trials["t000"].status == "interrupted"
    assert state.outcome is None
    assert [driver.ended for driver in state.drivers] == [None, None]
    state.apply(started(attempt=2, iteration=40))
    assert state.trials["t000"].status == "running"


def test_a_fault_leaves_the_trial_running_until_it_ends(state: SweepState) -> None:
    state.apply(started())
    fault = TrialFaulted(trial_id="t000", reason="killed", iteration=37)
    state.apply(fault)
    trial = state.trials["t000"]
    assert (trial.status, trial.faults, trial.iteration) == ("running", [fault], 37)


def test_the_iteration_goes_back_to_the_checkpoint_but_time_spent_does_not(state: SweepState) -> None:
    trial = state.trials["t000"]
    state.apply(started())
    state.apply(progressed(50, seconds=25.0))
    assert (trial.iteration, trial.seconds) == (50, 25.0)
    state.apply(started(attempt=2, iteration=40))
    assert (trial.iteration, trial.seconds, trial.attempts) == (40, 25.0, 2)
    state.apply(progressed(42, seconds=21.0))
    assert (trial.iteration, trial.seconds) == (42, 25.0)


def test_the_first_report_and_the_last_progress_of_an_iteration_count(state: SweepState) -> None:
    trial = state.trials["t000"]
    for event in (reported(60, 30.0), reported(60, 99.0), progressed(10, loss=2.0), progressed(10, loss=1.0)):
        state.apply(event)
    assert trial.reports[60].metrics["val_miou"] == 30.0
    assert trial.progress_history == {10: progressed(10, loss=1.0)}
    assert trial.progress == progressed(10, loss=1.0)


def test_the_first_decision_at_a_rung_counts(state: SweepState) -> None:
    state.apply(judged(60, "first"))
    state.apply(judged(60, "second"))
    assert state.trials["t000"].judged[60].reason == "first"


def test_a_paused_trial_waits_whatever_becomes_of_its_driver_until_it_is_promoted(state: SweepState) -> None:
    trial = state.trials["t000"]
    state.apply(started())
    state.apply(reported(60, 30.0))
    assert not trial.waits
    state.apply(judged(60, "behind", "pause"))
    for event in (DriverEnded(outcome="interrupted", reason=""), DriverStarted(pid=2, host="here")):
        state.apply(event)
        assert (trial.status, trial.waits, trial.ended) == ("paused", True, None)
    state.apply(promoted(60))
    state.apply(DriverStarted(pid=3, host="here"))
    assert (trial.status, trial.waits, trial.promotions) == ("paused", False, {60: promoted(60)})
    state.apply(started(attempt=2, iteration=60))
    assert (trial.status, trial.promoted, trial.waits) == ("running", False, False)
    state.apply(judged(60, "once more", "pause"))
    assert trial.status == "running", "the first decision at a rung was overruled"
    state.apply(judged(90, "behind again", "pause"))
    assert trial.waits


@pytest.mark.parametrize("is_promoted", [False, True])
def test_a_paused_trial_that_ended_and_is_continued_does_not_wait(
    state: SweepState, is_promoted: bool
) -> None:
    trial = state.trials["t000"]
    for event in (started(), reported(60, 30.0), judged(60, "behind", "pause")):
        state.apply(event)
    if is_promoted:
        state.apply(promoted(60))
    state.apply(TrialEnded(trial_id="t000", outcome="stopped", reason="given up", iteration=60))
    assert (trial.status, trial.promoted, trial.waits) == ("stopped", False, False)
    state.apply(TrialReopened(trial_id="t000", to_the_end=True))
    assert (trial.status, trial.continued, trial.waits) == ("interrupted", True, False)


def test_values_at_a_rung_are_those_measured_exactly_there(state: SweepState) -> None:
    state.apply(reported(59, 1.0))
    state.apply(reported(61, 2.0))
    assert state.values_at(60, "val_miou") == {}
    state.apply(reported(60, 3.0))
    assert state.values_at(60, "val_miou") == {"t000": 3.0}
    assert state.values_at(60, "val_aacc") == {}


def test_trials_keep_the_order_of_the_plan_and_a_repeated_plan_changes_nothing(state: SweepState) -> None:
    again = state.trials["t000"].planned
    state.apply(TrialPlanned(trial_id="a", arm="x", parameters={"real_ratio": 1.0}, seed=0))
    state.apply(started())
    state.apply(again)
    assert list(state.trials) == ["t000", "a"]
    assert state.trials["t000"].status == "running"


def test_the_last_run_of_a_trial_counts_and_none_is_the_sweep_itself(state: SweepState) -> None:
    runs = [
        RunTracked(trial_id=name, run_id=run, tracking_uri="") for name, run in ((None, "p"), ("t000", "1"))
    ]
    for run in (*runs, RunTracked(trial_id="t000", run_id="2", tracking_uri="")):
        state.apply(run)
    assert {name: run.run_id for name, run in state.runs.items()} == {None: "p", "t000": "2"}


def test_following_events_gives_the_state_that_a_replay_gives() -> None:
    events = sweep_events(stopped={("real_ratio=0.0", 1): 60}, failed={("real_ratio=0.5", 0): 45})
    followed = replay(events[:1])
    for event in events[1:]:
        followed.apply(event)
    assert followed == replay(events)
    assert {trial.status for trial in followed.trials.values()} == {"finished", "stopped", "failed"}


def test_a_ledger_on_disk_replays_to_the_state_of_its_events(tmp_path: object) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")  # type: ignore[operator]
    written = [ledger.append(event) for event in sweep_events(arms=[1.0, 0.5])]
    assert replay(ledger.read()) == replay(written)


def test_what_cannot_follow_is_a_ledger_error(state: SweepState) -> None:
    with pytest.raises(LedgerError, match="holds no sweep"):
        replay([])
    with pytest.raises(LedgerError, match="does not begin with SweepCreated"):
        replay([started()])
    with pytest.raises(LedgerError, match="twice"):
        state.apply(state.created)
    with pytest.raises(LedgerError, match="trial 'b', which no TrialPlanned names"):
        state.apply(TrialEnded(trial_id="b", outcome="failed", reason="", iteration=1))
    with pytest.raises(LedgerError, match="before any DriverStarted"):
        replay([state.created, DriverEnded(outcome="completed", reason="")])


def test_trials_of_a_killed_driver_are_interrupted() -> None:
    state = sweep_state(arms=(1.0,), seeds=(0, 1), running={("real_ratio=1.0", 0): 90}, outcome=None)
    assert {trial.status for trial in state.trials.values()} == {"running", "finished"}
    state.interrupt_trials()
    assert {trial.status for trial in state.trials.values()} == {"interrupted", "finished"}
    assert state.outcome is None, "nobody said how it ended"
