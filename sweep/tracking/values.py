"""What of a report becomes an MLflow metric or parameter, under the spec's names."""

from __future__ import annotations

import math
from typing import Any


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
    """What was consumed; by source where there are several generated ones."""
    points = {key: value for key, value in mixture.items() if not isinstance(value, dict)}
    generated: dict[str, int] = mixture["generated_images"]
    points["generated_images"] = sum(generated.values())
    if len(generated) > 1:
        points |= {f"generated_images/{name}": count for name, count in generated.items()}
    return points


def class_points(counts: dict[str, list[int]], classes: list[str]) -> dict[str, float]:
    """`iou/CLASS` in percent; NaN for a class neither labelled nor predicted."""
    rows = zip(classes, counts["intersection"], counts["prediction"], counts["label"], strict=True)
    return {
        f"iou/{name}": 100 * hit / union if (union := predicted + labelled - hit) else math.nan
        for name, hit, predicted, labelled in rows
    }
