"""What real_ratio does to each class, and to classes with few labelled pixels: numbers at one rung.

A class is called rare or common by its share of the labelled pixels of the validation set. That is not the
size of its objects, of which nothing is known here: many small things and a single large one count alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import pandas as pd

from sweep.curves.differences import Difference, differences
from sweep.curves.noise import CONFIDENCE, noise_at
from sweep.ledger.state import SweepState
from sweep.report.tables import ArmRow, fair_table
from sweep.results import comparable, newest_rung, rungs_of
from sweep.sampling import evenly
from trainables.contract.iou import iou_percent

MOST_ARMS = 12
"""More of them cannot be read beside each other: then some are chosen, evenly over real_ratio."""

_LEAST_FOR_THIRDS = 3
_LEAST_IOU = 1.0  # percent; where no arm comes to it, some pixels of one trial would pass for an effect
RAREST, COMMONEST, GAP = "rarest third", "commonest third", "rarest less commonest"


@dataclass(frozen=True, kw_only=True)
class ClassEffect:
    """One class, or a group of classes, in all arms."""

    name: str
    pixel_share: float
    """Of all labelled pixels of the validation set, 0..1; of a group, of all its classes."""
    means: Mapping[str, float]
    """IoU in percent by arm, mean over its seeds, for a group over its classes too."""
    seeds: Mapping[str, int]
    """Trials with a value, by arm."""
    differences: Mapping[str, Difference]
    """From the baseline, by arm; none without repeated seeds, since a class has no prior for its noise."""
    family: int
    """How many classes, or groups, are looked at side by side."""
    is_learnt: bool
    """Whether any arm comes to an IoU of 1 %; where none does there are no differences to speak of."""

    def is_shown(self, arm: str) -> bool:
        """Whether the arm differs here, at 5 % over all arms and (Bonferroni) all of the family."""
        found = self.differences.get(arm)
        if found is None or found.rests_on_prior:
            return False
        return found.p_adjusted * self.family < 1 - CONFIDENCE


@dataclass(frozen=True, kw_only=True)
class ClassEffects:
    """All classes at one rung."""

    rung: int
    arms: tuple[ArmRow, ...]
    """That are shown, from the most real images to the fewest."""
    all_arms: int
    """How many there are."""
    classes: tuple[ClassEffect, ...]
    """From the commonest to the rarest; those without a labelled pixel are left out."""
    groups: tuple[ClassEffect, ...]
    """The rarest third, the commonest third and their gap; empty with fewer than three classes."""
    rare: tuple[str, ...]
    """Names of the rarest third."""
    common: tuple[str, ...]
    """Names of the commonest third."""
    unlabelled: tuple[str, ...]
    """Classes that the validation set does not have."""


def class_effects(state: SweepState, rung: int) -> ClassEffects | None:
    """The effects at a rung; None where no trial counted its pixels there, as replayed and imported ones.

    Raises ValueError if the iteration is no rung.
    """
    table = fair_table(state, rung)
    ious = _Ious(state, rung)
    with_counts = [row for row in table.rows if row.arm in ious.by_arm]
    if not with_counts:
        return None
    rows = _some(with_counts)
    references = {row.arm: row.baseline for row in rows if row.baseline not in (None, row.arm)}
    shares = ious.pixel_shares
    labelled = sorted((i for i, share in enumerate(shares) if share > 0), key=lambda i: -shares[i])
    third = len(labelled) // 3 if len(labelled) >= _LEAST_FOR_THIRDS else 0
    common, rare = labelled[:third], labelled[len(labelled) - third :] if third else []
    effect = _Effects(state, rung, [row.arm for row in rows], references, ious)
    return ClassEffects(
        rung=rung,
        arms=tuple(rows),
        all_arms=len(with_counts),
        classes=tuple(effect.of_class(i, len(labelled)) for i in labelled),
        groups=tuple(effect.of_groups(rare, common)) if third else (),
        rare=tuple(ious.names[i] for i in rare),
        common=tuple(ious.names[i] for i in common),
        unlabelled=tuple(ious.names[i] for i, share in enumerate(shares) if share == 0),
    )


_COLUMNS = (
    *("sweep", "iteration", "class", "kind", "pixel_share", "arm", "real_ratio", "n_seeds", "mean_iou"),
    *("difference", "difference_low", "difference_high", "p_adjusted", "is_shown"),
)


def class_effect_frame(state: SweepState, rung: int) -> pd.DataFrame:
    """A row for every class, and group of classes, and arm; empty where no pixels were counted.

    The interval holds for all arms of a class at once; `is_shown` counts all classes, too.
    """
    effects = class_effects(state, rung)
    records = [] if effects is None else list(_records(state, effects))
    frame = pd.DataFrame(records, columns=list(_COLUMNS))
    numbers = ("pixel_share", "real_ratio", "mean_iou", *_COLUMNS[9:13])
    return frame.astype(dict.fromkeys(numbers, float))


def newest_class_effects(state: SweepState) -> pd.DataFrame:
    """`class_effect_frame` at the last rung that any trial has reached."""
    return class_effect_frame(state, newest_rung(state))


def _records(state: SweepState, effects: ClassEffects) -> Iterator[dict[str, Any]]:
    kinds = {"class": effects.classes, "group": effects.groups}
    for kind, one in ((kind, one) for kind, own in kinds.items() for one in own):
        for row in effects.arms:
            found = one.differences.get(row.arm)
            low, high = found.simultaneous_interval if found else (math.nan, math.nan)
            yield {
                "sweep": state.created.name,
                "iteration": effects.rung,
                "class": one.name,
                "kind": kind,
                "pixel_share": one.pixel_share,
                "arm": row.arm,
                "real_ratio": float(row.parameters["real_ratio"]),
                "n_seeds": one.seeds.get(row.arm, 0),
                "mean_iou": one.means.get(row.arm, math.nan),
                "difference": found.value if found else math.nan,
                "difference_low": low,
                "difference_high": high,
                "p_adjusted": found.p_adjusted if found else math.nan,
                "is_shown": one.is_shown(row.arm),
            }


class _Ious:
    """IoU of every class in percent by arm and seed, of trials that counted their pixels at the rung."""

    def __init__(self, state: SweepState, rung: int) -> None:
        self.names: list[str] = list(state.created.spec["data"]["classes"])
        self.by_arm: dict[str, dict[int, tuple[float, ...]]] = {}
        self._labels: Sequence[int] = ()
        for trial in comparable(state).trials.values():
            report = trial.reports.get(rung)
            if report is None or not any(report.counts["label"]):
                continue
            counts = report.counts
            ious = iou_percent(counts["intersection"], counts["prediction"], counts["label"])
            self.by_arm.setdefault(trial.arm, {})[trial.planned.seed] = ious
            self._labels = self._labels or counts["label"]

    @property
    def pixel_shares(self) -> list[float]:
        """Of the labelled pixels, by class; the validation set is the same for all."""
        total = sum(self._labels)
        return [count / total for count in self._labels[: len(self.names)]]


class _Effects:
    """Turns IoUs into effects, all against the same baselines."""

    def __init__(
        self,
        state: SweepState,
        rung: int,
        arms: Sequence[str],
        references: Mapping[str, str | None],
        ious: _Ious,
    ) -> None:
        self._rung, self._final = rung, rungs_of(state)[-1]
        self._arms, self._references, self._ious = arms, references, ious

    def of_class(self, index: int, family: int) -> ClassEffect:
        values = self._values([index])
        is_learnt = self._is_learnt(values)
        return self._effect(
            self._ious.names[index], self._ious.pixel_shares[index], values, family, is_learnt=is_learnt
        )

    def of_groups(self, rare: Sequence[int], common: Sequence[int]) -> Iterator[ClassEffect]:
        shares = self._ious.pixel_shares
        few, many = self._values(rare), self._values(common)
        is_rare_learnt, is_common_learnt = self._is_learnt(few), self._is_learnt(many)
        yield self._effect(RAREST, sum(shares[i] for i in rare), few, 3, is_learnt=is_rare_learnt)
        yield self._effect(COMMONEST, sum(shares[i] for i in common), many, 3, is_learnt=is_common_learnt)
        gap = {
            arm: {seed: few[arm][seed] - many[arm][seed] for seed in few[arm] if seed in many.get(arm, {})}
            for arm in few
        }
        yield self._effect(GAP, math.nan, gap, 3, is_learnt=is_rare_learnt and is_common_learnt)

    @staticmethod
    def _is_learnt(values: Mapping[str, Mapping[int, float]]) -> bool:
        return any(fmean(own.values()) >= _LEAST_IOU for own in values.values() if own)

    def _values(self, classes: Sequence[int]) -> dict[str, dict[int, float]]:
        """The mean over the classes by arm and seed."""
        return {
            arm: {seed: fmean(ious[i] for i in classes) for seed, ious in self._ious.by_arm[arm].items()}
            for arm in self._arms
        }

    def _effect(
        self,
        name: str,
        share: float,
        values: Mapping[str, Mapping[int, float]],
        family: int,
        *,
        is_learnt: bool,
    ) -> ClassEffect:
        finite = {arm: own for arm, own in values.items() if own and all(map(math.isfinite, own.values()))}
        pairs = {
            arm: other
            for arm, other in self._references.items()
            if other is not None and arm in finite and other in finite
        }
        noise = noise_at(self._rung, self._final, finite)
        is_known = noise.source == "measured"
        return ClassEffect(
            name=name,
            pixel_share=share,
            means={arm: fmean(own.values()) for arm, own in finite.items()},
            seeds={arm: len(own) for arm, own in finite.items()},
            differences=differences(finite, pairs, noise).by_arm if is_known and pairs and is_learnt else {},
            family=family,
            is_learnt=is_learnt,
        )


def _some(rows: Sequence[ArmRow]) -> list[ArmRow]:
    """Baselines, then others evenly, in their order."""
    if len(rows) <= MOST_ARMS:
        return list(rows)
    baselines = [row for row in rows if row.is_baseline][: MOST_ARMS // 2]
    others = [row for row in rows if not row.is_baseline]
    chosen = {row.arm for row in (*baselines, *evenly(others, MOST_ARMS - len(baselines)))}
    return [row for row in rows if row.arm in chosen]
