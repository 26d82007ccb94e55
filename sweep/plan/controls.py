"""The arms that test the sweep itself: what must come out of them is known beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sweep.spec import Point, Spec
from sweep.spec.space import CONTROL, REAL_RATIO, completed
from trainables.contract import Control

CONTROL_REAL_RATIOS: Mapping[Control, tuple[float, ...]] = {"copy": (0.0, 0.5), "noise": (0.0,)}
"""At 0 every image takes the way of generated ones, so whatever it does to them shows most; in the middle the
two streams meet in every batch. The same shares in all sweeps, so that their controls can be compared."""


def control_arms(spec: Spec) -> list[Point]:
    """The arms of the spec's `controls`: the baseline's parameters, but for `real_ratio` and `control`."""
    return [
        completed(spec.search, {**spec.baseline, REAL_RATIO: real_ratio, CONTROL: control})
        for control in spec.controls
        for real_ratio in CONTROL_REAL_RATIOS[control]
    ]


def is_control(parameters: Mapping[str, Any]) -> bool:
    """Whether these are the parameters of a control arm."""
    return CONTROL in parameters
