"""A conclusion that the numbers did not carry.

The runs were right, and so were the scores. What was said about them was not.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from sweep.curves.differences import differences
from sweep.curves.noise import noise_at
from sweep.errors import TableError
from sweep.importers import read, state_of_csv
from sweep.importers.markdown_file import read_markdown
from sweep.report import comparison_text
from sweep.spec.document import read_value
from tests.unit.test_import_readers import DESIGN

NOISE = 0.63
"""Standard deviation of the final mIoU of 42 equal trainings of PSPNet-R50 on BDD10k."""
ARMS = ("1.0", "0.875", "0.75", "0.5", "0.25", "0.125", "0.0")


def equal_arms(generator: np.random.Generator, seeds: int) -> dict[str, dict[int, float]]:
    """Seven ratios that make no difference at all."""
    return {arm: dict(enumerate(generator.normal(44.0, NOISE, seeds))) for arm in ARMS}


def test_the_best_of_seven_that_is_announced_as_the_winner() -> None:
    """The best of seven equal runs, announced as the winner.

    What happened: Seven ratios were trained once each, and the best was announced. Between trainings that
    differ in nothing but the seed the standard deviation is 0.63 mIoU. In 6 of 7 such sweeps some ratio
    beats the baseline though none has any effect, on average by 0.87 points.

    How it looked: "0.25 beats all-real by 0.9 points". With two seeds, a t-test of each arm against the
    baseline still finds something in about 20 of 100 sweeps in which there is nothing.

    What we do: Intervals and p-values hold for all arms of a table at once, so also for the one that was
    picked because it was best: in the same sweeps about 5 of 100 show anything. With one seed an arm
    nothing is shown at all, and the report says how many seeds it would take.
    """
    generator = np.random.default_rng(0)
    sweeps = [equal_arms(generator, seeds=2) for _ in range(150)]
    winners, by_tests, by_us = 0, 0, 0
    for arms in sweeps:
        baseline, others = list(arms["1.0"].values()), [list(arms[arm].values()) for arm in ARMS[1:]]
        winners += max(values[0] for values in others) > baseline[0]
        by_tests += min(stats.ttest_ind(values, baseline).pvalue for values in others) < 0.05
        found = differences(arms, dict.fromkeys(ARMS[1:], "1.0"), noise_at(1, 1, arms, 0.7))
        by_us += any(one.is_shown for one in found.by_arm.values())
    assert winners / 150 > 0.75, "the trap"
    assert by_tests / 150 > 0.12
    assert by_us / 150 < 0.10


def test_three_runs_with_one_seed(tmp_path: Path) -> None:
    """Three runs with one seed each.

    What happened: 33.61, 34.45 and 34.60 at iteration 2050 for real ratios of 1, 0.5 and 0.125 were read
    as "low ratios start ahead and finish behind".

    How it looked: A table with a trend in it. All three were probably the same training: see the first
    exhibit.

    What we do: This table is a test. Pasted into `sweep compare -` it gives: no difference is shown,
    nothing below 2.2 points could be, and 0.99 would take 9 seeds an arm.
    """
    found = read_markdown(DESIGN, "note.md")
    file = tmp_path / "three.csv"
    lines = [
        f"{run.parameters['real_ratio']},{one.iteration},{one.metrics['val_miou']}"
        for run in found.runs
        for one in run.validations
    ]
    file.write_text("\n".join(["real_ratio,iteration,val_miou", *lines]))
    text = comparison_text(state_of_csv(file), 2050)
    assert "No difference is shown at iteration 2050: every arm has one seed." in text
    assert "Nothing below 2.2 can be told apart" in " ".join(text.split())


def test_rows_out_of_a_formula_among_the_measured(tmp_path: Path) -> None:
    """Rows out of a formula among the measured.

    What happened: A script filled a table of 3024 rows from a formula with Gaussian noise, for ratios
    that had not been trained, with a column `source` that said "synthesized". The script that drew the
    figures did not read that column.

    How it looked: Smooth curves with realistic scatter.

    What we do: Rows that say so of themselves are refused as measurements, by line. Predictions of ours
    are marked in every table, drawn hollow, with an interval, and no fit ever sees them.
    """
    path = tmp_path / "ablation.csv"
    lines = ("1,100,44.7,real", "0.5,100,44.1,real", "0.3,100,43.9,synthesized")
    path.write_text("\n".join(("real_ratio,iteration,val_miou,source", *lines)))
    found = read([str(path)])
    assert [run.parameters["real_ratio"] for run in found.runs] == [1.0, 0.5]
    assert [(one.line, one.reason) for one in found.refusals] == [
        (4, "is no measurement: the table itself says 'synthesized'")
    ]


def test_a_guess_in_a_cell() -> None:
    """A guess in a cell of a table.

    What happened: The last cell of a table said `running, "42-43?"`.

    How it looked: One copy further it is 42.5, the third point on a curve.

    What we do: A cell that is no plain number is refused with its line and why: a guess, a range, a mean
    over seeds, a comma for a point. The trial then has no value there.
    """
    found = read_markdown(DESIGN, "note.md")
    assert 10000 not in {one.iteration for one in found.runs[2].validations}
    assert "is a guess or a remark, not a measurement" in found.refusals[0].reason


def test_a_share_in_a_column_of_percent(tmp_path: Path) -> None:
    """A share in a column of percent.

    What happened: Mmsegmentation 0.x logs mIoU as a share, 1.x in percent.

    How it looked: In one table, half of the runs are at 0.34: in a chart from 0 to 50 a line at the
    bottom.

    What we do: Logs are known by their format and become percent. A table whose values are all at most 1
    is refused, with the way to say that they are shares.
    """
    file = tmp_path / "shares.csv"
    file.write_text("real_ratio,val_miou\n1,0.4466\n0.5,0.4402\n")
    with pytest.raises(TableError, match="as if it were a share"):
        state_of_csv(file)


def test_a_number_that_yaml_reads_as_text() -> None:
    """A learning rate that is text.

    What happened: PyYAML follows YAML 1.1, in which `1e-3` is text, `1:9` is 69 and of two equal keys the
    last one counts.

    How it looked: The optimizer's default was used, since the given value was no number; or the error
    came from deep inside the training, without a line.

    What we do: Specs are YAML 1.2, where `1e-3` is a number; keys that stand twice and keys that nobody
    knows are errors with their line.
    """
    import yaml

    assert yaml.safe_load("1e-3") == "1e-3", "the trap"
    assert yaml.safe_load("1:9") == 69
    assert read_value("1e-3") == 0.001
    assert read_value("1:9") == "1:9"
