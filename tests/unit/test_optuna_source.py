"""Optuna is told the truth: stopped is pruned, and values of different iterations are never compared."""

from __future__ import annotations

from pathlib import Path

from optuna.trial import TrialState

from sweep.engine.driver import Driver
from sweep.engine.messages import Broken, Started
from sweep.engine.optuna_source import OptunaSource, distribution, propose, told
from sweep.spec import Spec
from tests.unit.test_driver import make_driver, report

SEARCH = {
    "method": "optuna",
    "trials": 5,
    "parameters": {
        "real_ratio": {"min": 0, "max": 1},
        "training.optimizer.lr": {"min": 1e-4, "max": 1e-1, "distribution": "log_uniform_values"},
        "training.batch_size": {"min": 2, "max": 8},
    },
    "seeds": [0, 1],
}
BASELINE = {"real_ratio": 1, "training.optimizer.lr": 0.01, "training.batch_size": 4}


def optuna_driver(tmp_path: Path) -> Driver:
    return make_driver(tmp_path, search=SEARCH, baseline=BASELINE)


def told_arm(driver: Driver, arm: str) -> tuple[TrialState, float | None, dict[int, float]]:
    spec: Spec = driver.spec
    distributions = {path: distribution(path, one) for path, one in spec.search.parameters.items()}
    trials = [trial for trial in driver.state.trials.values() if trial.planned.arm == arm]
    frozen = told(spec, trials, distributions)
    return frozen.state, frozen.value, frozen.intermediate_values


def test_arms_come_with_all_seeds_until_there_are_enough(tmp_path: Path) -> None:
    driver = optuna_driver(tmp_path)
    source = OptunaSource(driver)
    trials = []
    while (trial := source.next_trial()) is not None:
        trials.append(trial)
    assert source.exhausted
    assert len(trials) == 10
    assert len({trial.arm for trial in trials}) == 5
    assert [trial.trial_id for trial in trials[2:]] == [f"t{number:03d}" for number in range(2, 10)]
    assert set(driver.state.trials) == {trial.trial_id for trial in trials}
    for trial in trials:
        assert 0 <= trial.parameters["real_ratio"] <= 1
        assert 1e-4 <= trial.parameters["training.optimizer.lr"] <= 1e-1
        assert isinstance(trial.parameters["training.batch_size"], int)


def test_controls_are_trained_but_not_counted_and_not_told(tmp_path: Path) -> None:
    plain = make_driver(tmp_path / "plain", search=SEARCH, baseline=BASELINE)
    driver = make_driver(tmp_path / "tested", search=SEARCH, baseline=BASELINE, controls=["copy", "noise"])
    assert propose(driver) == propose(plain)
    source = OptunaSource(driver)
    arms = []
    while (trial := source.next_trial()) is not None:
        arms.append(trial.arm)
    assert len(set(arms)) == 5 + 3
    assert len({arm for arm in arms if "control" in arm}) == 3


def test_proposal_rests_on_the_ledger_alone(tmp_path: Path) -> None:
    first = optuna_driver(tmp_path)
    proposal = propose(first)
    assert propose(optuna_driver(tmp_path)) == proposal
    assert propose(first, attempt=1) != proposal


def test_stopped_arm_is_pruned_with_its_value_at_the_rung(tmp_path: Path) -> None:
    driver = optuna_driver(tmp_path)
    for name in ("t000", "t001"):
        driver.handle(name, Started("host", 7))
        driver.handle(name, report(4, 30.0))
        driver.end(name, "stopped", "behind")
    arm = driver.state.trials["t000"].planned.arm
    assert told_arm(driver, arm) == (TrialState.PRUNED, None, {4: 30.0})


def test_finished_arm_is_complete_with_the_mean_over_seeds(tmp_path: Path) -> None:
    driver = optuna_driver(tmp_path)
    for name, miou in (("t000", 30.0), ("t001", 40.0)):
        driver.handle(name, report(12, miou))
    arm = driver.state.trials["t000"].planned.arm
    assert told_arm(driver, arm) == (TrialState.COMPLETE, 35.0, {12: 35.0})


def test_arm_of_which_one_seed_runs_on_is_running(tmp_path: Path) -> None:
    driver = optuna_driver(tmp_path)
    driver.handle("t000", report(12, 30.0))
    driver.handle("t001", report(4, 90.0))
    arm = driver.state.trials["t000"].planned.arm
    state, value, steps = told_arm(driver, arm)
    assert (state, value) == (TrialState.RUNNING, None)
    assert steps == {}, "no iteration was reached by both seeds"


def test_failed_arm_is_a_failure(tmp_path: Path) -> None:
    driver = optuna_driver(tmp_path)
    for name in ("t000", "t001"):
        driver.handle(name, Broken("cannot read a.jpg", permanent=True))
    arm = driver.state.trials["t000"].planned.arm
    assert told_arm(driver, arm)[0] == TrialState.FAIL
