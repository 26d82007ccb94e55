"""Somebody else's trainer as a trial: its log becomes reports, and nothing of it is left behind."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.integration.processes import descendants
from tests.standins import mmseg_train
from tests.standins.mmseg_train import miou_of
from trainables.command import TrainerFailed, run_command
from trainables.command.launching import COUNTS_VARIABLE
from trainables.command.state import restored, save
from trainables.contract import CHECKPOINT_NAME, RealRatioError, TrialError
from trainables.contract.command import OUTPUT, CommandTask
from trainables.local import FolderSession

STANDIN = mmseg_train.__file__
ELSEWHERE = {name: {"elsewhere": name} for name in ("real", "validation")}


def task(
    tmp_path: Path, *options: str, script: str | None = None, template: str | None = None, **keys: Any
) -> CommandTask:
    """40 iterations, validated at 20 and 40; `keys` replace those of `command`, `trial` those of a trial."""
    trial = {
        "data": ELSEWHERE,
        "model": {},
        "training": {"iterations": 40, "batch_size": 8, "log_interval": 5},
        "real_ratio": 0.5,
        "seed": 3,
        "options": {"interval": 20},
        "validate_at": [20, 40],
        **keys.pop("trial", {}),
    }
    command = _of_script(tmp_path, script) if script is not None else _of_mmseg(tmp_path, options)
    common = {"grace_seconds": 5, "working_directory": str(tmp_path)}
    values = {
        "trial": trial, "command": command | common | keys, "template": template, "metric": "val_miou"
    }  # fmt: skip
    return CommandTask.model_validate_json(json.dumps(values), strict=True)


def _of_script(tmp_path: Path, script: str) -> dict[str, Any]:
    (tmp_path / "trainer.py").write_text(script)
    return {"arguments": [sys.executable, str(tmp_path / "trainer.py")], "reports": {"format": "json"}}


def _of_mmseg(tmp_path: Path, options: tuple[str, ...]) -> dict[str, Any]:
    config = tmp_path / "pspnet.py"
    config.write_text("model = dict(type='EncoderDecoder')\n")
    own = (
        "real_ratio={real_ratio}",
        "randomness.seed={seed}",
        "train_cfg.max_iters={iterations}",
        "train_cfg.val_interval={options.interval}",
    )
    return {
        "arguments": [
            sys.executable, STANDIN, str(config), "--work-dir", "{folder}/work",
            "--cfg-options", *own, *options,
        ],
        "reports": {"file": "{folder}/work/*/vis_data/scalars.json"},
        "checkpoint": "{folder}/work/iter_{iteration}.pth",
        "resume": ["--resume", "--cfg-options", "load_from={checkpoint}"],
    }  # fmt: skip


def run(one: CommandTask, folder: Path) -> FolderSession:
    session = FolderSession(folder)
    run_command(one, session)
    return session


def curve(session: FolderSession) -> dict[int, float]:
    return {report.iteration: report.metrics["val_miou"] for report in session.reports}


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


def pids_of(folder: Path) -> list[int]:
    files = [folder / "work" / name for name in ("pid", "children")]
    return [int(line) for file in files if file.exists() for line in file.read_text().split()]


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not path.exists() or not path.read_text():
        assert time.monotonic() < deadline, f"{path} did not come"
        time.sleep(0.02)


class TestReports:
    def test_validations_become_reports_at_their_iterations(self, tmp_path: Path) -> None:
        session = run(task(tmp_path), tmp_path / "t000")
        assert curve(session) == {20: miou_of(0.5, 3, 20), 40: miou_of(0.5, 3, 40)}
        first = session.reports[0]
        assert first.metrics["val_aacc"] == pytest.approx(60 + first.metrics["val_miou"] / 2, abs=0.01)
        assert first.metrics["train_loss"] == pytest.approx(
            sum(3 / (1 + iteration / 10) for iteration in (5, 10, 15, 20)) / 4
        )
        assert (first.mixture.requested_real_ratio, first.mixture.real_images) == (0.5, 0)
        assert 0 < first.seconds < session.reports[1].seconds

    @pytest.mark.parametrize(
        "reports",
        [
            {"format": "mmengine"},
            {"format": "mmengine", "file": "{folder}/work/*/*.log"},
            {"format": "regex", "pattern": "(?P<iteration>x)(?P<val_miou>y)"},
        ],
        ids=["stdout", "text log", "regex that finds nothing"],
    )
    def test_where_reports_are_looked_for(self, tmp_path: Path, reports: dict[str, Any]) -> None:
        if reports["format"] == "mmengine":
            session = run(task(tmp_path, reports=reports), tmp_path / "t000")
            assert curve(session) == {20: miou_of(0.5, 3, 20), 40: miou_of(0.5, 3, 40)}
            return
        with pytest.raises(TrialError, match="exit code 0 and no validation was found in what it printed"):
            run(task(tmp_path, reports=reports), tmp_path / "t000")

    def test_a_validation_without_its_iteration(self, tmp_path: Path) -> None:
        session = run(task(tmp_path, "default_hooks.logger.log_metric_by_epoch=True"), tmp_path / "t000")
        assert list(curve(session)) == [20, 40]

    def test_validations_between_are_reported_too(self, tmp_path: Path) -> None:
        session = run(task(tmp_path, trial={"options": {"interval": 10}}), tmp_path / "t000")
        assert list(curve(session)) == [10, 20, 30, 40]

    def test_a_rung_that_is_passed_over_fails_the_trial(self, tmp_path: Path) -> None:
        with pytest.raises(TrialError, match="validated at 20 and 40; iteration 25 was passed without"):
            run(task(tmp_path, trial={"validate_at": [25, 40]}), tmp_path / "t000")

    def test_json_lines_with_counts(self, tmp_path: Path) -> None:
        script = """
import json
for iteration in (20, 40):
    print("something else")
    generated = {"a": 3 * iteration, "b": iteration}
    row = {"iteration": iteration, "val_miou": iteration / 100, "train_loss": 0.5, "lr": 0.1,
           "real_images": 4 * iteration, "generated_images": generated, "distinct_real": 9}
    print(json.dumps(row), end="" if iteration == 40 else "\\n")
"""
        one = task(tmp_path, script=script, reports={"format": "json", "scale": 100})
        session = run(one, tmp_path / "t000")
        assert curve(session) == {20: 20.0, 40: 40.0}
        mixture = session.reports[1].mixture
        assert (mixture.real_images, mixture.generated_images) == (160, {"a": 120, "b": 40})
        assert (mixture.realised_real_ratio, mixture.distinct_real, mixture.distinct_generated) == (
            0.5,
            9,
            None,
        )
        assert math.isnan(session.reports[0].metrics["val_aacc"])

    def test_a_regular_expression(self, tmp_path: Path) -> None:
        script = "for i in (20, 40): print(f'[{i}] loss=0.25'); print(f'[{i}] mIoU 0.{i}')"
        pattern = r"\[(?P<iteration>\d+)\] (loss=(?P<train_loss>\S+)|mIoU (?P<val_miou>\S+))"
        one = task(tmp_path, script=script, reports={"format": "regex", "pattern": pattern, "scale": 100})
        session = run(one, tmp_path / "t000")
        assert curve(session) == {20: 20.0, 40: 40.0}
        assert session.reports[0].metrics["train_loss"] == 0.25

    @pytest.mark.parametrize(
        ("line", "fault"),
        [
            ('{"iteration": 20, "val_miou": 3450}', "val_miou at 20 is 3450.0; it must be in percent"),
            ('{"iteration": 20, "val_macc": 34.5}', "the validation at 20 has no val_miou"),
            ('{"iteration": 20.5, "val_miou": 34.5}', "cannot be read: 20.5 is no whole number"),
            ('{"iteration": 20, "val_miou": [1]}', "cannot be read"),
            (
                '{"iteration": 80, "val_miou": 34.5}',
                "the trainer validated at 80 first; iteration 20 was passed",
            ),
        ],
    )
    def test_what_cannot_be(self, tmp_path: Path, line: str, fault: str) -> None:
        with pytest.raises(TrialError, match=fault):
            run(task(tmp_path, script=f"print('''{line}''')"), tmp_path / "t000")

    def test_a_trainer_that_diverged(self, tmp_path: Path) -> None:
        script = """for i in (20, 40): print('{"iteration": %d, "val_miou": null}' % i)"""
        assert math.isnan(curve(run(task(tmp_path, script=script), tmp_path / "t000"))[40])

    def test_signs_of_life(self, tmp_path: Path) -> None:
        session = run(task(tmp_path, "standin.pace=0.05"), tmp_path / "t000")
        assert session.progresses
        assert all(progress.train_loss > 0 and progress.lr == 0.01 for progress in session.progresses)


class TestCounts:
    def test_they_may_be_printed_beside_the_log(self, tmp_path: Path) -> None:
        script = """
import json, pathlib, sys
for i in (20, 40):
    print(json.dumps({"iteration": i, "real_images": 4 * i, "generated_images": {"gan": 4 * i}}))
    with open(sys.argv[1] + "/scalars.json", "a") as file:
        for row in {"loss": 1.0, "iter": i}, {"mIoU": i}:
            file.write(json.dumps({**row, "step": i}) + "\\n")
"""
        reports = {"format": "mmengine", "file": "{folder}/scalars.json"}
        arguments = [sys.executable, str(tmp_path / "trainer.py"), "{folder}"]
        one = task(tmp_path, script=script, reports=reports, arguments=arguments)
        session = run(one, tmp_path / "t000")
        assert curve(session) == {20: 20.0, 40: 40.0}
        assert [report.mixture.real_images for report in session.reports] == [80, 160]

    def test_what_the_trainer_counts_is_verified(self, tmp_path: Path) -> None:
        session = run(task(tmp_path, "standin.counts=0.5"), tmp_path / "t000")
        mixture = session.reports[0].mixture
        assert (mixture.real_images, mixture.generated_images) == (80, {"generated": 80})
        assert mixture.real_passes is None

    @pytest.mark.parametrize(("asked", "counted"), [(0.5, 0.6), (0.0, 0.01), (1.0, 0.99)])
    def test_another_share_than_asked_for_fails_the_trial(
        self, tmp_path: Path, asked: float, counted: float
    ) -> None:
        one = task(tmp_path, f"standin.counts={counted}", trial={"real_ratio": asked, "training": LONG})
        with pytest.raises(RealRatioError, match="It does not train on what it was asked for"):
            run(one, tmp_path / "t000")


LONG = {"iterations": 400, "batch_size": 8}


class TestLaunch:
    def test_values_reach_arguments_environment_and_config_file(self, tmp_path: Path) -> None:
        script = """
import json, os, pathlib, sys
pathlib.Path("seen.json").write_text(json.dumps([sys.argv[1:], dict(os.environ), open(sys.argv[1]).read()]))
print('{"iteration": 40, "val_miou": 1}')
"""
        config_file = {"template": "config.py.jinja", "path": "{folder}/deep/config.py"}
        one = task(
            tmp_path,
            script=script,
            arguments=[
                sys.executable, str(tmp_path / "trainer.py"), "{folder}/deep/config.py", "{real_ratio}",
                "{options.ema}", "{{x}}", "a b; $HOME", "{data.real.elsewhere}",
                "{options.on} {seed} {batch_size} {control}",
            ],
            environment={"MY_RATIO": "r{real_ratio}"},
            reports={"format": "json"},
            config_file=config_file,
            template="x = {'r': {{ real_ratio }}, 'e': {{ options.ema | repr }}}  # {{ options.on }}\n",
            trial={"options": {"ema": [1, 2.5], "on": True}, "validate_at": [40], "real_ratio": 0.125},
        )  # fmt: skip
        run(one, tmp_path / "t000")
        arguments, environment, config = json.loads((tmp_path / "seen.json").read_text())
        assert arguments[1:] == ["0.125", "[1, 2.5]", "{x}", "a b; $HOME", "real", "true 3 8 none"]
        assert config == "x = {'r': 0.125, 'e': [1, 2.5]}  # True\n"
        assert environment["MY_RATIO"] == "r0.125"
        assert environment[COUNTS_VARIABLE] == str(tmp_path / "t000" / "counts.jsonl")
        assert environment["SEGSWEEP_REAL_RATIO"] == "0.125"

    @pytest.mark.parametrize("devices", ["", "0,3"])
    def test_it_sees_the_gpus_of_the_trial(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, devices: str
    ) -> None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", devices)
        run(task(tmp_path), tmp_path / "t000")
        assert f"GPU: {devices}\n" in (tmp_path / "t000" / OUTPUT).read_text()

    def test_no_such_program(self, tmp_path: Path) -> None:
        with pytest.raises(TrainerFailed, match=r"could not be started: .*No such file.*pythn"):
            run(task(tmp_path, arguments=["pythn", "{real_ratio}"]), tmp_path / "t000")


class TestFailures:
    def test_an_exception_is_told_in_its_own_words(self, tmp_path: Path) -> None:
        with pytest.raises(TrainerFailed) as caught:
            run(task(tmp_path, "standin.crash_at=15"), tmp_path / "t000")
        first, *others = str(caught.value).splitlines()
        assert first == "exit code 1: RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB"
        assert "Traceback (most recent call last):" in others

    def test_a_signal(self, tmp_path: Path) -> None:
        script = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
        with pytest.raises(TrainerFailed, match="killed by SIGKILL"):
            run(task(tmp_path, script=script), tmp_path / "t000")

    def test_too_early_an_end(self, tmp_path: Path) -> None:
        with pytest.raises(
            TrainerFailed, match="exit code 0, but its last validation was at 20 and training"
        ):
            run(task(tmp_path, "standin.stop_at=30"), tmp_path / "t000")

    def test_a_crash_after_the_last_validation_takes_nothing_away(self, tmp_path: Path) -> None:
        script = """for i in (20, 40): print('{"iteration": %d, "val_miou": 1}' % i)\nraise SystemExit(3)"""
        assert list(curve(run(task(tmp_path, script=script), tmp_path / "t000"))) == [20, 40]


class TestRestart:
    def test_a_crash_is_gone_on_from(self, tmp_path: Path) -> None:
        one, folder = task(tmp_path, "standin.crash_at=35"), tmp_path / "t000"
        with pytest.raises(TrainerFailed):
            run(one, folder)
        session = run(one, folder)
        assert curve(session) == {20: miou_of(0.5, 3, 20), 40: miou_of(0.5, 3, 40)}
        log = (folder / OUTPUT).read_text()
        assert f"Load checkpoint from {folder}/resumed/iter_20.pth" in log  # not that of 30: 20 was reported
        assert "resumed epoch: 0, iter: 20" in log

    def test_all_that_is_needed_is_in_the_one_file_that_is_kept(self, tmp_path: Path) -> None:
        one = task(tmp_path, "standin.crash_at=35")
        with pytest.raises(TrainerFailed):
            run(one, tmp_path / "t000")
        other = tmp_path / "another node"
        other.mkdir()
        (other / CHECKPOINT_NAME).write_bytes((tmp_path / "t000" / CHECKPOINT_NAME).read_bytes())
        (other / "work").mkdir()
        assert list(curve(run(one, other))) == [20, 40]
        assert "iter: 20" in (other / OUTPUT).read_text()

    def test_a_checkpoint_that_is_cut_off_is_not_gone_on_from(self, tmp_path: Path) -> None:
        options = ("standin.crash_at=39", "standin.torn=True", "default_hooks.checkpoint.interval=13")
        one, folder = task(tmp_path, *options), tmp_path / "t000"
        with pytest.raises(TrainerFailed):
            run(one, folder)
        run(one, folder)
        assert "iter: 13" in (folder / OUTPUT).read_text()

    def test_a_checkpoint_that_came_after_the_validation(self, tmp_path: Path) -> None:
        """The report was saved without; the trainer wrote it before it crashed."""
        one, folder = task(tmp_path, "standin.crash_at=35"), tmp_path / "t000"
        with pytest.raises(TrainerFailed):
            run(one, folder)
        path = folder / CHECKPOINT_NAME
        identity = {"real_ratio": 0.5, "control": None, "seed": 3, "options": {"interval": 20}}
        save(path, identity, restored(path, identity, tmp_path / "elsewhere").report, None)
        run(one, folder)
        assert f"Load checkpoint from {folder}/work/iter_20.pth" in (folder / OUTPUT).read_text()

    def test_the_last_resort_is_what_it_went_on_from(self, tmp_path: Path) -> None:
        """On another node, where no other checkpoint comes before the next crash."""
        interval = ("default_hooks.checkpoint.interval=15", "standin.crash_at=25")
        with pytest.raises(TrainerFailed):
            run(task(tmp_path, *interval), tmp_path / "t000")
        other = tmp_path / "another node"
        other.mkdir()
        (other / CHECKPOINT_NAME).write_bytes((tmp_path / "t000" / CHECKPOINT_NAME).read_bytes())
        rare = ("default_hooks.checkpoint.interval=1000", "standin.crash_at=35")
        with pytest.raises(TrainerFailed):
            run(task(tmp_path, *rare), other)
        assert "iter: 15" in (other / OUTPUT).read_text()
        session = run(task(tmp_path, *rare), other)
        assert list(curve(session)) == [20, 40]
        assert (other / OUTPUT).read_text().count("iter: 15") == 2

    def test_without_a_checkpoint_it_begins_anew(self, tmp_path: Path) -> None:
        one = task(tmp_path, "standin.crash_at=35", checkpoint=None, resume=[])
        with pytest.raises(TrainerFailed):
            run(one, tmp_path / "t000")
        session = run(one, tmp_path / "t000")
        assert list(curve(session)) == [20, 40]
        assert "Load checkpoint" not in (tmp_path / "t000" / OUTPUT).read_text()

    def test_a_trial_that_has_ended_starts_no_process(self, tmp_path: Path) -> None:
        one = task(tmp_path)
        run(one, tmp_path / "t000")
        before = (tmp_path / "t000" / OUTPUT).read_bytes()
        assert list(curve(run(one, tmp_path / "t000"))) == [40]
        assert (tmp_path / "t000" / OUTPUT).read_bytes() == before

    @pytest.mark.parametrize("content", [b"", b"nonsense" * 100])
    def test_a_damaged_checkpoint(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "t000").mkdir()
        (tmp_path / "t000" / CHECKPOINT_NAME).write_bytes(content)
        with pytest.raises(TrialError, match="is damaged or no checkpoint of a command"):
            run(task(tmp_path), tmp_path / "t000")

    def test_the_checkpoint_of_another_trial(self, tmp_path: Path) -> None:
        run(task(tmp_path), tmp_path / "t000")
        with pytest.raises(TrialError, match="is the checkpoint of another trial"):
            run(task(tmp_path, trial={"seed": 4}), tmp_path / "t000")


class Refusing(FolderSession):
    """Ends the trial at its first report."""

    def report(self, report: Any, checkpoint: Path) -> None:
        raise SystemExit


class TestNothingIsLeft:
    @pytest.mark.parametrize("deaf", [False, True])
    def test_a_stopped_trial(self, tmp_path: Path, deaf: bool) -> None:
        options = ("standin.pace=0.02", "standin.children=True", f"standin.deaf={deaf}")
        one = task(tmp_path, *options, grace_seconds=0.5)
        with pytest.raises(SystemExit):
            run_command(one, Refusing(tmp_path / "t000"))
        pids = pids_of(tmp_path / "t000")
        assert len(pids) == 3
        assert not any(map(is_alive, pids))

    def test_the_signal_and_the_grace_are_the_users(self, tmp_path: Path) -> None:
        script = """
import pathlib, signal, sys, time
def end(*_):
    time.sleep(0.5)
    pathlib.Path("ended").touch()
    sys.exit()
signal.signal(signal.SIGUSR1, end)
print('{"iteration": 20, "val_miou": 1}', flush=True)
time.sleep(60)
"""
        with pytest.raises(SystemExit):
            run_command(task(tmp_path, script=script, stop_signal="SIGUSR1"), Refusing(tmp_path / "t000"))
        assert (tmp_path / "ended").exists()

    def test_what_outlives_a_trainer_that_ends_by_itself(self, tmp_path: Path) -> None:
        run(task(tmp_path, "standin.children=True"), tmp_path / "t000")
        assert not any(map(is_alive, pids_of(tmp_path / "t000")))

    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
    def test_the_trial_itself_is_killed(self, tmp_path: Path, number: int) -> None:
        """As Ray does; what is left must be gone within the grace, loaders in sessions of their own too."""
        options = ("standin.pace=0.02", "standin.children=True", "standin.deaf=True", "standin.hang_at=15")
        one = task(tmp_path, *options, grace_seconds=0.5)
        (tmp_path / "task.json").write_text(one.model_dump_json())
        with subprocess.Popen([sys.executable, "-c", RUN, str(tmp_path)], cwd=Path.cwd()) as trial:
            wait_for(tmp_path / "t000" / "work" / "pid")
            pids = pids_of(tmp_path / "t000")
            assert len(pids) == 3 and all(map(is_alive, pids))
            assert descendants(trial.pid) == set(), (
                "Ray would kill a child of the worker before it could clean up"
            )
            trial.send_signal(number)
        deadline = time.monotonic() + 10
        while any(map(is_alive, pids)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not any(map(is_alive, pids))

    def test_the_supervisor_is_killed(self, tmp_path: Path) -> None:
        one = task(tmp_path, "standin.hang_at=15", "standin.pace=0.01")
        (tmp_path / "task.json").write_text(one.model_dump_json())
        with subprocess.Popen(
            [sys.executable, "-c", RUN, str(tmp_path)], stderr=subprocess.PIPE, text=True
        ) as trial:
            wait_for(tmp_path / "t000" / "work" / "pid")
            (pid,) = pids_of(tmp_path / "t000")
            parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[1])
            os.kill(parent, signal.SIGKILL)
            _, said = trial.communicate(timeout=20)
        assert "the process that watched over it was killed" in said
        assert not is_alive(pid)

    def test_output_is_bounded(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("trainables.command.trainer._LOG_BYTES", 1 << 16)
        script = """
import time
for i in range(1, 41):
    print("x" * 99 + "\\n" + "y" * 9999)
    time.sleep(0.05)
    if i % 20 == 0: print('{"iteration": %d, "val_miou": 1}' % i)
"""
        session = run(task(tmp_path, script=script), tmp_path / "t000")
        assert list(curve(session)) == [20, 40]
        logs = list((tmp_path / "t000").glob(f"{OUTPUT}*"))
        assert len(logs) == 2 and all(log.stat().st_size < 1 << 18 for log in logs)


RUN = """
import sys
from pathlib import Path
from trainables.command import run_command
from trainables.contract.command import CommandTask
from trainables.local import FolderSession
folder = Path(sys.argv[1])
task = CommandTask.model_validate_json((folder / "task.json").read_text())
run_command(task, FolderSession(folder / "t000"))
"""
