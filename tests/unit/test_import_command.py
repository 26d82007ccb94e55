"""`sweep import`: from files of somebody else to trials that are compared, fitted and in MLflow."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from sweep.ledger import Ledger, SweepState, replay
from sweep.source import state_of_folder
from sweep.storage import SweepFolder
from sweep.tracking import TrackingTarget
from sweep.tracking.reader import state_of_runs
from tests.mmengine_logs import config_text, rows, write_attempt
from tests.replaying import replay_spec, write_curves
from tests.specs import write_spec
from tests.terminal import Terminal, write_fake
from tests.unit.test_import_readers import DESIGN

STAMP = "20240506_100000"


@pytest.fixture
def note(sweep: Terminal, tmp_path: Path, empty_database: bytes) -> str:
    """The design's table in a file, beside an empty MLflow store."""
    (tmp_path / "sweeps").mkdir()
    (tmp_path / "sweeps" / "mlflow.db").write_bytes(empty_database)
    (tmp_path / "note.md").write_text(DESIGN)
    return "note.md"


def state(name: str) -> SweepState:
    return state_of_folder(SweepFolder(Path("sweeps"), name))


def ledger(name: str) -> bytes:
    return SweepFolder(Path("sweeps"), name).ledger.read_bytes()


def without_report_and_store(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.name not in ("mlflow.db", "note.md"))


def test_the_three_trials_are_answered_out_of_the_pasted_table(
    sweep: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(DESIGN))
    done = sweep("compare", "-", "--at", "2050")
    assert done.code == 0
    assert "No difference is shown at iteration 2050: every arm has one seed." in done.out
    assert "standard input:8: 'running, \"42-43?\"' at 10000 is a guess or a remark" in done.err


def test_an_import_is_a_sweep_that_all_commands_read(sweep: Terminal, note: str) -> None:
    done = sweep("import", "three", note)
    assert done.code == 0
    assert "imported into three: 3 new, 1 refused" in done.out
    assert "No difference is shown" in sweep("compare", "three", "--at", "10000").out
    assert "imported values" in sweep("fit", "three").out
    assert "completed (imported)" in sweep("list").out
    assert "imported from note.md" in sweep("status", "three").out
    page = (Path("sweeps") / "three" / "report" / "report.md").read_text()
    assert "Imported trials" in page
    assert "note.md:7 row 2" in page
    resumed = sweep("resume", "three")
    assert resumed.code == 2
    assert "all trials of three are imported: there is nothing to run" in resumed.err


def test_the_same_import_twice_changes_nothing(sweep: Terminal, note: str) -> None:
    sweep("import", "three", note)
    before = ledger("three")
    again = sweep("import", "three", note)
    assert (again.code, ledger("three")) == (0, before)
    assert "nothing new for three: 3 known already, 1 refused" in again.out


def test_a_dry_run_writes_nothing(sweep: Terminal, note: str, tmp_path: Path) -> None:
    before = without_report_and_store(tmp_path)
    done = sweep("import", "three", note, "--dry-run")
    assert done.code == 0
    assert "to be imported into three: 3 new, 1 refused" in done.out
    assert "is a guess or a remark, not a measurement" in done.out
    assert without_report_and_store(tmp_path) == before


def test_imported_trials_are_runs_of_mlflow_and_read_back(sweep: Terminal, note: str, tmp_path: Path) -> None:
    sweep("import", "three", note, "--untrusted", "the ratio was never applied")
    from tests.integration.mlflow_runs import runs_of

    runs = {run.info.run_name: run for run in runs_of(tmp_path)}
    assert runs["three"].info.status == "FINISHED"
    one = runs["real_ratio=0.5 seed=0 (imported)"]
    assert one.data.metrics["val_miou"] == 44.02
    assert one.data.tags["segsweep.provenance"] == "imported"
    assert one.data.tags["segsweep.imported_from"].endswith("note.md:7 row 2")
    assert one.data.tags["segsweep.ranked"] == "no: not trusted: the ratio was never applied"
    assert "data.classes" not in one.data.params, "nobody knows how it was trained"
    back = state_of_runs(f"sqlite:///{tmp_path}/sweeps/mlflow.db", "segsweep", "three")
    assert {name: trial.imported for name, trial in back.trials.items()} == {
        name: trial.imported for name, trial in state("three").trials.items()
    }


def test_old_runs_join_a_sweep_and_are_kept_apart_unless_vouched_for(sweep: Terminal, tmp_path: Path) -> None:
    write_fake(tmp_path / "sweeps")
    for number, ratio in enumerate((1.0, 0.5)):
        work_dir = tmp_path / "old" / f"run{number}"
        write_attempt(work_dir, STAMP, rows({60: 20.0 + number}, interval=10), config_text(work_dir, ratio))
    apart = sweep("import", "fake", "old")
    assert "2 new; 2 of them shown but not ranked" in apart.out
    assert "Not ranked" in sweep("compare", "fake", "--at", "60").out
    vouched = sweep("import", "fake", "old", "--comparable", "--regime", state("fake").created.regime_id)
    assert vouched.code == 0
    assert "2 with more than before" in vouched.out
    assert "Not ranked" not in sweep("compare", "fake", "--at", "60").out
    assert json.loads(sweep("compare", "fake", "--at", "60", "--json").out)["provenance"] == (
        "imported and measured"
    )


def test_rounding_and_aliases_are_said(sweep: Terminal, tmp_path: Path) -> None:
    for ratio in ("0p05", "0p10", "0p15"):
        write_attempt(tmp_path / "old" / f"x_ratio{ratio}", STAMP, rows({2000: 30.0 + float(ratio[2:])}))
    Path("table.csv").write_text("real_ratio,iteration,val_miou\n1,2050,33.61\n")
    done = sweep(
        "import", "old", "old", "table.csv", "--batch-size", "8", "--rounding", "int", "--dry-run"
    )  # fmt: skip
    assert "0.05 and 0.1 were all trained as 0, 0 of 8 real: they are one arm" in " ".join(done.out.split())
    assert "2050 is taken for the validation at 2000" in " ".join(done.out.split())
    assert "real_ratio=0.125" in done.out


def test_a_sweep_that_is_to_train_can_begin_with_old_runs(sweep: Terminal, tmp_path: Path) -> None:
    write_curves(tmp_path / "curves.csv")
    write_spec(tmp_path / "r.yaml", replay_spec(tmp_path, tracking={"enabled": False}))
    Path("old.csv").write_text("real_ratio,iteration,val_miou\n0.5,4,9\n0.5,8,13\n0.5,12,17\n")
    done = sweep("import", "mine", "old.csv", "--spec", "r.yaml", "--comparable")
    assert done.code == 0
    assert "not started" in sweep("list").out
    trial = state("mine").trials["i000"]
    assert (trial.planned.seed, state("mine").why_apart(trial)) == (1000, None)
    twice = sweep("import", "mine", "old.csv", "--spec", "r.yaml")
    assert twice.code == 2
    assert "mine exists already and keeps its spec; leave --spec out" in twice.err


def test_a_running_sweep_is_left_alone(sweep: Terminal, note: str, tmp_path: Path) -> None:
    folder = write_fake(tmp_path / "sweeps")
    with folder.locked():
        done = sweep("import", "fake", note)
    assert done.code == 2
    assert "fake is running; import into it when it has ended" in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["note.md", "--batch-size", "8"], "--batch-size and --rounding go together"),
        (["note.md", "--experiment", "x"], "--experiment goes with --format mlflow"),
        (["note.md", "--set", "real_ratio=2"], "real_ratio is the share of real images"),
        (["note.md", "--set", "x"], "must have the form KEY=VALUE"),
        (["none.csv"], "none.csv: there is no such file or folder"),
        (["empty"], "nothing that can be imported in empty"),
    ],
)
def test_bad_input_is_an_error_and_nothing_is_made(
    sweep: Terminal, note: str, arguments: list[str], said: str
) -> None:
    Path("empty").mkdir()
    done = sweep("import", "three", *arguments)
    assert done.code == 2
    assert said in done.err
    assert not (Path("sweeps") / "three").exists()


def test_where_all_is_refused_the_code_says_so(sweep: Terminal, note: str) -> None:
    Path("guess.md").write_text("| real_ratio | mIoU at 100 |\n|---|---|\n| 0.5 | 42-43? |\n")
    done = sweep("import", "three", "guess.md")
    assert done.code == 2
    assert "is a guess or a remark" in done.err


def test_runs_that_other_code_wrote_to_mlflow(
    sweep: Terminal, note: str, tmp_path: Path, target: TrackingTarget
) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(target.uri)
    experiment = client.create_experiment("theirs")
    for name, params in (("a", {"real_ratio": "0.5", "seed": "3"}), ("x_ratio0p25", {}), ("odd", {})):
        run = client.create_run(experiment, run_name=name)
        for key, value in params.items():
            client.log_param(run.info.run_id, key, value)
        for step, value in ((2000, 34.5), (4000, 40.5)):
            client.log_metric(run.info.run_id, "val/mIoU", value, step=step)
        client.set_terminated(run.info.run_id)
    arguments = ("import", "old", target.uri, "--format", "mlflow", "--experiment", "theirs")
    done = sweep(*arguments)
    assert done.code == 0
    assert "2 new, 1 refused" in done.out
    found = {trial.planned.parameters["real_ratio"]: trial for trial in state("old").trials.values()}
    assert sorted(found) == [0.25, 0.5]
    assert (found[0.5].planned.seed, sorted(found[0.5].reports)) == (3, [2000, 4000])
    assert "2 known already" in sweep(*arguments).out


def test_the_ledger_of_an_import_replays(sweep: Terminal, note: str) -> None:
    sweep("import", "three", note)
    again = replay(Ledger(Path("sweeps/three/ledger.jsonl")).read())
    assert again.imports[0].refused == [
        f"{Path(note)}:8: 'running, \"42-43?\"' at 10000 is a guess or a remark, not a measurement"
    ]
    assert [one.source for one in again.trials["t001"].reports.values()] == [
        f"{Path(note).resolve()}:7", f"{Path(note).resolve()}:7"
    ]  # fmt: skip
