"""Families of recorded training curves: trials of one task that differ in one setting, as a sweep's would.

What a configuration's settings are is said by its name in the recorded file that we know, and elsewhere by
the JSON in the column `config`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
_FEWEST_POINTS = 5
_SEEDS = {"seed", "random_seed", "run", "replicate"}
_NO_SETTING = {"name", "id", "file", "path", "dir", "log", "url", "date", "time", "timestamp", "note"}
"""A key with such a word says where or when a run was recorded, not how it was trained."""
_KNOWN_SOURCES = "LiheYoung/"
_KNOWN_NAMES = (
    r"(?:table|figure|zfigure)\d+-.+",  # UniMatch-V2
    r"(?:ade20k|coco)_.+_mIoU-[\d.]+",  # FreeMask
    r"(?:[^/]+/)+(?:1_\d+|\d+(?:%|cases?)?)(?:-run\d+)?",  # UniMatch
)


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
    for (source, task), of_task in curves.groupby(["source", "task"]):
        for metric, of_metric in of_task.groupby("metric"):
            configurations = {str(key): one for key, one in of_metric.groupby("config_id")}
            whole = {key: one for key, one in configurations.items() if len(one) >= _FEWEST_POINTS}
            in_percent = 100 if of_metric["value"].max() <= 1 else 1
            values = {key: _at_rungs(one, in_percent) for key, one in whole.items()}
            if str(source).startswith(_KNOWN_SOURCES) and all(_is_known(key) for key in whole):
                named = {key: _factors(key) for key in whole}
                found += _families(_DATASETS.get(str(task), str(task)), values, named)
            else:
                said = {key: one["config"].iloc[0] for key, one in whole.items()}
                several = f"{metric}, " if of_task["metric"].nunique() > 1 else ""
                found += _families(str(task), values, _factors_in_json(said), f"{several}{source}")
    return found


def _families(
    task: str,
    values: Mapping[str, dict[int, float]],
    factors: Mapping[str, dict[str, str]],
    of_all: str = "",
) -> Iterator[Family]:
    """`of_all` is said of each in its name."""
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
                words = ", ".join(filter(None, (of_all, *(f"{k} {v}" for k, v in rest))))
                yield Family(task, name, Setting(words, RUNGS, trials, baseline=arms[-1]))


def _real_ratio_at(place: float) -> float:
    """0..1 to 0..1, the inverse of place() in sweep/curves/prediction/observed.py."""
    return round(0.05 * ((1 / 0.05 + 1) ** place - 1), 4)


def _at_rungs(curve: pd.DataFrame, in_percent: int) -> dict[int, float]:
    budget = curve["iter"].max()
    nearest = {rung: (curve["iter"] - budget * rung / 100).abs().idxmin() for rung in RUNGS}
    return {rung: in_percent * float(curve.loc[index, "value"]) for rung, index in nearest.items()}


def _is_known(config_id: str) -> bool:
    return any(re.fullmatch(pattern, config_id) for pattern in _KNOWN_NAMES)


def _factors_in_json(said: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """What differs between configurations, by config_id; those that differ in nothing are seeds of one."""
    factors = {key: _flat(json.loads(text or "{}")) for key, text in said.items()}
    names = {name for of_one in factors.values() for name in of_one} - _SEEDS
    varied = {
        name
        for name in names
        if not _NO_SETTING & set(re.split(r"[._\-\s]", name.lower()))
        and len({of_one.get(name) for of_one in factors.values()}) > 1
    }
    seen: dict[tuple[str | None, ...], int] = {}
    found = {}
    for key in sorted(factors):
        own = {name: factors[key].get(name, "none") for name in sorted(varied)}
        seed = seen[tuple(own.values())] = seen.get(tuple(own.values()), -1) + 1
        found[key] = own | {"seed": str(seed)}
    return found


def _flat(config: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """`{"optimizer": {"lr": 0.1}}` as `{"optimizer.lr": "0.1"}`."""
    flat = {}
    for name, value in config.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value if isinstance(value, str) else json.dumps(value)
    return flat


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
    number = re.match(r"-?\d+\.?\d*(?:e[+-]?\d+)?", value)
    return (float(number[0]), "") if number else (float("inf"), value)
