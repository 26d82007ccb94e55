"""What a trial's process is to do: train, or replay what was recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sweep.importers import recorded_curves
from sweep.plan import PlannedTrial, trial_config
from sweep.plan.content import inventories
from sweep.spec import Spec
from sweep.spec.space import REAL_RATIO
from trainables.contract import TrialConfig
from trainables.contract.command import CommandTask
from trainables.contract.recorded import Metrics, ReplayConfig, without_nan

Work = Callable[[PlannedTrial], dict[str, Any]]
"""The part of a trial's `config` that `sweep.engine.session.run_trial` acts on."""


def work_of(spec: Spec) -> Work:
    """As the spec's `trainable` says. Raises StorageError, TableError if recorded curves cannot be read."""
    if spec.replay is None:
        return training(spec) if spec.command is None else commanding(spec)
    curves = recorded_curves(spec)
    return replaying(curves.of, spec.replay.seconds_per_iteration, spec.training.log_interval)


def training(spec: Spec) -> Work:
    """Training, with the spec's sections and the trial's parameters, on the images that are there now."""
    held = inventories(spec.data)
    trainer = {"trainable": spec.trainable, "code": str(Path.cwd())} if spec.has_own_trainer else {}

    def work(trial: PlannedTrial) -> dict[str, Any]:
        config = trial_config(spec, trial)
        own = held if _searches_no_folder(trial) else {}
        return {"trial": config.model_copy(update={"inventories": own}).model_dump(mode="json"), **trainer}

    return work


def commanding(spec: Spec) -> Work:
    """A process of somebody else's trainer; what its configuration file is made of goes with it."""
    assert spec.command is not None
    command, own = spec.command, training(spec)
    template = command.config_file.template.read_text() if command.config_file else None

    def work(trial: PlannedTrial) -> dict[str, Any]:
        config = TrialConfig.model_validate(own(trial)["trial"])
        task = CommandTask(trial=config, command=command, template=template, metric=spec.search.metric)
        return {"command": task.model_dump(mode="json")}

    return work


def _searches_no_folder(trial: PlannedTrial) -> bool:
    """Whether its sources are those of the spec: `data.strategy` only chooses among them."""
    return all(not path.startswith("data.") or path == "data.strategy" for path in trial.parameters)


def replaying(
    curve_of: Callable[[PlannedTrial], Mapping[int, Metrics]],
    seconds_per_iteration: float,
    log_interval: int | None = None,
) -> Work:
    """Reporting the curve of the trial; iterations take time, but nothing else."""

    def work(trial: PlannedTrial) -> dict[str, Any]:
        config = ReplayConfig(
            arm=trial.arm,
            seed=trial.seed,
            real_ratio=trial.parameters[REAL_RATIO],
            recorded=without_nan(curve_of(trial)),
            log_interval=log_interval,
            seconds_per_iteration=seconds_per_iteration,
        )
        return {"replay": config.model_dump(mode="json")}

    return work
