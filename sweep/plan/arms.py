"""What makes an arm, and what it is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sweep.spec import Point, Spec


def arm_parameters(spec: Spec, parameters: Mapping[str, Any]) -> Point:
    """The parameters without those that have no effect, so that equal mixtures are one arm."""
    raise NotImplementedError


def arm_name(parameters: Mapping[str, Any]) -> str:
    """`real_ratio=0.125 lr=0.01`."""
    raise NotImplementedError


def is_baseline(spec: Spec, parameters: Mapping[str, Any]) -> bool:
    """Whether these are the parameters of the baseline arm."""
    raise NotImplementedError


def is_protected(spec: Spec, parameters: Mapping[str, Any]) -> bool:
    """Whether an arm is never stopped: the baseline, and those of `early_stopping.protect`."""
    raise NotImplementedError
