"""Work dirs of mmsegmentation become runs, each value at the iteration where it was measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sweep.importers import Found
from sweep.importers.mmsegmentation import read_mmsegmentation
from tests.mmengine_logs import config_text, rows, train_row, val_row, write_attempt

VALUES = {2000: 33.61, 4000: 40.25}
FIRST, SECOND = "20240506_100000", "20240507_090000"


def values(found: Found, number: int = 0) -> dict[int, float]:
    return {one.iteration: one.metrics["val_miou"] for one in found.runs[number].validations}


def reasons(found: Found) -> list[str]:
    return [one.reason for one in found.refusals]


def test_a_work_dir_is_one_run_and_its_duplicate_counts_once(tmp_path: Path) -> None:
    work_dir = tmp_path / "pspnet_ratio0p50"
    log = write_attempt(work_dir, FIRST, rows(VALUES), config_text(work_dir, seed=3))
    found = read_mmsegmentation(tmp_path)
    (run,) = found.runs
    assert (run.source, run.name, run.parameters) == (str(work_dir), "", {"real_ratio": 0.5})
    assert (run.seed, run.iterations, run.log_interval) == (3, 10000, 50)
    assert values(found) == VALUES
    first = run.validations[0]
    assert (first.file, first.line) == (str(log), 41)
    assert first.metrics["train_loss"] == pytest.approx(0.7)
    assert first.seconds == pytest.approx(1950 * 0.45)


@pytest.mark.parametrize(
    ("step", "note"), [("told", ""), ("zero", "logged at 0"), ("after", "training line after them")]
)
def test_the_iteration_is_where_it_was_measured(tmp_path: Path, step: str, note: str) -> None:
    write_attempt(tmp_path / "ratio0p5", FIRST, rows(VALUES, step=step))
    found = read_mmsegmentation(tmp_path)
    assert values(found) == VALUES
    assert (note in " ".join(found.runs[0].notes)) if note else found.runs[0].notes == ()


def test_a_resumed_run_is_joined_and_what_was_done_again_counts_once(tmp_path: Path) -> None:
    """The checkpoint of 4000 was gone on from: what the first attempt had at 6000 is of other weights."""
    work_dir = tmp_path / "ratio0p5"
    write_attempt(work_dir, FIRST, rows({**VALUES, 6000: 41.0}))
    write_attempt(work_dir, SECOND, rows({6000: 42.5, 8000: 43.0}, start=4000))
    found = read_mmsegmentation(tmp_path)
    assert len(found.runs) == 1
    assert values(found) == {**VALUES, 6000: 42.5, 8000: 43.0}
    seconds = [one.seconds for one in found.runs[0].validations]
    assert seconds == sorted(seconds)


def test_two_trainings_in_one_directory_are_told_apart(tmp_path: Path) -> None:
    work_dir = tmp_path / "ratio0p5"
    write_attempt(work_dir, FIRST, rows(VALUES))
    write_attempt(work_dir, SECOND, rows({2000: 35.0}))
    found = read_mmsegmentation(tmp_path)
    assert [(run.name, len(run.validations)) for run in found.runs] == [(FIRST, 2), (SECOND, 1)]


def test_attempts_of_two_configurations_are_no_training(tmp_path: Path) -> None:
    work_dir = tmp_path / "ratio0p5"
    write_attempt(work_dir, FIRST, rows(VALUES), config_text(work_dir))
    jitter = config_text(work_dir, pipeline="dict(type='PhotoMetricDistortion')")
    write_attempt(work_dir, SECOND, rows({6000: 42.5}, start=4000), jitter)
    found = read_mmsegmentation(tmp_path)
    assert found.runs == ()
    assert reasons(found) == ["its attempts were configured differently: it is not one training"]


def test_another_pipeline_is_another_regime_and_another_seed_or_ratio_is_not(tmp_path: Path) -> None:
    texts = {
        "baseline": config_text(tmp_path / "baseline", ratio=1.0),
        "ratio0p5": config_text(tmp_path / "ratio0p5", ratio=0.5, seed=7),
        "ratio0p25": config_text(tmp_path, ratio=0.25, pipeline="dict(type='PhotoMetricDistortion')"),
    }
    for name, text in texts.items():
        write_attempt(tmp_path / name, FIRST, rows(VALUES), text)
    ids = {run.parameters["real_ratio"]: run.regime_id for run in read_mmsegmentation(tmp_path).runs}
    assert ids[1.0] == ids[0.5] != ids[0.25]


def test_the_ratio_comes_from_the_configuration_the_name_or_the_user(tmp_path: Path) -> None:
    write_attempt(tmp_path / "a", FIRST, rows(VALUES), config_text(tmp_path, ratio=0.125))
    write_attempt(tmp_path / "b_ratio0p05", FIRST, rows(VALUES))
    write_attempt(tmp_path / "c_baseline", FIRST, rows(VALUES))
    write_attempt(tmp_path / "d", FIRST, rows(VALUES))
    found = read_mmsegmentation(tmp_path)
    assert [run.parameters["real_ratio"] for run in found.runs] == [0.125, 0.05, 1.0]
    assert reasons(found) == ["nothing tells its real_ratio; say it with --set real_ratio=0.5"]
    given = read_mmsegmentation(tmp_path / "d", real_ratio=0.3)
    assert given.runs[0].parameters["real_ratio"] == 0.3


def test_a_name_and_a_configuration_that_contradict_each_other(tmp_path: Path) -> None:
    write_attempt(tmp_path / "x_ratio0p50", FIRST, rows(VALUES), config_text(tmp_path, ratio=0.05))
    write_attempt(tmp_path / "x_ratio0p12", FIRST, rows(VALUES), config_text(tmp_path, ratio=0.125))
    found = read_mmsegmentation(tmp_path)
    assert [run.parameters["real_ratio"] for run in found.runs] == [0.125]
    assert reasons(found) == ["its configuration says real_ratio 0.05, its name 0.5: one of them is wrong"]


def test_a_killed_run_and_a_score_that_is_no_number(tmp_path: Path) -> None:
    log = write_attempt(tmp_path / "ratio0p5", FIRST, [*rows(VALUES), val_row(float("nan"), 4050)])
    log.write_text(log.read_text() + '{"lr": 0.01, "lo')
    found = read_mmsegmentation(tmp_path)
    assert values(found) == VALUES
    assert reasons(found) == [
        "a validation is left out: val_miou is no number", "is not a whole JSON object; the rest is read"
    ]  # fmt: skip
    assert [one.line for one in found.refusals] == [84, 85]


def test_logs_of_0x_and_text(tmp_path: Path) -> None:
    old = [{"env_info": "sys.platform: linux", "seed": 0}, {"mode": "train", "epoch": 1, **train_row(2000)}]
    old.append({"mode": "val", "epoch": 1, "iter": 500, "lr": 0.01, "aAcc": 0.8538, "mIoU": 0.3361})
    (tmp_path / "ratio0p5").mkdir()
    (tmp_path / "ratio0p5" / f"{FIRST}.log.json").write_text("\n".join(map(json.dumps, old)))
    (tmp_path / "ratio0p5" / f"{FIRST}.log").write_text("Iter(val) [500]\tmIoU: 0.3361\n")
    text = tmp_path / "ratio0p25" / SECOND
    text.mkdir(parents=True)
    (text / f"{SECOND}.log").write_text(
        "x - mmengine - INFO - Iter(train) [ 2000/10000]  lr: 1e-2  loss: 0.7\n"
        "x - mmengine - INFO - Iter(val) [500/500]    aAcc: 85.38  mIoU: 34.45\n"
    )
    found = read_mmsegmentation(tmp_path)
    assert [run.parameters["real_ratio"] for run in found.runs] == [0.25, 0.5]
    assert values(found, 0) == {2000: 34.45}
    assert values(found, 1) == {2000: 33.61}
    assert found.runs[0].iterations == 10000


def test_a_single_log_file(tmp_path: Path) -> None:
    log = write_attempt(tmp_path / "ratio0p5", FIRST, rows(VALUES))
    assert read_mmsegmentation(log).runs[0].parameters == {"real_ratio": 0.5}
    assert read_mmsegmentation(log.parent.parent).runs[0].parameters == {"real_ratio": 0.5}


def test_a_configuration_is_never_executed(tmp_path: Path) -> None:
    trap = f"import pathlib; pathlib.Path({str(tmp_path / 'trap')!r}).touch()\n"
    write_attempt(tmp_path / "ratio0p5", FIRST, rows(VALUES), trap + config_text(tmp_path))
    read_mmsegmentation(tmp_path)
    assert not (tmp_path / "trap").exists()
