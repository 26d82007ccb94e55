"""The command line: what it says, what it ends with, and what it leaves alone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sweep.storage import SweepFolder
from tests.specs import tiny_spec, write_spec
from tests.terminal import Done, Terminal, write_fake

ROOT = Path(__file__).parents[2]
COMMANDS = {
    "run": "Runs the sweep that a spec describes, or adds to one.",
    "plan": "Prints what a spec would run, and what it would cost. Starts nothing.",
    "resume": "Goes on with a sweep that was interrupted, killed, or ran out of budget.",
    "compare": "Prints the fair comparison of all arms at one rung.",
    "fit": "Fits the curve over real_ratio: what it shows, what it does not, and what lies between.",
    "predict": "Predicts the value of a training at a share of real images, run or not.",
    "next": "Proposes the trials that would narrow the curve most where it matters, priced.",
    "simulate": "Replays recorded trials through stopping rules: what each would have cost, and lost.",
    "import": "Makes trials of a sweep out of old runs: logs, tables, MLflow, W&B.",
    "check-trainable": "Tries a training function of your own: does it keep its side of the contract?",
    "pack": "Decodes the folders of a spec once, for all trials on this machine.",
    "look": "Draws the first batches that a training gets, with their labels laid over them.",
    "doctor": "Checks machine, GPUs, storage, MLflow and Ray, and says what to mend.",
    "init": "Looks at your folders of images and writes a spec for them, with comments.",
    "submit": "Starts a sweep on a cluster, and returns at once.",
    "logs": "Prints what a sweep, its libraries, or a trial that broke off have said.",
    "report": "Writes tables and figures from what is known now, and prints the newest table.",
    "list": "Lists the sweeps of a storage.",
    "status": "Prints every trial of a sweep: where it is, its newest value, why it ended.",
    "stop": "Stops a running sweep in good order, or ends one trial of a sweep.",
    "explain": "Prints every decision about a trial, and what it rests on.",
    "sync": "Writes into MLflow, and into an object store, whatever they miss of a sweep.",
}
HEAVY = ("torch", "ray", "mlflow", "optuna", "matplotlib", "pandas")
LIGHT = f"""
import sys
from sweep.cli import main
sys.argv[0] = "sweep"
try:
    main()
finally:
    print("imported:", [name for name in {HEAVY} if name in sys.modules])
"""

FAKE_RAY = """
import os, sys
from sweep.engine import cluster
from sweep.cli import main

answer = {answer}

def init(**_):
    if isinstance(answer, Exception):
        raise answer

os.environ.pop("RAY_ADDRESS", None)
cluster.ray.init = init
cluster.ray.cluster_resources = lambda: answer
sys.argv = ["sweep", "run", "x.yaml"]
for _ in range(2):
    try:
        main()
    except SystemExit as end:
        print(end.code, os.listdir("sweeps"))
"""


@pytest.fixture
def fake(tmp_path: Path) -> SweepFolder:
    """A sweep in `sweeps/fake`: t000 and t001 finished, t002 stopped, t003 failed."""
    return write_fake(tmp_path / "sweeps")


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def rows(help_text: str) -> dict[str, str]:
    """Commands and what they do, out of `sweep --help`."""
    listed = help_text.partition("Commands")[2]
    return dict(re.findall(r"^│ ([\w-]+) +(.+?) +│$", listed, re.M))


def test_help_lists_every_command_in_a_line(sweep: Terminal) -> None:
    done = sweep("--help")
    assert done.code == 0
    assert rows(done.out) == COMMANDS
    assert "130 interrupted" in done.out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(sweep: Terminal, command: str) -> None:
    done = sweep(command, "--help")
    assert done.code == 0
    assert COMMANDS[command] in done.out
    undocumented = re.findall(r"^│ +(?:\* +)?(--?[\w-]+|[A-Z]+) +(?:<\w+>|KEY=VALUE)? *│$", done.out, re.M)
    assert undocumented == []


def test_the_table_of_commands_names_the_same() -> None:
    table = re.findall(r"^\| (`sweep .+?) \|", (ROOT / "docs" / "commands.md").read_text(), re.M)
    named = [name for cell in table for name in re.findall(r"`sweep ([\w-]+)", cell)]
    assert sorted(named) == sorted(COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["run", "--help"],
        ["run", "faulty.yaml"],
        ["plan", "tiny.yaml"],
        ["list"],
        ["resume", "none"],
    ],
    ids=" ".join,
)
def test_what_needs_no_network_imports_none(tmp_path: Path, arguments: list[str]) -> None:
    """Torch, Ray and MLflow take seconds to import; nobody waits for them to read a help or a fault."""
    write_spec(tmp_path / "tiny.yaml", tiny_spec(tmp_path / "sweeps"))
    write_spec(tmp_path / "faulty.yaml", {"name": "faulty"})
    done = subprocess.run(
        [sys.executable, "-c", LIGHT, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=60,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "imported: []", done.stderr


def test_nothing_and_nonsense_show_how_it_is_used(sweep: Terminal) -> None:
    nothing, nonsense, option = sweep(), sweep("frobnicate"), sweep("plan", "x.yaml", "--frobnicate")
    assert (nothing.code, nonsense.code, option.code) == (2, 2, 2)
    assert rows(nothing.out) == COMMANDS
    assert "No such command 'frobnicate'" in nonsense.err
    assert "No such option: --frobnicate" in option.err


def test_interrupt_ends_with_130(sweep: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sweep.spec.extension.is_extension", interrupted)
    assert sweep("plan", "x.yaml").code == 130


@pytest.mark.parametrize("command", ["run", "plan"])
def test_spec_that_is_not_there(sweep: Terminal, command: str, tmp_path: Path) -> None:
    done = sweep(command, "nowhere.yaml")
    assert (done.code, done.out) == (2, "")
    assert done.err == f"nowhere.yaml: there is no such file in {tmp_path}\n"


@pytest.mark.parametrize("command", ["run", "plan"])
def test_all_faults_of_a_spec_are_shown_and_nothing_is_written(
    sweep: Terminal, command: str, tmp_path: Path
) -> None:
    search = {"parameters": {"real_ratio": {"values": [0, 1.2]}}, "seed": [0]}
    write_spec(tmp_path / "x.yaml", tiny_spec(tmp_path / "sweeps", search=search, resources={"gpus": 1}))
    before = files(tmp_path)
    done = sweep(command, "x.yaml", "--set", "training.iterations=none")
    assert (done.code, done.out) == (2, "")
    lines = done.err.splitlines()
    assert len(lines) == 4
    wanted = ("search.parameters.real_ratio.values[1] is 1.2", "search.seed", "'gpus'", "training.iterations")
    for fault in wanted:
        assert any(fault in line for line in lines), fault
    assert sum(bool(re.match(r"x\.yaml:\d+: ", line)) for line in lines) == 3
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("nonsense", "must have the form KEY=VALUE, such as training.iterations=1000"),
        ("=5", "must have the form KEY=VALUE"),
        ("training.iteration=5", "Did you mean 'iterations'?"),
        ("training.iterations=[", "the value is not valid YAML"),
        ("training=5", "training is 5"),
        ("name=../x", "name is '../x'"),
    ],
)
def test_nonsense_in_set_is_told_as_such(sweep: Terminal, tmp_path: Path, setting: str, said: str) -> None:
    write_spec(tmp_path / "x.yaml", tiny_spec(tmp_path / "sweeps"))
    done = sweep("plan", "x.yaml", "--set", setting)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"--set {setting}: ")
    assert said in done.err


def test_plan_of_the_demo_has_its_trials_and_writes_nothing(sweep: Terminal, tmp_path: Path) -> None:
    shutil.copy(ROOT / "ratios.yaml", tmp_path)
    done = sweep("plan", "ratios.yaml")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("ratios: 12 trials, 6 arms with seeds 0, 1")
    assert files(tmp_path) == ["ratios.yaml"]


def test_plan_of_a_begun_sweep_says_so(sweep: Terminal, tmp_path: Path) -> None:
    write_fake(tmp_path / "sweeps", "tiny")
    write_spec(tmp_path / "x.yaml", tiny_spec(tmp_path / "sweeps"))
    assert "1 failed, 2 finished, 1 stopped" in sweep("plan", "x.yaml").out


def test_plan_leaves_out_what_a_smoke_run_of_another_training_tells(sweep: Terminal, tmp_path: Path) -> None:
    write_fake(tmp_path / "sweeps" / "smoke", "tiny-smoke")
    write_spec(tmp_path / "x.yaml", tiny_spec(tmp_path / "sweeps"))
    done = sweep("plan", "x.yaml")
    assert done.code == 0
    assert "no pace by the smoke run, which trained otherwise: " in done.err
    assert "of the smoke run" not in done.out


def test_a_webhook_that_is_not_set_burns_no_name(
    sweep: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MY_HOOK", raising=False)
    write_spec(tmp_path / "x.yaml", {**tiny_spec(tmp_path / "sweeps"), "notify": {"webhook": "MY_HOOK"}})
    for _ in range(2):
        done = sweep("run", "x.yaml")
        assert (done.code, done.out) == (2, "")
        assert "MY_HOOK, which is not set" in done.err
    assert not (tmp_path / "sweeps" / "tiny").exists()


def test_name_in_use(sweep: Terminal, tmp_path: Path) -> None:
    write_fake(tmp_path / "elsewhere", "tiny")
    write_spec(tmp_path / "x.yaml", tiny_spec(tmp_path / "elsewhere"))
    before = files(tmp_path)
    done = sweep("run", "x.yaml")
    assert (done.code, done.out) == (2, "")
    assert f"`sweep resume tiny --storage {tmp_path}/elsewhere` goes on with it" in done.err
    assert files(tmp_path) == before


@pytest.mark.parametrize("name", ["2024", "null", "1e3", "../x", "", "A"])
def test_name_of_a_run_is_text_whatever_it_would_be_in_yaml(
    sweep: Terminal, tmp_path: Path, name: str
) -> None:
    write_fake(tmp_path / "sweeps", "taken")
    for taken in ("2024", "null", "1e3"):
        shutil.copytree(tmp_path / "sweeps/taken", tmp_path / "sweeps" / taken)
    write_spec(tmp_path / "x.yaml", tiny_spec(tmp_path / "sweeps"))
    done = sweep("run", "x.yaml", "--name", name)
    assert done.code == 2
    is_name = name in ("2024", "null", "1e3")
    assert (f"a sweep '{name}' exists already" if is_name else f"name is '{name}'; it must be") in done.err


def test_storage_that_cannot_be_written(sweep: Terminal, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    write_spec(tmp_path / "x.yaml", tiny_spec(tmp_path / "file"))
    done = sweep("run", "x.yaml")
    assert (done.code, done.out) == (2, "")
    assert done.err == f"cannot write to the storage {tmp_path}/file: Not a directory\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["resume"],
        ["report"],
        ["status"],
        ["stop"],
        ["stop", "--trial", "t000"],
        ["sync"],
        ["explain", "TRIAL"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("name", ["fakes", "../sweeps/fake", "fake/", "."])
def test_unknown_sweep(sweep: Terminal, fake: SweepFolder, name: str, arguments: list[str]) -> None:
    command, *rest = arguments
    done = sweep(command, name, *rest)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"no sweep '{name}' in {fake.storage}; sweeps there: fake. ")


def test_list_of_nothing(sweep: Terminal, tmp_path: Path) -> None:
    assert sweep("list") == Done(0, f"no sweeps in {tmp_path}/sweeps\n", "")
    assert sweep("list", "--storage", "/proc").out == "no sweeps in /proc\n"
    assert files(tmp_path) == []


def test_list_shows_what_is_there_even_beside_a_damaged_sweep(
    sweep: Terminal, fake: SweepFolder, tmp_path: Path
) -> None:
    write_fake(fake.storage, "open", outcome=None, running={("real_ratio=1.0", 0): 70})
    write_fake(fake.storage, "torn").ledger.write_text("nonsense\nnonsense\n")
    done = sweep("list")
    assert done.code == 0
    shown = {line.split()[0]: line for line in done.out.splitlines()}
    assert re.search(r"2001-09-09 .*completed +1 failed, 2 finished, 1 stopped", shown["fake"])
    assert re.search(r"killed +1 failed, 1 finished, 1 interrupted, 1 stopped", shown["open"])
    assert "damaged" in shown["torn"]
    assert "`sweep status torn`" in shown["torn"]
    with fake.locked():
        assert re.search(r"^ fake .* running ", sweep("list", "--storage", str(fake.storage)).out, re.M)


def test_status_has_a_line_a_trial(sweep: Terminal, fake: SweepFolder) -> None:
    done = sweep("status", "fake")
    assert done.code == 0
    assert "fake: completed; 1 failed, 2 finished, 1 stopped" in done.out
    trials = [line.split() for line in done.out.splitlines() if re.match(r" *t\d{3} ", line)]
    assert [trial[:5] for trial in trials] == [
        ["t000", "real_ratio=1.0", "0", "finished", "300"],
        ["t001", "real_ratio=1.0", "1", "finished", "300"],
        ["t002", "real_ratio=0.5", "0", "stopped", "60"],
        ["t003", "real_ratio=0.5", "1", "failed", "90"],
    ]
    assert "image img/0007.jpg cannot be read" in done.out


def test_storage_comes_from_the_environment(
    sweep: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_fake(tmp_path / "elsewhere")
    assert sweep("status", "fake").code == 2
    monkeypatch.setenv("SEGSWEEP_STORAGE", str(tmp_path / "elsewhere"))
    assert sweep("status", "fake").code == 0


def test_report_is_written_and_its_table_printed(sweep: Terminal, fake: SweepFolder) -> None:
    done = sweep("report", "fake")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("fake at iteration 300\n")
    assert done.out.endswith(f"report: {fake.report}/report.html\n")
    assert (fake.report / "report.md").read_text().startswith("# ")


def test_figures_for_a_paper_are_written_on_request(sweep: Terminal, fake: SweepFolder) -> None:
    assert sweep("report", "fake", "--paper").code == 0
    assert (fake.report / "paper/ratio_fit_1col.pdf").read_bytes().startswith(b"%PDF")


def test_report_where_it_cannot_be_written(sweep: Terminal, fake: SweepFolder) -> None:
    fake.report.touch()
    done = sweep("report", "fake")
    assert (done.code, done.out) == (2, "")
    assert "cannot write the report" in done.err


def test_brackets_in_a_name_are_printed_as_they_are(sweep: Terminal, tmp_path: Path) -> None:
    """Rich would take them for colours."""
    arms = [{"real_ratio": 1.0}, {"real_ratio": 0.5, "data.generated.night.images": "/data/[red]/night"}]
    write_fake(tmp_path / "sweeps[red]", arms=arms, stopped={}, failed={})
    for command in ("report", "status"):
        out = sweep(command, "fake", "--storage", "sweeps[red]").out
        assert "/data/[red]/night" in out
    assert (
        f"report: {tmp_path}/sweeps[red]/fake/report/report.html\n"
        in sweep("report", "fake", "--storage", "sweeps[red]").out
    )


def test_explain(sweep: Terminal, fake: SweepFolder) -> None:
    done = sweep("explain", "fake", "t002")
    assert (done.code, done.err) == (0, "")
    assert "Rung 60: stop (rule asha)\n  it is below the cut-off" in done.out


@pytest.mark.parametrize("arguments", [["explain", "fake", "t02"], ["stop", "fake", "--trial", "t02"]])
def test_unknown_trial(sweep: Terminal, fake: SweepFolder, arguments: list[str]) -> None:
    done = sweep(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "no trial 't02'" in done.err


@pytest.mark.parametrize("command", ["status", "report", "resume", "sync", "stop"])
def test_damaged_ledger_is_told_with_its_line(sweep: Terminal, fake: SweepFolder, command: str) -> None:
    lines = fake.ledger.read_text().splitlines(keepends=True)
    lines[3] = lines[3][:20] + "\n"
    fake.ledger.write_text("".join(lines))
    done = sweep(command, "fake")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"{fake.ledger}:4: the line is damaged")


def test_resume_refuses_what_would_make_trials_differ(sweep: Terminal, fake: SweepFolder) -> None:
    before = fake.ledger.read_bytes()
    done = sweep("resume", "fake", "--set", "training.iterations=5")
    assert (done.code, done.out) == (2, "")
    assert "--set training.iterations=5: training cannot be changed in a sweep that was begun" in done.err
    assert fake.ledger.read_bytes() == before


@pytest.mark.parametrize("command", ["resume", "sync"])
def test_sweep_that_somebody_runs_is_left_alone(sweep: Terminal, fake: SweepFolder, command: str) -> None:
    with fake.locked():
        done = sweep(command, "fake")
    assert (done.code, done.out) == (2, "")
    assert done.err == f"the sweep 'fake' is running: process {os.getpid()} on {os.uname().nodename}\n"


def test_sync_writes_where_the_sweep_lies_now(sweep: Terminal, tmp_path: Path) -> None:
    write_fake(tmp_path / "sweeps").storage.rename(tmp_path / "moved")
    done = sweep("sync", "fake", "--storage", "moved")
    assert done.code == 0
    assert done.out.startswith("MLflow has all of fake. ")
    assert (tmp_path / "moved/mlflow.db").is_file()
    assert not (tmp_path / "sweeps").exists()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("ConnectionError('nobody is there')", "Ray cannot be reached on this machine: nobody is there"),
        (
            "{'CPU': 2.0}",
            "resources.gpus_per_trial is 1; this machine has 0 GPUs. Set it to 0 to train on the",
        ),
    ],
    ids=["no Ray", "no GPU"],
)
def test_sweep_that_could_never_run_leaves_its_name_free(tmp_path: Path, answer: str, said: str) -> None:
    """Twice the same command gives twice the same fault, and not that the name is in use."""
    tiny = tiny_spec(tmp_path / "sweeps", resources={"gpus_per_trial": 1}, tracking={"enabled": False})
    write_spec(tmp_path / "x.yaml", tiny)
    done = subprocess.run(
        [sys.executable, "-c", FAKE_RAY.format(answer=answer)], cwd=tmp_path, capture_output=True, text=True,
        timeout=120, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    ends = [line for line in done.stdout.splitlines() if not line.startswith("sweep failed")]
    assert ends == ["2 []"] * 2, done.stderr
    assert len(done.stderr.splitlines()) == 2
    assert all(line.startswith(said) for line in done.stderr.splitlines())
