"""What a sweep has written to MLflow."""

from __future__ import annotations

from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Run

from sweep.ledger import Ledger, replay


def runs_of(folder: Path) -> list[Run]:
    """The runs of the sweep `tiny` in a folder, its own and those of its trials."""
    client = MlflowClient(f"sqlite:///{folder}/sweeps/mlflow.db")
    experiment = client.get_experiment_by_name("segsweep")
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id]))


def assert_mlflow_is_whole(folder: Path) -> None:
    """One parent, one child a trial, none RUNNING, and no point of a curve twice."""
    runs = runs_of(folder)
    client = MlflowClient(f"sqlite:///{folder}/sweeps/mlflow.db")
    state = replay(Ledger(folder / "sweeps/tiny/ledger.jsonl").read())
    children = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    assert len(runs) - len(children) == 1
    assert sorted(run.data.tags["segsweep.trial_id"] for run in children) == sorted(state.trials)
    wanted = {"finished": "FINISHED", "stopped": "KILLED", "failed": "FAILED"}
    for run in children:
        trial = state.trials[run.data.tags["segsweep.trial_id"]]
        assert run.info.status == wanted[trial.status]
        steps = [metric.step for metric in client.get_metric_history(run.info.run_id, "val_miou")]
        assert sorted(steps) == sorted(trial.reports)
