"""Lines of mmsegmentation's logs, as its two major versions write them."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from trainables.contract.mmengine_log import GarbageError, Line, MmengineLog, TrainingLine, ValidationLine

TEXT = """
2024/05/06 10:00:00 - mmengine - INFO - Iter(train) [ 1950/10000]  lr: 8.3e-03  eta: 1:02:03  time: 0.4512  data_time: 0.0101  memory: 9012  loss: 0.7133  decode.loss_ce: 0.4909
2024/05/06 10:00:23 - mmengine - INFO - Iter(train) [ 2000/10000]  lr: 8.2e-03  eta: 1:01:40  time: 0.4500  data_time: 0.0100  memory: 9012  loss: 0.7001  decode.loss_ce: 0.4801
2024/05/06 10:00:23 - mmengine - INFO - Saving checkpoint at 2000 iterations
2024/05/06 10:00:40 - mmengine - INFO - Iter(val) [ 50/500]    eta: 0:00:30  time: 0.0410  data_time: 0.0014  memory: 1657
2024/05/06 10:01:10 - mmengine - INFO - Iter(val) [500/500]    aAcc: 85.3800  mIoU: 33.6100  mAcc: 42.1000  data_time: 0.0013  time: 0.0405
"""  # noqa: E501
OLD_TEXT = """
2021-05-06 10:00:23,000 - mmseg - INFO - Iter [2000/10000]\tlr: 8.2e-03, eta: 1:01:40, time: 0.450, data_time: 0.010, memory: 9012, decode.loss_seg: 0.4801, loss: 0.7001
2021-05-06 10:01:10,000 - mmseg - INFO - Iter(val) [500]\tmIoU: 0.3361, mAcc: 0.4210, aAcc: 0.8538
"""  # noqa: E501


def train(iteration: int, **values: Any) -> str:
    row = {
        "lr": 0.01,
        "data_time": 0.01,
        "loss": 0.7,
        "decode.acc_seg": 80.0,
        "time": 0.45,
        "iter": iteration,
    }
    return json.dumps({**row, "step": iteration, **values})


def val(step: int | None, miou: float = 33.61, prefix: str = "") -> str:
    row = {
        f"{prefix}aAcc": 85.38,
        f"{prefix}mIoU": miou,
        f"{prefix}mAcc": 42.1,
        "data_time": 0.1,
        "time": 0.2,
    }
    return json.dumps(row if step is None else {**row, "step": step})


def lines(*texts: str) -> list[Line]:
    log = MmengineLog()
    found = [line for text in texts for line in log.read(text)]
    return [*found, *log.end()]


def validations(*texts: str) -> list[tuple[int, str]]:
    return [(line.iteration, line.found) for line in lines(*texts) if isinstance(line, ValidationLine)]


def test_a_training_line_and_a_validation() -> None:
    first, second = lines(train(2000), val(2000))
    assert first == TrainingLine(2000, loss=0.7, lr=0.01, seconds=0.45)
    assert second == ValidationLine(
        2000, {"val_miou": 33.61, "val_aacc": 85.38, "val_macc": 42.1}, found="told", told=2000
    )


@pytest.mark.parametrize("step", [0, None, 3], ids=["zero", "missing", "an epoch"])
def test_a_validation_without_an_iteration_takes_that_of_the_line_before(step: int | None) -> None:
    assert validations(train(1950), train(2000), val(step), train(2050)) == [(2000, "line before")]


def test_the_iteration_of_the_line_after_is_recognised() -> None:
    assert validations(train(2000), val(2050), train(2050)) == [(2000, "line after")]


def test_a_validation_between_two_training_lines_stays_where_it_is() -> None:
    assert validations(train(2000), val(2025), train(2050)) == [(2025, "told")]


def test_a_log_that_ends_with_a_validation() -> None:
    assert validations(train(9950), val(10000)) == [(10000, "told")]


def test_the_order_of_the_log_is_kept() -> None:
    found = lines(train(2000), val(2050), train(2050), val(2050))
    assert [type(line).__name__[:5] for line in found] == ["Train", "Valid", "Train", "Valid"]


def test_a_prefix_of_the_metrics() -> None:
    assert validations(train(2000), val(2000, prefix="val/")) == [(2000, "told")]


def test_text_says_how_long_the_training_is() -> None:
    found = lines(*TEXT.strip().splitlines())
    assert [line.iteration for line in found] == [1950, 2000, 2000]
    assert isinstance(found[1], TrainingLine)
    assert (found[1].loss, found[1].lr, found[1].seconds, found[1].length) == (0.7001, 0.0082, 0.45, 10000)
    assert isinstance(found[2], ValidationLine)
    assert found[2].metrics == {"val_aacc": 85.38, "val_miou": 33.61, "val_macc": 42.1}


def test_shares_of_0x_become_percent() -> None:
    old = (
        {"env_info": "sys.platform: linux", "seed": 0},
        {"mode": "train", "epoch": 1, "iter": 2000, "loss": 0.7},
    )
    shares = {
        "mode": "val",
        "epoch": 1,
        "iter": 500,
        "lr": 0.1,
        "aAcc": 0.8538,
        "mIoU": 0.3361,
        "mAcc": 0.421,
    }
    for texts in (map(json.dumps, (*old, shares)), OLD_TEXT.strip().splitlines()):
        found = lines(*texts)[-1]
        assert isinstance(found, ValidationLine)
        assert (found.iteration, found.found) == (2000, "line before")
        assert found.metrics == {"val_miou": 33.61, "val_macc": 42.1, "val_aacc": 85.38}


def test_a_tiny_percentage_of_1x_is_no_share() -> None:
    found = lines(train(50), json.dumps({"mIoU": 0.85, "step": 50}))[-1]
    assert isinstance(found, ValidationLine)
    assert found.metrics == {"val_miou": 0.85}


def test_what_is_no_number_is_nan() -> None:
    found = lines(train(50), '{"mIoU": NaN, "step": 50}')[-1]
    assert isinstance(found, ValidationLine)
    assert math.isnan(found.metrics["val_miou"])


@pytest.mark.parametrize("text", ['{"mIoU": 33.6', "{", '{"a": 1}{"b": 2}'])
def test_a_torn_line_is_told(text: str) -> None:
    with pytest.raises(GarbageError):
        lines(text)


@pytest.mark.parametrize("text", ["", "2024 - INFO - Config:", "model = dict(", '{"env_info": "x"}'])
def test_other_lines_say_nothing(text: str) -> None:
    assert lines(text) == []
