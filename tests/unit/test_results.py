import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sweep.results import class_table, metric_of, parameters_of, report_table, rungs_of, trial_table
from tests.builders import sweep_state

LEADING = ["sweep", "trial_id", "arm", "real_ratio", "seed"]
TRAILING = ["protocol_id", "regime_id", "provenance"]
TABLES = [trial_table, report_table, class_table]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("arms", [[], [1.0, 0.5]])
def test_every_table_names_trials_and_comparability_alike(table: object, arms: list[float]) -> None:
    made = table(sweep_state(arms=arms))  # type: ignore[operator]
    assert list(made.columns[:5]) == LEADING
    assert list(made.columns[-3:]) == TRAILING
    assert made.empty == (not arms)
    if arms:
        assert set(made["provenance"]) == {"measured"}
        assert set(made["protocol_id"]) == {"protocol-1"}


def test_trials_say_what_became_of_them() -> None:
    state = sweep_state(
        arms=[1.0, 0.5],
        seeds=[0, 1, 2],
        stopped={("real_ratio=0.5", 0): 60},
        failed={("real_ratio=0.5", 1): 45},
        running={("real_ratio=0.5", 2): 70},
        waiting=[("real_ratio=1.0", 2)],
        outcome=None,
    )
    table = trial_table(state).set_index("trial_id")
    assert list(table["status"]) == ["finished", "finished", "planned", "stopped", "failed", "running"]
    assert list(table["iteration"]) == [300, 300, 0, 60, 45, 70]
    assert table.loc["t004", "reason"] == "image img/0007.jpg cannot be read"
    assert table.loc["t005", "reason"] == ""
    assert math.isnan(table.loc["t002", "realised_real_ratio"])
    assert table.loc["t003", "seconds"] == 30.0


def test_what_a_trial_consumed_is_that_of_its_last_report() -> None:
    row = trial_table(sweep_state(arms=[0.25], seeds=[3])).iloc[0]
    assert row["realised_real_ratio"] == 0.25
    assert (row["real_images"], row["generated_images"]) == (600, 1800)  # 300 iterations of 8 images
    assert (row["distinct_real"], row["distinct_generated"]) == (40, 40)
    assert (row["real_passes"], row["generated_passes"]) == (15.0, 45.0)


def test_reports_are_one_row_each_with_rungs_marked() -> None:
    state = sweep_state(arms=[1.0], seeds=[0], rungs=[50, 100], validate_every=40)
    table = report_table(state)
    assert list(table["iteration"]) == [40, 50, 80, 100]
    assert list(table["is_rung"]) == [False, True, False, True]
    assert list(table["val_miou"]) == [
        state.trials["t000"].reports[i].metrics["val_miou"] for i in (40, 50, 80, 100)
    ]
    assert np.allclose(table["val_macc"], table["val_miou"] + 10)


def test_class_iou_is_intersection_by_union_and_nan_for_absent_classes() -> None:
    table = class_table(sweep_state(arms=[1.0], seeds=[0], rungs=[100], validate_every=None))
    assert (table["class"].iloc[0], len(table)) == ("sky", 7)
    first, absent = table.iloc[0], table.iloc[-1]
    assert first["union"] == 2000 - first["intersection"]
    assert first["iou"] == pytest.approx(100 * first["intersection"] / first["union"])
    assert math.isnan(absent["iou"]) and absent["union"] == 0


def test_parameters_are_columns_and_missing_ones_stay_empty() -> None:
    arms = [1.0, {"real_ratio": 0.5, "data.strategy": "night", "training.optimizer.lr": 0.01}]
    state = sweep_state(arms=arms, seeds=[0])
    assert parameters_of(state) == ("real_ratio", "data.strategy", "training.optimizer.lr")
    table = trial_table(state)
    assert table["data.strategy"].isna().tolist() == [True, False]
    assert table["training.optimizer.lr"].tolist()[1] == 0.01


@pytest.mark.parametrize("values", [(True, "night"), ([64, 96], [32, 32]), (1, "a"), (None, "a"), (1, 2.5)])
def test_columns_of_any_parameter_can_be_written_to_parquet(
    tmp_path: Path, values: tuple[object, ...]
) -> None:
    arms = [{"real_ratio": 0.5, "x": value} for value in values]
    state = sweep_state(arms=[{"real_ratio": 1.0}], seeds=[0])
    for i, arm in enumerate(arms):
        original = state.trials["t000"].planned
        state.apply(type(original)(**{**vars(original), "trial_id": f"x{i}", "parameters": arm}))
    table = trial_table(state)
    table.to_parquet(tmp_path / "trials.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "trials.parquet"), table)
    assert table["x"].isna().tolist() == [True, *(value is None for value in values)]


def test_the_last_iteration_is_always_a_rung() -> None:
    state = sweep_state(rungs=[60, 150, 300])
    assert state.created.spec["early_stopping"]["rungs"] == [60, 150]
    assert rungs_of(state) == (60, 150, 300)
    assert metric_of(state) == "val_miou"
