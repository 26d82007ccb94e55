"""What makes an arm, and what it is called."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sweep.plan.controls import is_control
from sweep.spec import Point, Spec
from sweep.spec.space import canonical, completed, identity, matches


def arm_parameters(spec: Spec, parameters: Mapping[str, Any]) -> Point:
    """A full set of parameters as an arm has them: `real_ratio` first, as a float, the others sorted.

    Fixed parameters are filled in. Those of generated images (`data.strategy`, `data.weights.*`,
    `data.generated.*`) are left out where all images are real, so that equal mixtures are one arm.
    """
    return completed(spec.search, parameters)


def arm_name(parameters: Mapping[str, Any]) -> str:
    """`real_ratio=0.125 lr=0.01`: each parameter by the last part of its path, or all of it if that is taken.

    Floats are printed in the shortest form that reads back as the same number: 0.125, 1.0, 1e-05.
    """
    arm = canonical(parameters)
    last_parts = [path.split(".")[-1] for path in arm]
    names = [
        last if last_parts.count(last) == 1 else path for path, last in zip(arm, last_parts, strict=True)
    ]
    return " ".join(f"{name}={_in_words(value)}" for name, value in zip(names, arm.values(), strict=True))


def is_baseline(spec: Spec, parameters: Mapping[str, Any]) -> bool:
    """Whether these are the parameters of the baseline arm."""
    return identity(arm_parameters(spec, parameters)) == identity(arm_parameters(spec, spec.baseline))


def is_protected(spec: Spec, parameters: Mapping[str, Any]) -> bool:
    """Whether the arm is never stopped: baseline, controls, and what `early_stopping.protect` matches."""
    arm = arm_parameters(spec, parameters)
    if is_baseline(spec, arm) or is_control(arm):
        return True
    return any(matches(arm, point) for point in spec.early_stopping.protect)


def _in_words(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
