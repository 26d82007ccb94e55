"""What of a report becomes an MLflow metric or parameter, under the spec's names."""

from __future__ import annotations

import itertools
import re
from typing import Any

from sweep.results import consumed_any
from trainables.contract.iou import iou_percent

_REFUSED = re.compile(r"[^\w.\- /]")  # by MLflow, in the keys of metrics
_LONGEST = 200  # MLflow takes 250, with what stands before and behind


def flat(section: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested keys as dotted paths; keys without a value are left out."""
    params: dict[str, str] = {}
    for key, value in section.items():
        if isinstance(value, dict):
            params |= flat(value, f"{prefix}{key}.")
        elif value is not None:
            params[f"{prefix}{key}"] = str(value)
    return params


def mixture_points(mixture: dict[str, Any]) -> dict[str, float]:
    """What was consumed; by source where there are several generated ones. Nothing of a replay."""
    if not consumed_any(mixture):
        return {}
    points = {
        key: value for key, value in mixture.items() if value is not None and not isinstance(value, dict)
    }
    generated: dict[str, int] = mixture["generated_images"]
    points["generated_images"] = sum(generated.values())
    if len(generated) > 1:
        points |= {f"generated_images/{name}": count for name, count in generated.items()}
    return points


def class_points(counts: dict[str, list[int]], classes: list[str]) -> dict[str, float]:
    """`iou/CLASS` in percent; NaN for a class neither labelled nor predicted. Nothing of a replay."""
    if not counts["label"]:
        return {}
    ious = iou_percent(counts["intersection"], counts["prediction"], counts["label"])
    return {f"iou/{name}": iou for name, iou in zip(class_keys(classes), ious, strict=True)}


def class_keys(classes: list[str]) -> list[str]:
    """A name for each class that MLflow takes as the end of a key, no two alike.

    A name that it takes as it is stays; else what it refuses becomes `_`, and a number is put behind where
    another class has that name already.
    """
    keys = dict(zip(classes, map(_acceptable, classes), strict=True))
    taken = {name for name, key in keys.items() if name == key}
    for name, key in keys.items():
        if name != key:
            numbered = (f"{key}_{number}" for number in itertools.count(2))
            keys[name] = next(free for free in itertools.chain([key], numbered) if free not in taken)
            taken.add(keys[name])
    return list(keys.values())


def _acceptable(name: str) -> str:
    """Only what MLflow knows, and no part that would lead elsewhere if the key were a path."""
    parts = _REFUSED.sub("_", name)[:_LONGEST].split("/")
    return "/".join("_" * max(1, len(part)) if part in ("", ".", "..") else part for part in parts)
