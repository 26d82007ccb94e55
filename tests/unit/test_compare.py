"""`sweep compare`: one table, whether the sweep is in a storage, in MLflow or in a CSV file."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from sweep.ledger import Ledger, replay
from sweep.report import comparison
from sweep.tracking import TrackingTarget
from sweep.tracking.writer import sync
from tests.terminal import Terminal, write_fake

ROOT = Path(__file__).parents[2]
THREE_TRIALS = str(ROOT / "docs" / "examples" / "three_trials.csv")


def test_the_table_of_a_rung(sweep: Terminal, tmp_path: Path) -> None:
    write_fake(tmp_path / "sweeps")
    done = sweep("compare", "fake", "--at", "60")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("fake at iteration 60\n")
    assert sweep("compare", "fake").out.startswith("fake at iteration 300\n"), "the newest rung"


def test_rung_is_the_newest_that_any_trial_has_reached(sweep: Terminal, tmp_path: Path) -> None:
    keys = [(f"real_ratio={ratio}", seed) for ratio in (1.0, 0.5) for seed in (0, 1)]
    early = {"stopped": {}, "failed": {}, "outcome": None}
    write_fake(tmp_path / "sweeps", "young", running=dict.fromkeys(keys, 45), **early)
    write_fake(tmp_path / "sweeps", "older", running=dict.fromkeys(keys, 170), **early)
    assert "No trial has reached iteration 60" in sweep("compare", "young").out
    assert sweep("compare", "older").out.startswith("fake at iteration 150\n")


def test_iteration_that_is_no_rung(sweep: Terminal, tmp_path: Path) -> None:
    write_fake(tmp_path / "sweeps")
    done = sweep("compare", "fake", "--at", "90")
    assert (done.code, done.out) == (2, "")
    assert done.err == "--at is 90, which is no rung of 'fake'; trials are compared at: 60, 150, 300\n"


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_mlflow_alone_gives_the_same_table(
    sweep: Terminal, tmp_path: Path, target: TrackingTarget, options: list[str]
) -> None:
    folder = write_fake(tmp_path / "sweeps", outcome="interrupted", running={("real_ratio=1.0", 1): 170})
    sync(folder, target)
    wanted = [sweep("compare", "fake", "--at", rung, *options) for rung in ("60", "150", "300")]
    shutil.rmtree(tmp_path / "sweeps")
    shutil.rmtree(tmp_path / "artifacts")
    source = ["--mlflow", target.uri, "--experiment", "segsweep"]
    assert [
        sweep("compare", "fake", *source, "--at", rung, *options) for rung in ("60", "150", "300")
    ] == wanted
    assert sweep("compare", "--mlflow", target.uri, *options) == wanted[-1], "the only sweep there"


def test_csv_is_compared_like_a_sweep(sweep: Terminal) -> None:
    done = sweep("compare", THREE_TRIALS, "--at", "2050")
    assert (done.code, done.err) == (0, "")
    row = r"^0\.125 +1 +34\.60 ± - +85\.30 ± - +\+0\.99 \(-1\.\d\d to \+\d\.\d\d\) +1$"
    assert re.search(row, done.out, re.M)
    assert "No difference is shown at iteration 2050: every arm has one seed." in done.out
    said = " ".join(done.out.split())
    assert re.search(r"Nothing below 2\.\d can be told apart \(prior noise\)", said)


def test_csv_may_end_before_the_trainings_do(sweep: Terminal) -> None:
    known = json.loads(sweep("compare", THREE_TRIALS, "--final", "20000", "--json").out)
    assert (known["iteration"], known["rungs"]) == (10000, [2050, 10000, 20000])
    assert known["absent"] == [
        {"trial_id": "t002", "arm": "real_ratio=0.125", "seed": 0, "status": "interrupted", "iteration": 2050}
    ]


def test_faults_of_a_csv_reach_the_terminal(sweep: Terminal, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("real_ratio,val_miou\n2,40\n1,x\n")
    done = sweep("compare", "x.csv")
    assert (done.code, done.out) == (2, "")
    assert [line[:8] for line in done.err.splitlines()] == ["x.csv:2:", "x.csv:3:"]
    assert "none.csv: there is no such file" in sweep("compare", "none.csv").err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], ["say which sweep: NAME, a table such as a .csv file, or --mlflow URI"]),
        (["fake", "--experiment", "x"], ["--experiment goes with --mlflow"]),
        (
            ["fake", "--final", "5"],
            ["--final goes with a table such as a .csv file; a sweep itself says how long a training is"],
        ),
        (
            ["x.csv", "--mlflow", "sqlite:///none.db"],
            ["x.csv is a file, and --mlflow names a store: give one of them"],
        ),
        (
            ["--final", "5", "--experiment", "x"],
            [
                "say which sweep",
                "--experiment goes with --mlflow",
                "--final goes with a table such as a .csv file",
            ],
        ),
        (
            ["fake", "--mlflow", "sqlite:///none.db"],
            ["MLflow at sqlite:///none.db cannot be read: there is no"],
        ),
        (["none"], ["no sweep 'none' in "]),
    ],
)
def test_what_cannot_go_together(sweep: Terminal, arguments: list[str], said: list[str]) -> None:
    done = sweep("compare", *arguments)
    assert (done.code, done.out) == (2, "")
    lines = done.err.splitlines()
    assert len(lines) == len(said)
    assert all(line.startswith(begin) for line, begin in zip(lines, said, strict=True))


def test_json_is_strict_and_has_the_keys_of_its_document(sweep: Terminal, tmp_path: Path) -> None:
    folder = write_fake(tmp_path / "sweeps", curve=lambda *_: float("nan"))
    out = sweep("compare", "fake", "--json").out
    known: dict[str, Any] = json.loads(out, parse_constant=lambda text: pytest.fail(f"{text} is no JSON"))
    assert known == comparison(replay(Ledger(folder.ledger).read()), 300)
    assert known["arms"][0]["values"] == {"0": None, "1": None}
    of_arms = set(known["arms"][0])
    documented = re.findall(r"^\| (`.+?) \|", (ROOT / "docs" / "json.md").read_text(), re.M)
    assert {name for cell in documented for name in re.findall(r"`(\w+)`", cell)} >= set(known) | of_arms
