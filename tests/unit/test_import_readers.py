"""Tables as people keep them: what is read, what is refused, and why."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.errors import SourceError, TableError
from sweep.importers import Found, column_map, read
from sweep.importers.aliases import aliased
from sweep.importers.markdown_file import read_markdown
from sweep.importers.ratio_names import ratio_of_name
from sweep.importers.rounding import as_trained, trained_ratio
from tests.unit.test_join import run_of

DESIGN = """
The note said:

| real_ratio | mIoU, aAcc at 2050 | mIoU at 10000 |
|---|---|---|
| 1.0 (baseline) | 33.61, 85.38 | 44.66 |
| 0.5 (gen_stargan_v2) | 34.45, 85.51 | 44.02 |
| 0.125 (1 real + 7 generated in a batch of 8) | 34.60, 85.30 | running, "42-43?" |
"""


def values(found: Found) -> list[tuple[float, dict[int, float]]]:
    return [
        (run.parameters["real_ratio"], {one.iteration: one.metrics["val_miou"] for one in run.validations})
        for run in found.runs
    ]


def reasons(found: Found) -> list[str]:
    return [one.reason for one in found.refusals]


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_the_table_of_the_design_as_it_was_pasted() -> None:
    found = read_markdown(DESIGN, "note.md")
    assert values(found) == [
        (1.0, {2050: 33.61, 10000: 44.66}),
        (0.5, {2050: 34.45, 10000: 44.02}),
        (0.125, {2050: 34.6}),
    ]
    assert [run.is_baseline for run in found.runs] == [True, False, False]
    assert [run.validations[0].metrics["val_aacc"] for run in found.runs] == [85.38, 85.51, 85.3]
    assert [run.validations[0].line for run in found.runs] == [6, 7, 8]
    assert found.runs[1].notes == ("remark, which is not compared: gen_stargan_v2",)
    (refusal,) = found.refusals
    assert (refusal.line, refusal.reason) == (
        8, "'running, \"42-43?\"' at 10000 is a guess or a remark, not a measurement"
    )  # fmt: skip


def test_a_table_is_known_wherever_it_was_pasted() -> None:
    moved = read_markdown("\n\n" + DESIGN, "note.md")
    assert [run.name for run in moved.runs] == [run.name for run in read_markdown(DESIGN, "note.md").runs]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("42-43", "is a guess"),
        ("~42", "is a guess"),
        ("44.66 ± 0.3", "is a mean over several trainings"),
        ("44,66", "has a comma for a point"),
        ("diverged", "is no number"),
    ],
)
def test_a_cell_that_is_no_measurement(cell: str, reason: str) -> None:
    text = f"| ratio | mIoU at 2k |\n|:-:|--:|\n| 1.0 | **40.5** |\n| 0.5 | {cell} |\n| 0.25 | - |\n"
    found = read_markdown(text, "note.md")
    assert values(found) == [(1.0, {2000: 40.5})]
    assert reason in reasons(found)[0]
    assert len(found.refusals) == 1, "an empty cell is nothing to refuse"


def test_a_long_table_and_one_that_is_of_something_else() -> None:
    text = """
| machine | price |
|---|---|
| A100 | 3 |

| real_ratio | seed | iteration | val_miou |
|---|---|---|---|
| 1 | 0 | 100 | 40 |
| 1 | 1 | 100 | 41 |
"""
    found = read_markdown(text, "note.md")
    assert [(run.seed, run.validations[0].line) for run in found.runs] == [(0, 8), (1, 9)]
    with pytest.raises(
        TableError, match=r"none of its tables has a column 'real_ratio'.*line 2: machine, price"
    ):
        read_markdown(text.partition("\n\n")[0], "note.md")


def test_parquet_is_read_as_csv_is(tmp_path: Path) -> None:
    frame = pd.DataFrame({"real_ratio": [1.0, 0.5], "iteration": [100, 100], "val_miou": [40.0, 41.5]})
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_csv(tmp_path / "t.csv", index=False)
    assert values(read([str(tmp_path / "t.parquet")])) == values(read([str(tmp_path / "t.csv")]))
    write(tmp_path / "bad.parquet", "no")
    with pytest.raises(TableError, match="is no Parquet file"):
        read([str(tmp_path / "bad.parquet")])


def test_columns_under_other_names(tmp_path: Path) -> None:
    file = write(tmp_path / "t.csv", "share,step,score\n1,100,0.4\n0.5,100,0.41\n")
    found = read([file], columns=column_map(["share=real_ratio", "score=val_miou*100"]))
    assert values(found) == [(1.0, {100: 40.0}), (0.5, {100: 41.0})]
    assert any("'step' is taken for iteration" in note for note in found.notes)
    with pytest.raises(
        SourceError, match=r"--column a: give THEIRS=OURS.*\n--column b=c\*x: 'x' is no number"
    ):
        column_map(["a", "b=c*x"])


def test_rows_that_were_never_measured_are_refused(tmp_path: Path) -> None:
    """`ratio_ablation_synthesized.csv`: 3024 rows out of a formula beside real ones, plotted with them."""
    rows = ("1,100,40,real", "0.5,100,41.3,synthesized", "0.25,100,39,interpolated")
    text = "\n".join(("real_ratio,iteration,val_miou,source", *rows))
    found = read([write(tmp_path / "t.csv", text)])
    assert values(found) == [(1.0, {100: 40.0})]
    assert [(one.line, one.reason) for one in found.refusals] == [
        (3, "is no measurement: the table itself says 'synthesized'"),
        (4, "is no measurement: the table itself says 'interpolated'"),
    ]


def test_a_source_that_is_a_data_set_stays_a_parameter(tmp_path: Path) -> None:
    text = "real_ratio,val_miou,source\n0.5,40,gan\n0.5,41,diffusion\n"
    found = read([write(tmp_path / "t.csv", text)])
    assert [run.parameters["source"] for run in found.runs] == ["gan", "diffusion"]


def test_scores_of_a_test_set_are_of_another_protocol(tmp_path: Path) -> None:
    both = write(tmp_path / "both.csv", "real_ratio,val_miou,test_miou\n1,40,91\n")
    alone = write(tmp_path / "alone.csv", "real_ratio,test_miou\n1,91\n")
    split = write(tmp_path / "split.csv", "real_ratio,seed,val_miou,split\n1,0,40,val\n1,0,91,test\n")
    assert "column 'test_miou' is left out" in read([both]).notes[0]
    assert [run.protocol_id for run in read([alone]).runs] == ["test"]
    assert [run.protocol_id for run in read([split]).runs] == ["", "test"]


def test_the_table_of_runs_of_wandb(tmp_path: Path) -> None:
    text = (
        '"Name","State","Notes","User","Tags","Created","Runtime","Sweep","real_ratio","seed","_step","val/mIoU"\n'
        '"calm-sun-1","finished","-","me","","2024-05-06T10:00:00.000Z","3600","","0.5","3","10000","44.02"\n'
        '"r0p25","crashed","-","me","","2024-05-06T10:00:00.000Z","600","","","4","2000","34.1"\n'
        '"brave-moon-3","finished","-","me","","2024-05-06T10:00:00.000Z","60","","","5","2000","30"\n'
        '"r0p1","failed","-","me","","2024-05-06T10:00:00.000Z","6","","0.1","6","",""\n'
    )
    found = read([write(tmp_path / "wandb_export.csv", text)])
    assert values(found) == [(0.5, {10000: 44.02}), (0.25, {2000: 34.1})]
    assert [(run.name, run.seed) for run in found.runs] == [("calm-sun-1", 3), ("r0p25", 4)]
    assert found.runs[1].notes == ("crashed in W&B",)
    assert reasons(found) == [
        "brave-moon-3: nothing tells its real_ratio; say it with --set real_ratio=0.5", "r0p1: has no score"
    ]  # fmt: skip


def test_a_chart_of_wandb(tmp_path: Path) -> None:
    text = (
        '"Step","baseline - val/mIoU","baseline - val/mIoU__MIN","baseline - val/mIoU__MAX",'
        '"ratio0p5 - val/mIoU","ratio0p5 - val/mIoU__MIN","ratio0p5 - val/mIoU__MAX",'
        '"ratio0p25 - val/mIoU","ratio0p25 - val/mIoU__MIN","ratio0p25 - val/mIoU__MAX"\n'
        '"2000","33.6","33.6","33.6","34.4","34.4","34.4","30","29","31"\n'
        '"4000","40.2","40.2","40.2","","","","31","30","32"\n'
    )
    found = read([write(tmp_path / "chart.csv", text)])
    assert values(found) == [(1.0, {2000: 33.6, 4000: 40.2}), (0.5, {2000: 34.4})]
    assert reasons(found) == [
        "ratio0p25 - val/mIoU: is a mean over several runs; export the chart without grouping"
    ]


def test_paths_that_are_nothing(tmp_path: Path) -> None:
    odd = write(tmp_path / "odd.xyz", "")
    with pytest.raises(SourceError, match=r"none.csv: there is no such file.*\n.*odd.xyz: is of no format"):
        read([str(tmp_path / "none.csv"), odd])


# names and rounding


@given(st.integers(0, 8))
def test_names_of_eighths_are_read_as_they_were_meant(eighth: int) -> None:
    """`f"{0.125:.2f}"` is 0.12: the name has lost what it was made from."""
    ratio = eighth / 8
    found = ratio_of_name("pspnet_r50_ratio" + f"{ratio:.2f}".replace(".", "p"))
    assert found is not None
    assert found.value == ratio
    assert bool(found.note) == (round(ratio, 2) != ratio)


@given(st.integers(0, 100).filter(lambda percent: percent not in (12, 38, 62, 88)))
def test_names_of_two_decimals_are_read_as_they_are(percent: int) -> None:
    found = ratio_of_name(f"x_ratio{percent / 100:.2f}".replace(".", "p"))
    assert found is not None
    assert (found.value, found.note) == (percent / 100, "")


@pytest.mark.parametrize(
    ("name", "ratio"),
    [
        ("pspnet_ratio0p05", 0.05),
        ("real_ratio=0.125", 0.125),
        ("gen_r0p5", 0.5),
        ("ratio0.05_seed1", 0.05),
        ("pspnet_r50-d8_baseline", 1.0),
        ("pspnet_r50-d8_4xb2-40k_cityscapes-512x1024", None),
        ("category_max_ratio0p75", None),
    ],
)
def test_what_a_name_says(name: str, ratio: float | None) -> None:
    found = ratio_of_name(name)
    assert (found and found.value) == ratio


def test_a_name_that_contradicts_itself_or_says_what_cannot_be() -> None:
    for name, note in (
        ("ratio0p5_ratio0p25", "two real_ratios, 0p5 and 0p25"),
        ("ratio2p0", "between 0 and 1"),
    ):
        found = ratio_of_name(name)
        assert found is not None
        assert found.value is None
        assert note in found.note


@pytest.mark.parametrize(
    ("rule", "trained"),
    [
        ("int", [0, 0, 0.125, 0.125, 0.25, 0.375]),
        ("max1", [0.125, 0.125, 0.125, 0.125, 0.25, 0.375]),
        ("round", [0, 0.125, 0.125, 0.25, 0.25, 0.375]),
        ("exact", [0.05, 0.1, 0.15, 0.2, 0.3, 0.4]),
    ],
)
def test_what_a_batch_of_8_makes_of_a_ratio(rule: str, trained: list[float]) -> None:
    asked = [0.05, 0.1, 0.15, 0.2, 0.3, 0.4]
    assert [trained_ratio(ratio, 8, rule) for ratio in asked] == trained  # type: ignore[arg-type]


def test_ratios_that_collapse_are_one_arm_and_said_so() -> None:
    runs = tuple(run_of(ratio, name=str(ratio), seed=0) for ratio in (0.05, 0.1, 0.15, 1.0))
    trained, notes = as_trained(runs, 8, "int")
    assert [run.parameters["real_ratio"] for run in trained] == [0, 0, 0.125, 1.0]
    assert [run.seed for run in trained] == [None, None, 0, 0], "two runs with one seed are repeats"
    assert notes == ("0.05 and 0.1 were all trained as 0, 0 of 8 real: they are one arm",)
    assert "asked for real_ratio 0.15, trained 0.125: 1 of 8 real in every batch" in trained[2].notes[0]


# iterations that were written down by hand


def test_2050_is_the_validation_at_2000() -> None:
    moved = aliased(run_of(values={2050: 33.6, 10000: 44.7}), {2000, 10000}, 50)
    assert [one.iteration for one in moved.validations] == [2000, 10000]
    assert "2050 is taken for the validation at 2000" in moved.notes[0]


@pytest.mark.parametrize(
    ("values", "changes"),
    [
        ({2051: 33.6}, {}),
        ({2000: 33.0, 2050: 33.6}, {}),
        ({2030: 33.0, 2050: 33.6}, {}),
        ({2050: 33.6}, {"log_interval": 50}),
    ],
    ids=["too late", "the rung has a value", "two for one rung", "a log knows its iterations"],
)
def test_what_is_not_moved(values: dict[int, float], changes: dict[str, int]) -> None:
    run = run_of(values=values, **changes)
    assert aliased(run, {2000}, 50) == run


def test_json_of_a_found_run_is_plain() -> None:
    assert json.dumps(read_markdown(DESIGN, "note.md").runs[0].parameters) == '{"real_ratio": 1.0}'
