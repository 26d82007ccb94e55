"""`sweep fit`, `sweep predict` and `sweep next`: a sweep's curve, from a storage, MLflow or a CSV file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from sweep.analysis import analyse
from sweep.analysis.proposals import proposed_trials
from sweep.importers import state_of_csv
from sweep.spec.extension import load_extension
from sweep.tracking import TrackingTarget
from sweep.tracking.writer import sync
from tests.terminal import Terminal, write_fake

THREE_TRIALS = str(Path(__file__).parents[2] / "docs" / "examples" / "three_trials.csv")
FINISHED = {"arms": (1.0, 0.5, 0.25, 0.0), "stopped": {}, "failed": {}}


def test_table_of_three_trials_is_answered_honestly(sweep: Terminal) -> None:
    done = sweep("fit", THREE_TRIALS)
    assert done.code == 0
    text = " ".join(done.out.split())
    assert "No effect of real_ratio shown" in text
    assert "the noise is a prior" in text
    assert "t002 real_ratio=0.125" in text, "its final value is predicted"
    assert "extrapolation" in text, "0.0 was never run"
    assert "real_ratio=0.125 is perhaps ahead of real_ratio=1.0 at 2050" in text


def test_slopes_are_those_asked_for(sweep: Terminal, tmp_path: Path) -> None:
    write_fake(tmp_path / "sweeps", **FINISHED)
    slopes = json.loads(sweep("fit", "fake", "--slope", "0:0.5", "--slope", "0.5:1", "--json").out)["slopes"]
    assert [(one["from"], one["to"]) for one in slopes] == [(0, 0.5), (0.5, 1)]
    assert all(one["lower"] <= one["expected"] <= one["upper"] for one in slopes)


@pytest.mark.parametrize("given", ["0.5", "0.5:0.1", "-1:1", "a:b", "0:2"])
def test_slope_that_is_none(sweep: Terminal, given: str) -> None:
    done = sweep("fit", THREE_TRIALS, f"--slope={given}")
    assert (done.code, done.out) == (2, "")
    assert done.err == f"--slope is {given!r}; give two real_ratios from 0 to 1, rising, such as 0.1:0.3\n"


def test_prediction_is_marked_as_one(sweep: Terminal) -> None:
    asked = ("--real-ratio", "0.3", "--real-ratio", "0")
    found = json.loads(sweep("predict", THREE_TRIALS, *asked, "--json").out)
    inside, beyond = found["predictions"]
    assert (inside["real_ratio"], inside["extrapolated"], inside["provenance"]) == (0.3, False, "predicted")
    assert (beyond["real_ratio"], beyond["extrapolated"]) == (0, True)
    assert beyond["optimistic"] - beyond["pessimistic"] > inside["optimistic"] - inside["pessimistic"]
    text = sweep("predict", THREE_TRIALS, *asked).out
    assert "extrapolation" in text and "supposed, not measured" in text


def test_nothing_to_predict_from(sweep: Terminal, tmp_path: Path) -> None:
    write_fake(
        tmp_path / "sweeps",
        running={("real_ratio=1.0", 0): 60},
        arms=(1.0,),
        outcome=None,
        stopped={},
        failed={},
        seeds=(0,),
    )
    for command in (("predict", "fake", "--real-ratio", "0.3"), ("next", "fake")):
        done = sweep(*command)
        assert (done.code, done.out) == (2, "")
        assert "no trial of 'fake' has a value at iteration 300 yet" in done.err


@pytest.mark.parametrize(
    "command", [("fit",), ("predict", "--real-ratio", "0.3"), ("next",)], ids=["fit", "predict", "next"]
)
def test_mlflow_alone_gives_the_same_to_the_digit(
    sweep: Terminal, tmp_path: Path, target: TrackingTarget, command: tuple[str, ...]
) -> None:
    folder = write_fake(tmp_path / "sweeps", arms=(1.0, 0.5, 0.25, 0.0))
    sync(folder, target)
    wanted = sweep(*command, "fake", "--json")
    assert wanted.code == 0
    shutil.rmtree(tmp_path / "sweeps")
    assert sweep(*command, "fake", "--mlflow", target.uri, "--json") == wanted


def test_next_stays_within_the_budget(sweep: Terminal, tmp_path: Path) -> None:
    write_fake(tmp_path / "sweeps", **FINISHED)
    trials = json.loads(sweep("next", "fake", "--json").out)["trials"]
    assert sum(one["iterations"] for one in trials) == 5 * 300
    hours = trials[0]["hours"]
    fewer = json.loads(sweep("next", "fake", "--budget", f"{2.5 * hours * 60}m", "--json").out)["trials"]
    assert [one["parameters"] for one in fewer] == [one["parameters"] for one in trials[:2]]


def test_next_writes_what_run_adds(sweep: Terminal, tmp_path: Path) -> None:
    folder = write_fake(tmp_path / "sweeps", stopped={("real_ratio=0.5", 0): 150}, failed={})
    folder.checkpoint("t002").parent.mkdir(parents=True)
    folder.checkpoint("t002").write_bytes(b"")
    hours = json.loads(sweep("next", "fake", "--json").out)["trials"][0]["hours"]
    budget = ("--budget", f"{10 * hours}h")
    assert sweep("next", "fake", *budget, "--write", "more.yaml").code == 0
    loaded = load_extension(tmp_path / "more.yaml")
    assert (loaded.folder.name, loaded.found) == ("fake", ())
    trials = json.loads(sweep("next", "fake", *budget, "--json").out)["trials"]
    continued = [one["continues"] for one in trials if one["continues"]]
    assert list(loaded.continued.values()) == continued == ["t002"]
    assert sum(len(arm.seeds) for arm in loaded.arms.values()) == len(trials) - 1


def test_next_does_not_continue_what_has_no_checkpoint(sweep: Terminal, tmp_path: Path) -> None:
    write_fake(tmp_path / "sweeps", stopped={("real_ratio=0.5", 0): 150}, failed={})
    trials = json.loads(sweep("next", "fake", "--json").out)["trials"]
    assert not any(one["continues"] for one in trials)


@pytest.mark.parametrize("given", ["x", "0h", "-3h", "4w"])
def test_budget_that_is_none(sweep: Terminal, tmp_path: Path, given: str) -> None:
    write_fake(tmp_path / "sweeps", **FINISHED)
    done = sweep("next", "fake", f"--budget={given}")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"--budget is {given!r}; give hours, minutes or days above 0")


def test_budget_in_hours_needs_their_price(sweep: Terminal) -> None:
    done = sweep("next", THREE_TRIALS, "--budget", "40h")
    assert done.code == 2
    assert "nothing says how long an iteration takes here" in done.err


def test_keys_of_json_are_documented(sweep: Terminal, tmp_path: Path) -> None:
    write_fake(tmp_path / "sweeps", arms=(1.0, 0.5, 0.25, 0.0))
    fit = json.loads(sweep("fit", "fake", "--slope", "0:1", "--json").out)
    predicted = json.loads(sweep("predict", "fake", "--real-ratio", "0.1", "--json").out)
    trials = json.loads(sweep("next", "fake", "--json").out)
    document = (Path(__file__).parents[2] / "docs" / "json.md").read_text()
    keys = {*fit, *fit["settings"][0], *fit["noise"][0], *fit["slopes"][0], *predicted, *trials}
    keys |= {*predicted["predictions"][0], *trials["trials"][0]}
    keys |= {
        key
        for name in ("effect", "values", "curve", "predictions", "crossings", "ranks")
        for key in _first(fit, name)
    }
    assert {key for key in keys if f"`{key}`" not in document} == set()


def _first(fit: dict[str, Any], name: str) -> dict[str, Any]:
    found = fit["settings"][0][name]
    return found[0] if isinstance(found, list) else found


def test_a_failed_control_comes_first(sweep: Terminal, tmp_path: Path) -> None:
    arms = (1.0, 0.5, {"real_ratio": 0.0, "control": "copy"}, {"real_ratio": 0.0, "control": "noise"})
    write_fake(tmp_path / "sweeps", arms=arms, stopped={}, failed={})
    assert sweep("fit", "fake").out.startswith("The numbers of this sweep can't be trusted")
    fit, compared = (json.loads(sweep(name, "fake", "--json").out) for name in ("fit", "compare"))
    assert fit["controls"] == compared["controls"]
    assert {one["control"]: one["outcome"] for one in fit["controls"]}["copy"] == "fails"


def test_several_settings_share_a_budget(sweep: Terminal, tmp_path: Path) -> None:
    arms = [
        {"real_ratio": ratio, "training.batch_size": size} for ratio in (0.0, 0.5, 1.0) for size in (4, 8, 16)
    ]
    write_fake(tmp_path / "sweeps", arms=arms, stopped={}, failed={}, baseline={"real_ratio": 1.0})
    trials = json.loads(sweep("next", "fake", "--json").out)["trials"]
    assert sum(one["iterations"] for one in trials) == 5 * 300


def test_unfinished_trials_of_a_file_may_go_on(sweep: Terminal, tmp_path: Path) -> None:
    ended = [
        f"{ratio},{seed},{at},{40 + at / 100 + seed}"
        for ratio in (0, 1)
        for seed in (0, 1)
        for at in (20, 200)
    ]
    text = "\n".join(["real_ratio,seed,iteration,val_miou", *ended, "0.3,0,20,42", ""])
    (tmp_path / "begun.csv").write_text(text)
    state = state_of_csv(tmp_path / "begun.csv")
    trials = proposed_trials(state, analyse(state), 50 * 200)
    assert [(one.continues, one.iterations) for one in trials if one.continues] == [("t004", 180)]
    refused = sweep("next", "begun.csv", "--write", "more.yaml")
    assert refused.code == 2 and "there is no sweep that could be added to" in refused.err
