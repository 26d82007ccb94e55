"""The tutorial and the first steps with one's own data, typed as they stand."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.test_docs_commands import commands_in

ROOT = Path(__file__).parents[2]
CAMVID = ROOT.parent / "shared" / "data" / "camvid"
LONGEST = 900.0


def type_in(command: str, folder: Path) -> str:
    """What a shell in the folder prints; the command has to end well."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "SEGSWEEP_CACHE": str(folder / "cache"),
    }
    for variable in ("RAY_ADDRESS", "SEGSWEEP_STORAGE", "MLFLOW_TRACKING_URI"):
        environment.pop(variable, None)
    done = subprocess.run(
        shlex.split(command, comments=True),
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    assert done.returncode == 0, f"$ {command}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@pytest.mark.slow
def test_the_tutorial(tmp_path: Path) -> None:
    """About five minutes on two cores."""
    shutil.copy(ROOT / "ratios.yaml", tmp_path)
    commands = [
        one for one in commands_in((ROOT / "docs" / "tutorial.md").read_text()) if one.startswith("sweep")
    ]
    said = {command: type_in(command, tmp_path) for command in commands}
    assert (
        "real_ratio 0.25: 4 real, 12 gen_misaligned of 16 images"
        in said["sweep look ratios.yaml --real-ratio 0.25"]
    )
    assert "difference in val_miou" in said["sweep run ratios.yaml"]
    assert "An effect of real_ratio" in said["sweep fit ratios"]
    assert (tmp_path / "sweeps" / "ratios" / "report" / "paper" / "ratio_fit_1col.pdf").is_file()


@pytest.mark.slow
@pytest.mark.skipif(not CAMVID.is_dir(), reason="CamVid is not at ../shared/data/camvid")
def test_first_steps_with_ones_own_data(tmp_path: Path) -> None:
    """All but the training, which takes a quarter of an hour."""
    commands = commands_in((ROOT / "docs" / "start.md").read_text())
    typed = [
        one
        for one in commands
        if one.split()[1] in ("init", "plan", "look", "doctor") and "photos" not in one
    ]
    for command in dict.fromkeys(typed):
        said = type_in(command.replace("/data/camvid", str(CAMVID)), tmp_path)
        if "init" in command:
            assert "6 looked at: 0 faults, 0 warnings" in said
    assert (tmp_path / "look.png").is_file()
