"""Families of recorded training curves: trials of one task that differ in one setting, as a sweep's would."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from sweep.curves.trials import Setting, TrialCurve

FILE_NAME = "segmentation_curves.parquet"
RUNGS = (20, 40, 60, 80, 100)
"""Percent of each curve's own budget; a rung's value is that of the nearest validation."""
FEWEST_CONFIGURATIONS = 3
GROUPS = ("hyperparameters", "labels", "networks")
"""Method, threshold, weight, with the same labels and backbone; the labelled share; backbone or model."""

_SHARES = ("label", "ratio", "fraction", "share", "percent", "split", "subset")
_NETWORKS = ("backbone", "model", "arch", "encoder", "network")

_DATASETS = {"coco_real+synthetic": "coco", "ade20k_real+synthetic": "ade20k"}
_NOT_VARIED = {"group", "seed"}
"""A group of UniMatch is split, size and backbone at once: not one factor."""


@dataclass(frozen=True)
class Family:
    """Finished trials of one dataset, alike but for one factor and the seed."""

    task: str
    """The dataset; families of one dataset are left out together."""
    factor: str
    """What they differ in: labels, threshold, weight, method, backbone or model."""
    setting: Setting
    """The trials in full; their real_ratio stands for the configuration's place in the order of the factor,
    from 0 to 1, evenly on the axis log(real_ratio + 0.05)."""

    @property
    def key(self) -> str:
        """Names the family among all."""
        return f"{self.task}: {self.factor} ({self.setting.words})"

    @property
    def group(self) -> str:
        """Which of GROUPS the factor belongs to."""
        factor = self.factor.lower()
        if any(word in factor for word in _SHARES):
            return "labels"
        return "networks" if any(word in factor for word in _NETWORKS) else "hyperparameters"


def recorded_families(folder: Path) -> list[Family]:
    """Every family of at least three configurations in the recorded curves of `folder`."""
    curves = pd.read_parquet(folder / FILE_NAME)
    found = []
    for (_, task), of_task in curves.groupby(["source", "task"]):
        values = {str(key): _at_rungs(one) for key, one in of_task.groupby("config_id") if len(one) >= 5}
        factors = {key: _factors(key) for key in values}
        found += _families(_DATASETS.get(str(task), str(task)), values, factors)
    return found


def _families(
    task: str, values: Mapping[str, dict[int, float]], factors: Mapping[str, dict[str, str]]
) -> Iterator[Family]:
    names = sorted({name for of_one in factors.values() for name in of_one} - _NOT_VARIED)
    for name in names:
        alike: dict[tuple[tuple[str, str], ...], list[str]] = {}
        for key, of_one in factors.items():
            if name in of_one:
                rest = tuple(sorted((k, v) for k, v in of_one.items() if k not in (name, "seed")))
                alike.setdefault(rest, []).append(key)
        for rest, keys in alike.items():
            arms = sorted({factors[key][name] for key in keys}, key=_order)
            if len(arms) >= FEWEST_CONFIGURATIONS:
                trials = tuple(
                    TrialCurve(
                        trial_id=key,
                        arm=factors[key][name],
                        real_ratio=_real_ratio_at(arms.index(factors[key][name]) / (len(arms) - 1)),
                        seed=int(factors[key].get("seed", "0")),
                        values=values[key],
                    )
                    for key in sorted(keys, key=lambda key: (arms.index(factors[key][name]), key))
                )
                words = ", ".join(f"{k} {v}" for k, v in rest)
                yield Family(task, name, Setting(words, RUNGS, trials, baseline=arms[-1]))


def _real_ratio_at(place: float) -> float:
    """0..1 to 0..1, the inverse of place() in sweep/curves/prediction/observed.py."""
    return round(0.05 * ((1 / 0.05 + 1) ** place - 1), 4)


def _at_rungs(curve: pd.DataFrame) -> dict[int, float]:
    budget = curve["iter"].max()
    nearest = {rung: (curve["iter"] - budget * rung / 100).abs().idxmin() for rung in RUNGS}
    return {rung: float(curve.loc[index, "value"]) for rung, index in nearest.items()}


def _factors(config_id: str) -> dict[str, str]:
    """What the name of a recorded configuration says: its setting, factor by factor."""
    if match := re.fullmatch(r"(?:table|figure|zfigure)\d+-(?:figure\d)?(.*)", config_id):
        return _factors_of_unimatch_v2(match[1])
    if match := re.fullmatch(r"(?:ade20k|coco)_(.+)_mIoU-[\d.]+", config_id):
        return {"model": match[1]}
    *rest, last = config_id.split("/")
    labels, _, run = last.partition("-run")
    return {"group": "/".join(rest), "labels": labels} | ({"seed": run} if run else {})


def _factors_of_unimatch_v2(name: str) -> dict[str, str]:
    factors = {"threshold": "0.95", "weight": "1.0"}
    for factor, pattern in (
        ("threshold", r"_confidence_threshold([\d.]+)"),
        ("weight", r"_unlabeled_loss_weight([\d.]+)"),
        ("labels", r"_((?:1_)?\d+%?|all_)labels"),
        ("backbone", r"_((?:dinov2|beit|sam)_(?:small|base|large)(?:_frozen)?|mitb5|resnet152)"),
    ):
        if match := re.search(pattern, name):
            factors[factor] = match[1].strip("_")
            name = name.replace(match[0], "")
    return factors | {"method": name}


def _order(value: str) -> tuple[float, str]:
    """Numbers by size ("1_16" is a sixteenth), the rest by name."""
    if re.fullmatch(r"1_\d+", value):
        return 1 / float(value[2:]), ""
    number = re.match(r"[\d.]+", value)
    return (float(number[0]), "") if number else (float("inf"), value)
