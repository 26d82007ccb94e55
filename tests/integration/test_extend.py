"""A sweep is added to: a stopped trial goes on, a new arm joins; kill -9 in the middle changes nothing."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from mlflow import MlflowClient

from sweep.ledger import Ledger, SweepState, replay
from sweep.ledger.events import TrialReported
from sweep.plan import planned_trials, trial_config
from sweep.report import fair_frame
from sweep.spec import load_spec
from sweep.spec.extension import extension_text
from tests.integration.commands import running_sweep, sweep_command, wait_for_event
from tests.specs import tiny_spec, write_spec
from trainables.contract import Report
from trainables.local import FolderSession
from trainables.segmentation import train


def test_stopped_trial_goes_on_to_the_numbers_of_an_undisturbed_one(tmp_path: Path) -> None:
    search = {"parameters": {"real_ratio": {"values": [0, 0.5]}}, "seeds": [0]}
    spec = tiny_spec(tmp_path / "sweeps", search=search, baseline={"real_ratio": 0.5})
    write_spec(tmp_path / "tiny.yaml", spec)
    ledger = tmp_path / "sweeps/tiny/ledger.jsonl"
    done = sweep_command("run", "tiny.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    stopped = [name for name, trial in state_of(ledger).trials.items() if trial.status == "stopped"]
    assert stopped, "the spec is such that ASHA stops a trial"

    continued = stopped[0]
    (tmp_path / "more.yaml").write_text(extension_text("tiny", [({"real_ratio": 0.07}, [0])], [continued]))
    with running_sweep("run", "more.yaml", cwd=tmp_path) as process:
        wait_for_event(ledger, lambda e: is_report(e, continued, 8), process)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    done = sweep_command("resume", "tiny", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr

    state = state_of(ledger)
    trial = state.trials[continued]
    assert (trial.status, trial.iteration, trial.continued) == ("finished", 12, True)
    assert state.trials["t002"].arm == "real_ratio=0.07"
    assert state.trials["t002"].ended is not None
    for undisturbed in reports_of_undisturbed(tmp_path, continued):
        recorded = trial.reports[undisturbed.iteration]
        assert recorded.metrics == undisturbed.metrics
        assert {name: tuple(counts) for name, counts in recorded.counts.items()} == vars(undisturbed.counts)
    table = fair_frame(state)
    last_rung = table[table["iteration"] == 12].set_index("arm")["n_seeds"]
    assert last_rung[trial.arm] == 1
    assert mlflow_status(tmp_path, continued) == ("FINISHED", sorted(trial.reports))


def is_report(event: object, trial_id: str, iteration: int) -> bool:
    return isinstance(event, TrialReported) and (event.trial_id, event.iteration) == (trial_id, iteration)


def state_of(ledger: Path) -> SweepState:
    return replay(Ledger(ledger).read())


def reports_of_undisturbed(folder: Path, trial_id: str) -> list[Report]:
    """The same trial, trained in this process from beginning to end."""
    spec = load_spec(folder / "tiny.yaml").spec
    planned = next(trial for trial in planned_trials(spec) if trial.trial_id == trial_id)
    session = FolderSession(folder / "undisturbed")
    train(trial_config(spec, planned), session)
    assert [report.iteration for report in session.reports] == [4, 8, 12]
    return session.reports


def mlflow_status(folder: Path, trial_id: str) -> tuple[str, list[int]]:
    """Status of the trial's only run, and the iterations of its val_miou."""
    client = MlflowClient(f"sqlite:///{folder}/sweeps/mlflow.db")
    experiment = client.get_experiment_by_name("segsweep")
    assert experiment is not None
    found = client.search_runs([experiment.experiment_id], f"tags.`segsweep.trial_id` = '{trial_id}'")
    (run,) = found
    steps = [metric.step for metric in client.get_metric_history(run.info.run_id, "val_miou")]
    return run.info.status, sorted(steps)
