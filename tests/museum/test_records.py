"""The record that was wrong or lost.

What a tracking server shows is believed for years. These are failures of how it was written, and of the
names that runs were given.
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest
from mlflow import MlflowClient
from pydantic import ValidationError

from sweep.errors import SpecError
from sweep.importers.mmsegmentation import read_mmsegmentation
from sweep.ledger.events import DriverStarted, TrialReported, TrialStarted
from sweep.plan import planned_trials, trial_config
from sweep.spec import spec_from_dict
from sweep.storage import SweepFolder
from sweep.tracking import TrackingTarget
from sweep.tracking.writer import sync
from tests.mmengine_logs import rows, write_attempt
from tests.specs import tiny_spec
from tests.unit.conftest import empty_database, target  # noqa: F401 - fixtures
from tests.unit.test_tracking import EVENTS, ledger_of, points, runs_of


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    folder = SweepFolder(tmp_path, "fake")
    folder.create()
    return folder


def test_runs_that_run_for_ever(target: TrackingTarget, folder: SweepFolder) -> None:  # noqa: F811
    """Runs that are RUNNING for ever.

    What happened: Ray's MLflow callback closes a run when its trial ends. After Ctrl-C, or a crash of the
    driver, nobody does, and runs stay RUNNING.

    How it looked: A green dot beside a number that will never change. Stopped trials, on the other hand,
    read FINISHED, and a filter for finished runs compares 2000 iterations with 10000.

    What we do: MLflow is a view of the ledger. `sweep resume` and `sweep sync` put right whatever was not
    written: a run of a killed sweep is KILLED, a stopped trial too, with the reason as a tag; FINISHED
    means trained to the end.
    """
    begun = next(number for number, event in enumerate(EVENTS) if isinstance(event, TrialReported)) + 1
    ledger_of(folder, EVENTS[:begun])
    sync(folder, target)
    assert {run.info.status for run in runs_of(target).values()} == {"KILLED"}
    ledger_of(folder, EVENTS[begun:])
    sync(folder, target)
    told = {
        name: (run.info.status, run.data.tags.get("segsweep.reason", ""))
        for name, run in runs_of(target).items()
    }
    assert told["t000"][0] == "FINISHED"
    assert told["t002"][0] == "KILLED"
    assert told["t002"][1]


def test_a_second_run_after_a_restore(target: TrackingTarget, folder: SweepFolder) -> None:  # noqa: F811
    """A second run of the same trial after a restore.

    What happened: A restored trial gets a new MLflow run: the first half of its curve is in one, the
    second in another.

    How it looked: More runs than trials, and means over seeds in which some trials count twice.

    What we do: A run's id stands in the ledger, and the run carries the trial's id. Whatever is killed, a
    trial has one run for its whole life, found again even if the ledger lost the id.
    """
    begun = next(number for number, event in enumerate(EVENTS) if isinstance(event, TrialReported)) + 1
    ledger = ledger_of(folder, EVENTS[:begun])
    sync(folder, target)
    before = {name: run.info.run_id for name, run in runs_of(target).items()}
    ledger.append(DriverStarted(pid=8, host="here"))
    ledger.append(TrialStarted(trial_id="t000", attempt=2, iteration=30, host="here"))
    sync(folder, target)
    assert {name: run.info.run_id for name, run in runs_of(target).items()} == before


def test_a_step_that_is_no_iteration(target: TrackingTarget, folder: SweepFolder) -> None:  # noqa: F811
    """A step that is no iteration.

    What happened: The step in MLflow was Ray's `training_iteration`, which counts reports: 1, 2, 3. With
    another validation interval the same step is another iteration.

    How it looked: Two learning curves on top of each other, of which one had trained twice as long.

    What we do: The step is the optimizer's iteration, and a report that is sent twice is written once.
    """
    ledger_of(folder, EVENTS)
    sync(folder, target)
    reported = [event for event in EVENTS if isinstance(event, TrialReported) and event.trial_id == "t000"]
    steps = [step for step, _ in points(target, runs_of(target)["t000"], "val_miou")]
    assert steps == [event.iteration for event in reported] != [1, 2]
    sync(folder, target)
    assert len(points(target, runs_of(target)["t000"], "val_miou")) == len(steps)
    assert MlflowClient(target.uri).search_experiments()


TRAINING_CONFIGS = {"pspnet": {"optimizer": {"lr": 0.01}, "hooks": []}}


def config_for(model: str, lr: float) -> dict:
    """As it was: a shallow copy of a shared default."""
    config = dict(TRAINING_CONFIGS[model])
    config["optimizer"]["lr"] = lr  # type: ignore[index]
    return config


def test_a_default_that_trials_share(tmp_path: Path) -> None:
    """A default that all trials share.

    What happened: The configuration of a trial was a shallow copy of a dictionary of defaults, and
    setting its learning rate set everybody's.

    How it looked: The first trial of a process is right, every later one has what the one before has set.
    Run alone, each gives another result than in the sweep.

    What we do: Specs and trial configurations are frozen; a trial's is built from the spec and its own
    parameters, and whoever tries to change it gets an error. The configuration of every trial stands in
    the ledger.
    """
    shared = deepcopy(TRAINING_CONFIGS)
    config_for("pspnet", 0.1)
    assert TRAINING_CONFIGS["pspnet"]["optimizer"]["lr"] == 0.1, "the trap"  # type: ignore[index, call-overload]
    TRAINING_CONFIGS.update(shared)
    spec = spec_from_dict(
        tiny_spec(
            tmp_path,
            search={
                "parameters": {"real_ratio": {"value": 1}, "training.optimizer.lr": {"values": [0.1, 0.01]}}
            },
            baseline={"real_ratio": 1, "training.optimizer.lr": 0.01},
            early_stopping={"name": "none"},
        )
    )
    trials = {
        trial.parameters["training.optimizer.lr"]: trial_config(spec, trial) for trial in planned_trials(spec)
    }
    assert [trials[lr].training.optimizer.lr for lr in (0.1, 0.01)] == [0.1, 0.01]
    with pytest.raises(ValidationError, match="frozen"):
        trials[0.1].training.optimizer.lr = 0.5  # type: ignore[misc]


def test_two_configurations_with_one_directory(tmp_path: Path) -> None:
    """Two configurations with one directory, and one with two.

    What happened: Directories were named by model and ratio. A run with another seed or pipeline has the
    directory of the first; elsewhere the same run was called `_ratio0p5` by one script and `_ratio0p50`
    by another.

    How it looked: The newest log in a directory was its result, whoever had written it. The check against
    double runs compared names without the ratio.

    What we do: A trial's folder is its number in the ledger, and what makes two trials one is their
    parameters, not their names. An import tells trainings in one work dir apart by where they began, and
    refuses to join attempts whose configurations differ.
    """
    assert f"{0.5:g}".replace(".", "p") != f"{0.5:.2f}".replace(".", "p"), "the trap: 0p5 and 0p50"
    work_dir = tmp_path / "pspnet_ratio0p50"
    write_attempt(work_dir, "20240506_100000", rows({2000: 33.0, 4000: 40.0}))
    write_attempt(work_dir, "20240508_100000", rows({2000: 36.0}))
    assert [run.name for run in read_mmsegmentation(tmp_path).runs] == ["20240506_100000", "20240508_100000"]
    twice = tiny_spec(tmp_path, search={"parameters": {"real_ratio": {"values": [0.5, 0.50, 1]}}})
    with pytest.raises(SpecError, match=r"values\[1\] is 0\.5, as values\[0\] is already"):
        spec_from_dict(twice)
