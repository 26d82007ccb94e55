"""A CSV of measurements is a sweep like any other, or all that is wrong with it is said at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sweep.errors import StorageError, TableError
from sweep.importers import state_of_csv
from sweep.ledger import SweepState
from sweep.report import comparison_text, fair_frame, fair_table, write_report
from sweep.results import baseline_arms, class_table, metric_of, report_table, rungs_of, trial_table
from tests.builders import sweep_state

THREE_TRIALS = Path(__file__).parents[2] / "docs" / "examples" / "three_trials.csv"
CURVES = Path(__file__).parents[3] / "shared" / "data" / "curves"
NULL_REPLICATES = CURVES / "null_replicates_bdd10k_pspnet_r50.csv"


def state_of(tmp_path: Path, text: str, **options: Any) -> SweepState:
    file = tmp_path / "table.csv"
    file.write_text(text)
    return state_of_csv(file, **options)


def faults_of(tmp_path: Path, text: str, **options: Any) -> list[str]:
    """All faults, without the name of the file."""
    with pytest.raises(TableError) as error:
        state_of(tmp_path, text, **options)
    return [line.removeprefix(f"{tmp_path}/table.csv:").strip() for line in str(error.value).splitlines()]


def test_the_three_trials_of_the_first_table() -> None:
    state = state_of_csv(THREE_TRIALS)
    assert rungs_of(state) == (2050, 10000)
    assert state.values_at(2050, "val_miou") == {"t000": 33.61, "t001": 34.45, "t002": 34.60}
    assert state.values_at(2050, "val_aacc") == {"t000": 85.38, "t001": 85.51, "t002": 85.30}
    assert state.values_at(10000, "val_miou") == {"t000": 44.66, "t001": 44.02}
    assert [trial.status for trial in state.trials.values()] == ["finished", "finished", "interrupted"]
    assert list(baseline_arms(state)) == ["real_ratio=1.0"]
    assert fair_table(state, 2050).rows[1].difference.value == pytest.approx(0.84)  # type: ignore[union-attr]
    assert "No difference is shown at iteration 2050: every arm has one seed." in comparison_text(state, 2050)


def test_provenance_is_told_in_every_table(tmp_path: Path) -> None:
    state = state_of_csv(THREE_TRIALS)
    for table in (trial_table, report_table, fair_frame):
        assert set(table(state)["provenance"]) == {"imported"}
    assert class_table(state).empty
    assert trial_table(state)["realised_real_ratio"].isna().all(), "what was consumed is not known"
    page = write_report(state, tmp_path).page.read_text()
    assert "Imported from three_trials.csv." in page
    assert "sweep run" not in page, "nobody here can make it again"


def test_tables_of_a_report_are_read_back_as_they_were(tmp_path: Path) -> None:
    arms = [1.0, 0.5, *({"real_ratio": 0.25, "training.optimizer.lr": lr} for lr in (0.02, 0.1))]
    written = sweep_state(arms=arms, stopped={("real_ratio=0.5", 0): 60})
    report_table(written).to_csv(tmp_path / "fake.csv", index=False)
    read = state_of_csv(tmp_path / "fake.csv")
    assert rungs_of(read) == rungs_of(written) == (60, 150, 300)
    ours, theirs = (fair_frame(state).drop(columns=["status", "provenance"]) for state in (read, written))
    pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
    assert read.created.protocol_id == written.created.protocol_id


@pytest.mark.skipif(not NULL_REPLICATES.exists(), reason="the recorded curves are not on this machine")
def test_recorded_replicates_are_one_rung_without_a_baseline() -> None:
    state = state_of_csv(NULL_REPLICATES, final=80000)
    assert rungs_of(state) == (80000,)
    assert len(state.trials) == 42
    assert {tuple(trial.planned.parameters) for trial in state.trials.values()} == {
        ("real_ratio", "strategy")
    }
    assert "No arm of this sweep is the baseline" in comparison_text(state, 80000)


def test_end_of_a_training_may_be_later_than_the_file(tmp_path: Path) -> None:
    table = "real_ratio,iteration,val_miou\n1,100,40\n0.5,100,39\n"
    state = state_of(tmp_path, table, final=400)
    assert rungs_of(state) == (100, 400)
    assert {trial.status for trial in state.trials.values()} == {"interrupted"}
    assert {trial.status for trial in state_of(tmp_path, table).trials.values()} == {"finished"}
    assert faults_of(tmp_path, table, final=50) == ["has iteration 100, which is after the final one, 50"]


def test_every_other_column_that_varies_is_a_parameter(tmp_path: Path) -> None:
    state = state_of(
        tmp_path,
        "real_ratio,generator,training.optimizer.lr,dataset,nominal_real_ratio,val_miou\n"
        "1,,0.010,bdd10k,1,40\n"
        "0.5,stargan_v2,0.01,bdd10k,0.5,39\n"
        "0.5,cyclegan,1e-2,bdd10k,0.6,38\n"
        "0,cyclegan,1,bdd10k,0.1,37\n",
    )
    assert [trial.arm for trial in state.trials.values()] == [
        "real_ratio=1.0 nominal_real_ratio=1 lr=0.01",
        "real_ratio=0.5 generator=stargan_v2 nominal_real_ratio=0.5 lr=0.01",
        "real_ratio=0.5 generator=cyclegan nominal_real_ratio=0.6 lr=0.01",
        "real_ratio=0.0 generator=cyclegan nominal_real_ratio=0.1 lr=1.0",
    ]


def test_seeds_are_given_or_counted(tmp_path: Path) -> None:
    given = state_of(tmp_path, "real_ratio,seed,val_miou\n1,7,40\n1,3,41\n0.5,7,39\n")
    assert [trial.planned.seed for trial in given.trials.values()] == [7, 3, 7]
    counted = state_of(tmp_path, "trial_id,real_ratio,val_miou\na,1,40\nb,0.5,39\nc,1,41\n")
    assert {trial.trial_id: trial.planned.seed for trial in counted.trials.values()} == {
        "a": 0,
        "b": 0,
        "c": 1,
    }
    assert fair_table(counted, 1).rows[0].miou.mean == 40.5


def test_baseline_is_what_is_marked(tmp_path: Path) -> None:
    table = "real_ratio,lr,baseline,val_miou\n1,0.1,,40\n1,0.2,,41\n0.5,0.1,{},39\n0.5,0.2,yes,38\n"
    assert list(baseline_arms(state_of(tmp_path, table.format("yes")))) == [
        "real_ratio=0.5 lr=0.1",
        "real_ratio=0.5 lr=0.2",
    ]
    assert list(baseline_arms(state_of(tmp_path, table.format("no")))) == ["real_ratio=0.5 lr=0.2"]
    diagonal = "real_ratio,lr,baseline,val_miou\n1,0.1,x,40\n1,0.2,,41\n0.5,0.2,x,38\n"
    assert faults_of(tmp_path, diagonal) == [
        "3: baseline marks real_ratio=0.5 lr=0.2, real_ratio=1.0 lr=0.1; "
        "this row has all that they share, and no mark"
    ]


def test_another_metric_judges(tmp_path: Path) -> None:
    state = state_of(tmp_path, "real_ratio,val_aacc\n1,85\n0.5,84\n", metric="val_aacc")
    assert metric_of(state) == "val_aacc"
    assert fair_table(state, 1).rows[0].judged.mean == 85


def test_all_faults_of_a_file_come_at_once_with_their_lines(tmp_path: Path) -> None:
    table = (
        "real_ratio,iteration,val_miou,val_aacc,seed\n"
        "1.2,100,40,80,0\n"
        "12.5,100,40,80,0\n"
        "\n"
        "0.5,100,nan,80,0\n"
        "0.5,100,forty,80,1\n"
        "0.5,100,,80,2\n"
        "0.5,0,40,101,3\n"
        "1,100,40,,0\n"
        "1.0,100,41,,0\n"
        "0,1e2,40,inf,x\n"
    )
    assert faults_of(tmp_path, table) == [
        "2: real_ratio is 1.2; it must be the share of real images, between 0 and 1",
        "3: real_ratio is 12.5; it must be the share of real images, between 0 and 1",
        *(
            f"{line}: val_miou is {given}; it must be in percent, between 0 and 100. "
            "A trial that was not validated there has no row"
            for line, given in ((5, "nan"), (6, "forty"), (7, "empty"))
        ),
        "8: iteration is 0; it must be a whole number from 1 on",
        "8: val_aacc is 101; it must be in percent, between 0 and 100",
        "10: is the same trial at the same iteration, 100, as line 9. "
        "A column `seed` or `trial_id` tells repeated runs apart",
        "11: iteration is 1e2; it must be a whole number from 1 on",
        "11: seed is x; it must be a whole number from 0 on",
        "11: val_aacc is inf; it must be in percent, between 0 and 100",
    ]


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ("", "is empty; its first line must name the columns"),
        ("real_ratio,val_miou\n", "has no rows under its first line"),
        ("real_ratio,score\n1,40\n", "1: there is no column 'val_miou', only: real_ratio, score. Rename the"),
        ("real_ratio;val_miou\n1;40\n", "1: the columns are separated by ';'; they must be by ','"),
        ("real_ratio,val_miou,val_miou\n1,40,40\n", "1: there are two columns 'val_miou'"),
        ("real_ratio,,val_miou\n1,,40\n", "1: a column has no name"),
        ("real_ratio,val_miou\n1,40\n0.5,40,41\n", "3: has 3 cells; the first line names 2 columns"),
        ('real_ratio,val_miou\n1,"40\n', "2: is no CSV: unexpected end of data"),
        ("real_ratio,val_miou\n1,0.44\n0.5,0.43\n", "1: val_miou is at most 1 in every row, as if it were"),
        ("real_ratio,val_miou,protocol_id\n1,40,a\n0.5,41,b\n", "1: protocol_id differs between rows: such"),
        ("real_ratio,val_miou,baseline\n1,40,maybe\n", "2: baseline is maybe; it must be true or false"),
        ("real_ratio,iteration,trial_id,val_miou\n1,1,a,40\n0.5,2,a,41\n", "3: trial_id is a, whose"),
        ("real_ratio,seed,trial_id,val_miou\n1,0,a,40\n1,0,b,41\n", "3: seed is 0, as of another"),
    ],
)  # fmt: skip
def test_a_fault_is_told(tmp_path: Path, table: str, fault: str) -> None:
    (said,) = faults_of(tmp_path, table)
    assert said.startswith(fault)


def test_what_is_no_table_at_all(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"none.csv: there is no such file in "):
        state_of_csv(tmp_path / "none.csv")
    with pytest.raises(StorageError, match="cannot be read: Is a directory"):
        state_of_csv(tmp_path)
    (tmp_path / "x.csv").write_bytes(b"real_ratio,val_miou\n1,\xff\xfe\n")
    with pytest.raises(TableError, match="is not text in UTF-8"):
        state_of_csv(tmp_path / "x.csv")


def test_spreadsheets_mark_their_files(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"\xef\xbb\xbfreal_ratio, val_miou\r\n1 , 40\r\n\r\n")
    assert state_of_csv(tmp_path / "x.csv").values_at(1, "val_miou") == {"t000": 40.0}
