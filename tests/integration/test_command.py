"""A sweep of somebody else's trainer through real Ray: stopped, crashed, killed, resumed, nothing left."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from sweep.ledger import Ledger, SweepState, replay
from sweep.ledger.events import TrialReported, TrialStarted
from tests.integration.commands import running_sweep, sweep_command, wait_for_event
from tests.specs import tiny_spec, write_spec
from tests.standins import mmseg_train
from tests.standins.mmseg_train import miou_of

CRASHES_AT = 35
"""The trial of 0.5 crashes there; that of 1.0 is killed with its worker."""
PATIENCE = 20.0


def spec(tmp_path: Path) -> dict[str, Any]:
    config = tmp_path / "pspnet.py"
    config.write_text("standin = dict(pace=0.05, children=True)\n")
    command = {
        "arguments": [
            sys.executable, mmseg_train.__file__, str(config), "--work-dir", "{folder}/work", "--cfg-options",
            "real_ratio={real_ratio}", "randomness.seed={seed}", "train_cfg.max_iters={iterations}",
            "train_cfg.val_interval={training.validation_interval}", "standin.crash_at={options.crash_at}",
        ],
        "resume": ["--resume", "--cfg-options", "load_from={checkpoint}"],
        "checkpoint": "{folder}/work/iter_{iteration}.pth",
        "reports": {"file": "{folder}/work/*/vis_data/scalars.json"},
        "grace_seconds": 1,
    }  # fmt: skip
    values = tiny_spec(
        tmp_path / "sweeps",
        trainable="command",
        command=command,
        options={"crash_at": CRASHES_AT},
        training={"iterations": 60, "batch_size": 8, "validation_interval": 20, "log_interval": 5},
        early_stopping={"name": "asha", "rungs": [20, 40], "min_peers": 1, "noise_sd": 0},
    )
    values["search"]["points_first"] = [{"real_ratio": 0.5}]
    values["resources"] |= {"max_failures": 2}
    del values["data"]
    return values


def state_of(tmp_path: Path) -> SweepState:
    return replay(Ledger(tmp_path / "sweeps" / "tiny" / "ledger.jsonl").read())


def processes_of(tmp_path: Path) -> list[str]:
    """Command lines of trainers, of what they have started, and of what watches over them."""
    pids = {
        int(line)
        for name in ("pid", "children")
        for file in (tmp_path / "sweeps").glob(f"tiny/trials/*/work/{name}")
        for line in file.read_text().split()
    }
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_text().replace("\0", " ")
            is_zombie = (folder / "stat").read_text().rpartition(") ")[2][0] == "Z"
        except OSError:
            continue
        is_sleeper = int(folder.name) in pids and "time.sleep(3600)" in line
        if not is_zombie and (is_sleeper or (str(tmp_path) in line and "mmseg_train.py" in line)):
            found.append(line)
    return found


def wait_until_none_is_left(tmp_path: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while (left := processes_of(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []


def test_a_sweep_of_a_command(tmp_path: Path) -> None:
    path = write_spec(tmp_path / "spec.yaml", spec(tmp_path))
    ledger = tmp_path / "sweeps" / "tiny" / "ledger.jsonl"

    def is_report_of_baseline(event: Any) -> bool:
        return isinstance(event, TrialReported) and event.trial_id == baseline and event.iteration == 20

    with running_sweep("run", str(path), cwd=tmp_path) as process:
        wait_for_event(ledger, lambda event: isinstance(event, TrialStarted), process)
        baseline = next(
            name
            for name, trial in state_of(tmp_path).trials.items()
            if trial.planned.parameters["real_ratio"] == 1
        )
        wait_for_event(ledger, is_report_of_baseline, process)
        started = [one for one in Ledger(ledger).read() if isinstance(one, TrialStarted)]
        worker = next(one.pid for one in reversed(started) if one.trial_id == baseline)
        os.kill(worker, signal.SIGKILL)
        process.wait(timeout=300)
        assert process.returncode == 0, (tmp_path / "out.txt").read_text()
    wait_until_none_is_left(tmp_path)

    trials = {trial.planned.parameters["real_ratio"]: trial for trial in state_of(tmp_path).trials.values()}
    assert {ratio: trial.status for ratio, trial in trials.items()} == {
        0.0: "stopped",
        0.5: "finished",
        1.0: "finished",
    }
    for ratio, trial in trials.items():
        last = 20 if ratio == 0 else 60
        assert {iteration: report.metrics["val_miou"] for iteration, report in trial.reports.items()} == {
            iteration: miou_of(ratio, 0, iteration) for iteration in (20, 40, 60) if iteration <= last
        }
    crashed, killed = trials[0.5], trials[1.0]
    assert [fault.reason for fault in crashed.faults] == [
        "TrainerFailed: exit code 1: RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB"
    ]
    assert killed.faults[0].cause == "process"
    for name in (crashed.trial_id, killed.trial_id):
        output = (ledger.parent / "trials" / name / "output.log").read_text()
        assert f"trials/{name}/resumed/iter_20.pth" in output
        assert "GPU: \n" in output, "no GPU was asked for, and none is seen"

    said = sweep_command("logs", "tiny", "--trial", crashed.trial_id, cwd=tmp_path).stdout
    assert "the end of what its trainer printed:" in said and "Iter(val) [500/500]" in said
    report = (ledger.parent / "report" / "report.md").read_text()
    assert "real_ratio is what was asked for and not verified: the trainer does not say which" in report
