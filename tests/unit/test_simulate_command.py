"""`sweep simulate`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sweep.importers import state_of_csv
from sweep.simulation import (
    Simulation,
    recording_of,
    simulate,
    simulation_heading,
    simulation_notes,
    simulation_table,
)
from sweep.spec import load_spec
from tests.specs import tiny_spec, write_spec
from tests.terminal import Terminal, write_fake

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@pytest.fixture
def spec(tmp_path: Path) -> str:
    sections: dict[str, Any] = {
        "training": {"iterations": 300, "batch_size": 2, "crop_size": [32, 48]},
        "early_stopping": {"rungs": [60, 150], "min_peers": 1, "noise_sd": 0},
    }
    return str(write_spec(tmp_path / "ratios.yaml", tiny_spec(tmp_path / "sweeps", **sections)))


def test_the_last_sweep_in_one_command(sweep: Terminal, spec: str, tmp_path: Path) -> None:
    write_fake(tmp_path / "sweeps", arms=(1.0, 0.5, 0.0), stopped={}, failed={("real_ratio=0.5", 1): 90})
    done = sweep("simulate", spec, "--curves", "fake", "--orders", "3", "--rule", "asha")
    assert done.code == 0
    assert "fake, replayed: 5 trials judged by val_miou at 60, 150, 300; 1 worker" in done.out
    assert "asha, factor 3" in done.out and "guarded, delta 0.05 *" in done.out and "median" not in done.out
    text = " ".join(done.out.split())
    assert "t003 (failed, no val_miou at 150, 300)" in text
    assert "1500 iterations (0.21 hours)" in text


def test_json_says_what_the_table_says(sweep: Terminal, spec: str, tmp_path: Path) -> None:
    write_fake(tmp_path / "sweeps", arms=(1.0, 0.5, 0.0), stopped={}, failed={})
    given = ("--curves", "fake", "--orders", "4", "--workers", "2", "--rule", "none", "--json")
    found = json.loads(sweep("simulate", spec, *given).out)
    assert (found["sweep"], found["workers"], found["orders"]) == ("fake", 2, 4)
    assert found["iterations"] == 1800
    assert found["hours"] == pytest.approx(6 * 150 / 3600)
    nothing, own = found["rows"]
    assert (nothing["rule"], nothing["settings"], nothing["is_own"]) == ("none", {}, False)
    assert nothing["cost"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert (own["rule"], own["settings"], own["is_own"]) == ("guarded", {"delta": 0.05}, True)
    assert own["wall_hours"]["value"] <= nothing["wall_hours"]["value"] == pytest.approx(450 / 3600)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            ["--curves", "fake", "--rule", "ahsa"],
            "--rule is ahsa; the rules are: none, asha, median,",
        ),
        (["--curves", "other"], "no sweep 'other'"),
        ([], "say what to replay: --curves NAME"),
        (["--curves", "three.csv"], "early_stopping.rungs=[2050]"),
    ],
)
def test_what_cannot_be_replayed(
    sweep: Terminal, spec: str, given: list[str], said: str, tmp_path: Path
) -> None:
    write_fake(tmp_path / "sweeps")
    (tmp_path / "three.csv").write_text((EXAMPLES / "three_trials.csv").read_text())
    done = sweep("simulate", spec, *given)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_data_that_is_not_here_is_no_fault_of_a_spec_that_trains_nothing(sweep: Terminal) -> None:
    given = (str(EXAMPLES / "camvid.yaml"), "--set", "early_stopping.name=ahsa")
    fault, missing = "early_stopping.name is 'ahsa'", "which is not there"
    planned = sweep("plan", *given).err
    assert fault in planned and missing in planned
    simulated = sweep("simulate", *given, "--curves", "fake").err
    assert fault in simulated and missing not in simulated


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    """CamVid without anything that is protected or within noise, so that all cells are filled."""
    spec = load_spec(EXAMPLES / "camvid.yaml", ["early_stopping.noise_sd=0", "baseline={real_ratio: 0}"]).spec
    recording = recording_of(state_of_csv(EXAMPLES / "camvid_night.csv"), spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sweep.simulation.comparison.ORDERS_OF_CURVES", 1)
        yield simulate(recording, spec, workers=2, orders=5)


@pytest.mark.parametrize("width", [80, 160])
def test_pages_keep_to_their_width(simulation: Simulation, width: int) -> None:
    console = Console(width=width)
    with console.capture() as capture:
        console.print(simulation_table(simulation, width))
    lines = [
        *simulation_heading(simulation, width).split("\n"),
        *capture.get().split("\n"),
        *simulation_notes(simulation, width).split("\n"),
    ]
    assert max(map(len, lines)) <= width
    assert not any("…" in line for line in lines)
    rules = [line for line in lines if line.startswith((" none", " asha", " median", " guarded", " promote"))]
    assert len(rules) == 12
