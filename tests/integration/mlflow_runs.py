"""What a sweep has written to MLflow."""

from __future__ import annotations

from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Run

from sweep.ledger import Ledger, SweepState, replay


def runs_of(folder: Path) -> list[Run]:
    """The runs of the sweep `tiny` in a folder, its own and those of its trials."""
    return _runs(MlflowClient(f"sqlite:///{folder}/sweeps/mlflow.db"))


def assert_mlflow_is_whole(folder: Path) -> None:
    """The sweep `tiny` in a folder, alone in its store, is there once and complete."""
    state = replay(Ledger(folder / "sweeps/tiny/ledger.jsonl").read())
    uri = f"sqlite:///{folder}/sweeps/mlflow.db"
    assert_tracked_once(uri, state)
    assert len(runs_of(folder)) == 1 + len(state.trials)


def assert_tracked_once(uri: str, state: SweepState) -> None:
    """Of the sweep: one parent, one child a trial, none RUNNING, and no point of a curve twice."""
    client = MlflowClient(uri)
    runs = [run for run in _runs(client) if run.data.tags["segsweep.sweep_id"] == state.created.sweep_id]
    children = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    (parent,) = (run for run in runs if run not in children)
    assert parent.info.status != "RUNNING"
    assert sorted(run.data.tags["segsweep.trial_id"] for run in children) == sorted(state.trials)
    wanted = {"finished": "FINISHED", "stopped": "KILLED", "failed": "FAILED"}
    for run in children:
        trial = state.trials[run.data.tags["segsweep.trial_id"]]
        assert run.info.status == wanted[trial.status]
        steps = [metric.step for metric in client.get_metric_history(run.info.run_id, "val_miou")]
        assert sorted(steps) == sorted(trial.reports)


def _runs(client: MlflowClient) -> list[Run]:
    experiment = client.get_experiment_by_name("segsweep")
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id]))
