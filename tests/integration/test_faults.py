"""What goes wrong in one trial stays there; what ends leaves no process and has said nothing but ours."""

from __future__ import annotations

import re
import subprocess
from ipaddress import ip_address
from pathlib import Path

from mlflow import MlflowClient

from sweep.ledger import Ledger, SweepState, replay
from sweep.ledger.events import Event, TrialProgressed
from tests.integration.commands import PATIENCE, running_sweep, sweep_command, wait_for_event
from tests.integration.processes import descendants, left_of, listening_addresses
from tests.photos import data_section, write_data
from tests.specs import tiny_spec, write_spec

LR = "training.optimizer.lr"
TRIAL = r"t\d{3} real_ratio=\S+( strategy=\w+ lr=\S+| lr=\S+)? seed=\d"
OURS = re.compile(
    rf"  {TRIAL}: (started( again \(attempt \d\))? at|iteration \d+, loss|val_miou \S+ at iteration) .+"
    rf"|[!✗✓■] {TRIAL}: (attempt broke off|(failed|finished|stopped) at iteration \d+): .+"
    r"|  \d trials: .+"
    r"|sweep (completed|interrupted): .+"
)
"""A line of a sweep, up to its end."""
AGENTS = {"ray::DashboardA", "ray::RuntimeEnv"}
"""They train nothing, and notice within two minutes that a killed driver is gone."""
NOISE = re.compile(r"\bray\b|pid=|INFO|WARN|Warning|Traceback|site-packages|mlflow\.store|alembic", re.I)


def test_fault_ends_its_own_trial_alone(tmp_path: Path) -> None:
    """A photo that breaks off, and a learning rate that explodes, beside two trials that are well."""
    broken = write_data(tmp_path / "data")
    arms = [("good", 0.01), ("bad", 0.01), ("good", 1e9)]
    points = [{"real_ratio": 0.5, "data.strategy": source, LR: lr} for source, lr in arms]
    parameters = {
        "real_ratio": {"values": [0.5, 1]},
        "data.strategy": {"values": ["good", "bad"]},
        LR: {"values": [0.01, 1e9]},
    }
    spec = tiny_spec(
        tmp_path / "sweeps",
        data=data_section(tmp_path / "data"),
        search={"method": "random", "trials": 4, "parameters": parameters, "points_first": points},
        baseline={"real_ratio": 1, LR: 0.01},
        early_stopping={"name": "none", "rungs": [4]},
    )
    write_spec(tmp_path / "tiny.yaml", spec)

    done = sweep_command("run", "tiny.yaml", cwd=tmp_path)

    assert done.returncode == 1, done.stdout + done.stderr
    trials = {trial.arm: trial for trial in state_of(tmp_path).trials.values()}
    assert {arm: trial.status for arm, trial in trials.items()} == {
        "real_ratio=0.5 strategy=good lr=0.01": "finished",
        "real_ratio=0.5 strategy=bad lr=0.01": "failed",
        "real_ratio=0.5 strategy=good lr=1000000000.0": "failed",
        "real_ratio=1.0 lr=0.01": "finished",
    }
    unreadable = trials["real_ratio=0.5 strategy=bad lr=0.01"]
    exploded = trials["real_ratio=0.5 strategy=good lr=1000000000.0"]
    assert unreadable.ended is not None and exploded.ended is not None
    assert unreadable.ended.reason.startswith(f"{broken}: cannot be read as an image: ")
    assert re.match(
        r"the loss is (nan|inf) at iteration \d+ .*; lower training.optimizer.lr", exploded.ended.reason
    )
    assert (unreadable.attempts, exploded.attempts) == (1, 1), "a retry could not help"
    assert run_status(tmp_path) == {
        trial.trial_id: "FAILED" if trial.status == "failed" else "FINISHED" for trial in trials.values()
    }
    assert done.stderr == ""
    assert_only_ours(done.stdout)
    assert str(broken) in done.stdout
    assert str(broken) in sweep_command("explain", "tiny", unreadable.trial_id, cwd=tmp_path).stdout


def test_stopped_by_hand_and_nothing_of_it_is_left(tmp_path: Path) -> None:
    """A running and a waiting trial, then the sweep; resume finishes what is left."""
    write_spec(
        tmp_path / "tiny.yaml",
        tiny_spec(
            tmp_path / "sweeps",
            training={"iterations": 600, "batch_size": 2, "crop_size": [32, 48], "log_interval": 10},
            early_stopping={"name": "none", "rungs": [60]},
        ),
    )
    ledger = tmp_path / "sweeps/tiny/ledger.jsonl"
    with running_sweep("run", "tiny.yaml", cwd=tmp_path) as process:
        first = wait_for_progress(ledger, process)
        seen = descendants(process.pid)
        assert {"raylet", "gcs_server"} <= {one.name for one in seen}
        assert_listens_on_loopback_alone({process.pid, *(one.pid for one in seen)})
        waiting = next(trial_id for trial_id in state_of(tmp_path).trials if trial_id != first)
        for trial_id in (waiting, first):
            done = sweep_command("stop", "tiny", "--trial", trial_id, cwd=tmp_path)
            assert done.stdout == f"asked tiny to stop {trial_id}; no resume goes on with it\n", done.stderr
        second = wait_for_progress(ledger, process, not_of=first)
        seen |= descendants(process.pid)
        assert sweep_command("stop", "tiny", cwd=tmp_path).returncode == 0
        assert process.wait(timeout=PATIENCE) == 130
    assert left_of(seen) == set()
    assert statuses(tmp_path) | {waiting: ""} == {first: "stopped", second: "interrupted", waiting: ""}
    out = (tmp_path / "out.txt").read_text()
    assert "sweep interrupted: stopped by `sweep stop`" in out
    assert_only_ours(out)

    done = sweep_command("resume", "tiny", cwd=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert statuses(tmp_path) == {first: "stopped", second: "finished", waiting: "stopped"}
    assert state_of(tmp_path).trials[waiting].attempts == 0
    assert run_status(tmp_path) == {first: "KILLED", second: "FINISHED"}
    assert done.stderr == ""


def test_smoke_again_after_kill_9_which_leaves_no_process(tmp_path: Path) -> None:
    search = {"parameters": {"real_ratio": {"values": [0.5, 1]}}, "seeds": [0]}
    write_spec(tmp_path / "tiny.yaml", tiny_spec(tmp_path / "sweeps", search=search))
    ledger = tmp_path / "sweeps/smoke/tiny-smoke/ledger.jsonl"
    with running_sweep("run", "tiny.yaml", "--smoke", cwd=tmp_path) as process:
        wait_for_progress(ledger, process)
        seen = descendants(process.pid)
        process.kill()
    killed = next(iter(Ledger(ledger).read()))
    assert left_of(seen) <= AGENTS

    done = sweep_command("run", "tiny.yaml", "--smoke", cwd=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert next(iter(Ledger(ledger).read())) != killed, "another sweep of the same name"
    state = replay(Ledger(ledger).read())
    assert [(trial.status, trial.iteration) for trial in state.trials.values()] == [("finished", 4)] * 2
    assert [sorted(trial.reports) for trial in state.trials.values()] == [[2, 4]] * 2
    assert not (tmp_path / "sweeps/tiny").exists()
    listed = sweep_command("list", "--storage", "sweeps/smoke", cwd=tmp_path).stdout
    assert re.search(r"tiny-smoke .* completed +2 finished", listed)


def assert_listens_on_loopback_alone(pids: set[int]) -> None:
    addresses = listening_addresses(pids)
    assert addresses, "Ray listens somewhere"
    assert all(ip_address(address).is_loopback for address in addresses), addresses


def wait_for_progress(ledger: Path, process: subprocess.Popen[str], not_of: str = "") -> str:
    """Id of a trial, other than `not_of`, that is training."""

    def is_progress(event: Event) -> bool:
        return isinstance(event, TrialProgressed) and event.trial_id != not_of

    event = wait_for_event(ledger, is_progress, process)
    assert isinstance(event, TrialProgressed)
    return event.trial_id


def state_of(folder: Path) -> SweepState:
    return replay(Ledger(folder / "sweeps/tiny/ledger.jsonl").read())


def statuses(folder: Path) -> dict[str, str]:
    return {trial_id: trial.status for trial_id, trial in state_of(folder).trials.items()}


def run_status(folder: Path) -> dict[str, str]:
    """Status of the MLflow run of every trial that has one."""
    client = MlflowClient(f"sqlite:///{folder}/sweeps/mlflow.db")
    experiment = client.get_experiment_by_name("segsweep")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    return {
        run.data.tags["segsweep.trial_id"]: run.info.status
        for run in runs
        if "segsweep.trial_id" in run.data.tags
    }


def assert_only_ours(out: str) -> None:
    """Line by line while trials run; after that no word of a library, but for the command of MLflow's UI."""
    lines = out.splitlines()
    end = next(number for number, line in enumerate(lines) if line.startswith("sweep "))
    assert [line for line in lines[: end + 1] if not OURS.fullmatch(line)] == []
    after = [line for line in lines[end + 1 :] if not line.startswith("MLflow ")]
    assert [line for line in after if NOISE.search(line)] == []
