"""Families of recorded curves for benchmarks, in files that nobody has seen before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.benchmarks.families import FILE_NAME, Family, recorded_families

SHARED = Path(__file__).parents[3] / "shared/data/curves"


def families_of(folder: Path, configs: Mapping[str, Mapping[str, Any]], scale: float = 1.0) -> list[Family]:
    rows = [
        ("somebody", "kitti", key, json.dumps(config), epoch, "mIoU", scale * (50 + epoch + number))
        for number, (key, config) in enumerate(configs.items())
        for epoch in range(1, 11)
    ]
    columns = ["source", "task", "config_id", "config", "iter", "metric", "value"]
    pd.DataFrame(rows, columns=columns).to_parquet(folder / FILE_NAME)
    return recorded_families(folder)


def test_unknown_names_leave_it_to_the_json_which_keys_differ(tmp_path: Path) -> None:
    configs = {
        f"run{number}": {"lr": lr, "model": "psp", "log_file": f"{number}.txt", "optimizer": {"decay": 0.1}}
        for number, lr in enumerate([1e-3, 1e-2, 5e-6])
    }
    [family] = families_of(tmp_path, configs)
    assert (family.task, family.factor, family.group) == ("kitti", "lr", "hyperparameters")
    assert [trial.arm for trial in family.setting.trials] == ["5e-06", "0.001", "0.01"]
    assert [trial.trial_id for trial in family.setting.trials] == ["run2", "run0", "run1"]
    assert family.setting.trials[0].values == {20: 54, 40: 56, 60: 58, 80: 60, 100: 62}


def test_each_factor_makes_families_of_runs_that_agree_in_all_others(tmp_path: Path) -> None:
    configs = {
        f"{labels}{decay}": {"labeled": labels, "optimizer": {"decay": decay}}
        for labels in ("1_16", "1_8", "1_4")
        for decay in (0.0, 0.1)
    }
    families = families_of(tmp_path, configs)
    assert {family.key for family in families} == {
        "kitti: labeled (somebody, optimizer.decay 0.0)",
        "kitti: labeled (somebody, optimizer.decay 0.1)",
    }
    assert {family.group for family in families} == {"labels"}
    assert [trial.arm for trial in families[0].setting.trials] == ["1_16", "1_8", "1_4"]


def test_runs_that_differ_in_the_seed_alone_are_one_arm(tmp_path: Path) -> None:
    configs = {f"{lr}/{seed}": {"lr": lr, "seed": seed} for lr in (1, 2, 3) for seed in (10, 11)}
    [family] = families_of(tmp_path, configs)
    assert [(trial.arm, trial.seed) for trial in family.setting.trials] == [
        ("1", 0),
        ("1", 1),
        ("2", 0),
        ("2", 1),
        ("3", 0),
        ("3", 1),
    ]


def test_runs_that_differ_in_several_settings_are_no_family(tmp_path: Path) -> None:
    assert families_of(tmp_path, {f"run{n}": {"lr": n, "decay": n} for n in range(4)}) == []


def test_fractions_are_told_from_percent(tmp_path: Path) -> None:
    [family] = families_of(tmp_path, {f"run{n}": {"lr": n} for n in range(3)}, scale=0.01)
    assert family.setting.trials[0].values[100] == pytest.approx(60)


@pytest.mark.skipif(not (SHARED / FILE_NAME).exists(), reason="the recorded curves are not here")
def test_the_known_file_has_the_families_that_the_package_was_made_of() -> None:
    assert len(recorded_families(SHARED)) == 73
