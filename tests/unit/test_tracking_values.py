"""What is sent to MLflow has keys that it takes, whatever the classes are called."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow.utils.validation import MAX_ENTITY_KEY_LENGTH, _validate_metric_name

from sweep.tracking.values import class_keys, class_points


@pytest.mark.parametrize(
    ("classes", "keys"),
    [
        (["road", "traffic light", "a/b-c.d_e", "Straße"], ["road", "traffic light", "a/b-c.d_e", "Straße"]),
        (["Traffic Sign (Front)", "a&b", ";", "c+"], ["Traffic Sign _Front_", "a_b", "_", "c_"]),
        (["..", ".", "../x", "/y", "z/", "a//b"], ["__", "_", "__/x", "_/y", "z/_", "a/_/b"]),
        (["a&b", "a+b", "a_b", "a_b_2"], ["a_b_3", "a_b_4", "a_b", "a_b_2"]),
        (["two\nlines", "10:30"], ["two_lines", "10_30"]),
    ],
)
def test_keys_of_classes(classes: list[str], keys: list[str]) -> None:
    assert class_keys(classes) == keys


@given(st.lists(st.text(st.sampled_from("ab_2.&/+ :ß\n"), max_size=4) | st.text(max_size=300), unique=True))
def test_mlflow_takes_every_key_and_no_two_are_alike(classes: list[str]) -> None:
    keys = [f"iou/{key}" for key in class_keys(classes)]
    assert len(set(keys)) == len(classes)
    for key in keys:
        _validate_metric_name(key)
        assert len(key) <= MAX_ENTITY_KEY_LENGTH


def test_every_class_has_its_own_iou() -> None:
    counts = {"intersection": [1, 0, 0], "prediction": [2, 3, 0], "label": [3, 0, 0]}
    found = class_points(counts, ["a&b", "a_b", "c"])
    assert found["iou/a_b_2"] == 25.0
    assert found["iou/a_b"] == 0.0
    assert found["iou/c"] != found["iou/c"], "NaN: neither labelled nor predicted"
