"""Effects of real_ratio on single classes, out of pixel counts that are known here."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from sweep.ledger import SweepState, replay
from sweep.ledger.events import TrialReported
from sweep.report.class_effects import (
    COMMONEST,
    GAP,
    MOST_ARMS,
    RAREST,
    class_effect_frame,
    class_effects,
)
from tests.builders import sweep_events
from trainables.contract.classes import SCENE_CLASSES

LABELS = (40_000, 20_000, 10_000, 5_000, 2_000, 900, 400, 100)
CLASSES = len(SCENE_CLASSES)


def labels() -> list[int]:
    """The last class of the scenes is in no label."""
    return [*LABELS[: CLASSES - 1], 0]


def state_of(iou: Callable[[int, float, int], float], **changes: object) -> SweepState:
    """A sweep in which class `i` has `iou(i, real_ratio, seed)` percent at every iteration."""
    given = {"arms": (1.0, 0.5, 0.0), "seeds": (0, 1, 2), "rungs": (60, 300), "validate_every": None}
    events = sweep_events(**{**given, **changes})
    planned = {e.trial_id: e for e in events if type(e).__name__ == "TrialPlanned"}

    def with_counts(event: TrialReported) -> TrialReported:
        trial = planned[event.trial_id]
        ratio = trial.parameters["real_ratio"]
        shares = [iou(i, ratio, trial.seed) / 100 for i in range(CLASSES)]
        # Predicted as much as is labelled: I / (2 L - I) = u, so I = 2 L u / (1 + u).
        shared = [round(2 * n * u / (1 + u)) for n, u in zip(labels(), shares, strict=True)]
        counts = {"intersection": shared, "prediction": labels(), "label": labels()}
        return dataclasses.replace(event, counts=counts)

    return replay(with_counts(e) if isinstance(e, TrialReported) else e for e in events)


def noisy(effect: Callable[[int, float], float]) -> Callable[[int, float, int], float]:
    def iou(i: int, ratio: float, seed: int) -> float:
        random = np.random.default_rng([i, int(100 * ratio), seed])
        return 50 + effect(i, ratio) + 0.5 * float(random.standard_normal())

    return iou


def harms_the_rare(i: int, ratio: float) -> float:
    return -15 * (1 - ratio) if i >= 4 else 0.0


def test_means_and_differences_are_those_of_the_counts() -> None:
    found = class_effects(state_of(noisy(harms_the_rare)), 300)
    assert found is not None
    for i, one in enumerate(found.classes):
        for row in found.arms:
            ratio = row.parameters["real_ratio"]
            expected = np.mean([noisy(harms_the_rare)(i, ratio, seed) for seed in (0, 1, 2)])
            assert one.means[row.arm] == pytest.approx(expected, abs=0.6)  # whole pixels, 100 at least
        own = one.means["real_ratio=0.0"] - one.means["real_ratio=1.0"]
        assert one.differences["real_ratio=0.0"].value == pytest.approx(own)
        assert "real_ratio=1.0" not in one.differences


def test_some_pixels_of_a_class_that_nobody_learnt_are_no_effect() -> None:
    """The noise of a class that is never predicted is 0, and anything would be beyond it."""

    def iou(i: int, ratio: float, seed: int) -> float:
        return noisy(harms_the_rare)(i, ratio, seed) if i else 0.01 * (ratio == 0)

    found = class_effects(state_of(iou), 300)
    assert found is not None
    never = next(one for one in found.classes if one.name == SCENE_CLASSES[0])
    assert (never.is_learnt, never.differences) == (False, {})
    assert all(one.is_learnt and one.differences for one in found.classes if one is not never)


def test_classes_come_by_their_share_of_labelled_pixels() -> None:
    found = class_effects(state_of(noisy(harms_the_rare)), 300)
    assert found is not None
    assert [one.name for one in found.classes] == list(SCENE_CLASSES[:-1])
    shares = [one.pixel_share for one in found.classes]
    assert shares == sorted(shares, reverse=True) and sum(shares) == pytest.approx(1)
    assert found.unlabelled == (SCENE_CLASSES[-1],)
    assert (found.common, found.rare) == (SCENE_CLASSES[:2], SCENE_CLASSES[-3:-1])


def test_what_harms_the_rare_alone_is_shown_there_and_in_the_gap() -> None:
    found = class_effects(state_of(noisy(harms_the_rare)), 300)
    assert found is not None
    shown = {one.name: one.is_shown("real_ratio=0.0") for one in (*found.classes, *found.groups)}
    assert shown == {name: i >= 4 for i, name in enumerate(SCENE_CLASSES[:-1])} | {
        RAREST: True,
        COMMONEST: False,
        GAP: True,
    }
    assert {one.name: one for one in found.groups}[GAP].differences["real_ratio=0.0"].value < -10


def test_without_an_effect_nothing_is_shown_more_often_than_five_in_a_hundred() -> None:
    claims = 0
    for run in range(40):

        def iou(i: int, ratio: float, seed: int, run: int = run) -> float:
            return 50 + float(np.random.default_rng([run, i, int(100 * ratio), seed]).standard_normal())

        found = class_effects(state_of(iou, rungs=(60,)), 60)
        assert found is not None
        claims += any(one.is_shown(row.arm) for one in found.classes for row in found.arms)
    assert claims <= 6  # 40 x 5 % = 2; more than 6 with a probability of 0.3 %


def test_without_repeated_seeds_there_is_no_interval_since_no_prior_is_one_for_classes() -> None:
    found = class_effects(state_of(noisy(harms_the_rare), seeds=(0,)), 300)
    assert found is not None
    assert all(not one.differences and one.means for one in (*found.classes, *found.groups))
    frame = class_effect_frame(state_of(noisy(harms_the_rare), seeds=(0,)), 300)
    assert frame["difference"].isna().all() and not frame["is_shown"].any()


def test_of_many_arms_some_are_chosen_with_the_baseline_and_both_ends() -> None:
    many = tuple(i / 40 for i in range(41))
    found = class_effects(state_of(noisy(harms_the_rare), arms=many, seeds=(0, 1)), 300)
    assert found is not None
    ratios = [row.parameters["real_ratio"] for row in found.arms]
    assert (len(ratios), found.all_arms) == (MOST_ARMS, 41)
    assert ratios == sorted(ratios, reverse=True) and (ratios[0], ratios[-1]) == (1.0, 0.0)


def test_trials_that_counted_no_pixels_have_no_classes() -> None:
    events = [
        dataclasses.replace(e, counts={"intersection": [], "prediction": [], "label": []})
        if isinstance(e, TrialReported)
        else e
        for e in sweep_events()
    ]
    state = replay(events)
    assert class_effects(state, 300) is None
    assert class_effect_frame(state, 300).empty


def test_the_frame_says_the_same() -> None:
    state = state_of(noisy(harms_the_rare))
    found, frame = class_effects(state, 300), class_effect_frame(state, 300)
    assert found is not None and len(frame) == 3 * (len(found.classes) + 3)
    row = frame[(frame["class"] == found.classes[5].name) & (frame["arm"] == "real_ratio=0.0")].iloc[0]
    difference = found.classes[5].differences["real_ratio=0.0"]
    assert (row["difference"], row["difference_low"]) == (
        difference.value,
        difference.simultaneous_interval[0],
    )
