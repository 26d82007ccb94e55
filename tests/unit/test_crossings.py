"""Who overtakes whom: against probabilities of a normal distribution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from scipy import stats

from sweep.curves.crossings import Crossing, crossings
from sweep.curves.noise import Noise
from sweep.curves.prediction import Prediction
from sweep.curves.trials import Setting, TrialCurve
from tests.settings import prediction

RUNGS = (200, 400, 1000)


def noises(sd: float = 0.5, degrees_of_freedom: float = 1e6) -> dict[int, Noise]:
    return {
        rung: Noise(
            rung=rung,
            sd=sd,
            degrees_of_freedom=degrees_of_freedom,
            source="measured",
            by_arm={},
            p_equal=None,
        )
        for rung in RUNGS
    }


def setting_with(arms: Mapping[str, Mapping[int, float]], baseline: str | None = "real") -> Setting:
    trials = tuple(TrialCurve(arm, arm, 0.5, 0, values) for arm, values in arms.items())
    return Setting("", RUNGS, trials, baseline)


def only(setting: Setting, predictions: Mapping[str, Prediction] | None = None, sd: float = 0.5) -> Crossing:
    (found,) = crossings(setting, noises(sd), predictions or {})
    return found


REAL = {200: 30.0, 400: 35.0, 1000: 45.0}


def test_an_arm_that_leads_early_and_falls_back() -> None:
    found = only(setting_with({"real": REAL, "half": {200: 31.0, 400: 36.0, 1000: 44.0}}))
    chance = stats.norm.cdf(1 / (0.5 * 2**0.5))
    assert (found.leader, found.follower) == ("half", "real")
    assert found.rung in (200, 400)
    assert (found.ahead, found.behind) == pytest.approx((chance, chance), abs=0.03)
    assert found.probability == pytest.approx(chance**2, abs=0.05)
    assert found.iteration is not None and not found.rests_on_prediction
    assert 400 < found.iteration.expected < 1000
    assert found.iteration.lower < found.iteration.expected < found.iteration.upper


def test_the_baseline_may_be_the_one_that_is_overtaken() -> None:
    found = only(setting_with({"real": REAL, "half": {200: 29.0, 400: 34.0, 1000: 46.0}}))
    assert (found.leader, found.follower) == ("real", "half")


def test_lines_between_rungs_cross_where_geometry_says() -> None:
    found = only(setting_with({"real": REAL, "half": {200: 32.0, 400: 36.0, 1000: 43.0}}), sd=0.01)
    assert found.iteration is not None
    assert found.iteration.expected == pytest.approx(400 + 600 / 3, abs=3)
    assert found.probability == 1


def test_the_last_crossing_counts() -> None:
    found = only(setting_with({"real": REAL, "half": {200: 31.0, 400: 34.0, 1000: 46.0}}), sd=0.01)
    assert found.leader == "real" and found.rung == 400
    assert found.iteration is not None and found.iteration.expected == pytest.approx(700, abs=3)


def test_an_arm_that_is_ahead_all_along_crosses_nothing() -> None:
    found = only(setting_with({"real": REAL, "half": {200: 35.0, 400: 40.0, 1000: 50.0}}), sd=0.1)
    assert found.probability < 0.01 and found.iteration is None


def test_the_likeliest_comes_first() -> None:
    setting = setting_with(
        {"real": REAL, "dull": {200: 29.0, 1000: 40.0}, "fast": {200: 33.0, 400: 37.0, 1000: 42.0}}
    )
    found = crossings(setting, noises(), {})
    assert [{one.leader, one.follower} for one in found] == [{"fast", "real"}, {"dull", "real"}]
    assert found[0].probability > found[1].probability


@pytest.mark.parametrize("baseline", [None, "other"])
def test_without_a_baseline_nothing_is_compared(baseline: str | None) -> None:
    assert crossings(setting_with({"a": REAL, "b": REAL}, baseline), noises(), {}) == ()


def test_an_arm_without_an_end_is_left_out() -> None:
    assert crossings(setting_with({"real": REAL, "half": {200: 31.0, 400: 34.0}}), noises(), {}) == ()


def test_a_predicted_end_joins_and_is_said() -> None:
    setting = setting_with({"real": REAL, "half": {200: 32.0, 400: 36.0}})
    sure = only(setting, {"half": prediction("half", 0.5, 43.0, sd=0.5)})
    unsure = only(setting, {"half": prediction("half", 0.5, 43.0, sd=3.0)})
    assert sure.rests_on_prediction and sure.leader == "half"
    assert unsure.behind == pytest.approx(stats.norm.cdf(2 / (9 + 0.25) ** 0.5), abs=0.03)
    assert unsure.behind < sure.behind


def test_what_predictions_share_does_not_part_them() -> None:
    setting = setting_with({"real": {200: 30.0}, "half": {200: 32.0}})
    ends = {"real": prediction("real", 1.0, 45.0, 3.0, 2.9), "half": prediction("half", 0.5, 43.0, 3.0, 2.9)}
    apart = {trial_id: replace(one, shared_sd=0.0) for trial_id, one in ends.items()}
    own = (9 - 2.9**2) ** 0.5
    assert only(setting, ends).behind == pytest.approx(stats.norm.cdf(2 / (own * 2**0.5)), abs=0.03)
    assert only(setting, apart).behind == pytest.approx(stats.norm.cdf(2 / (3 * 2**0.5)), abs=0.03)


def test_few_degrees_of_freedom_make_less_sure() -> None:
    setting = setting_with({"real": REAL, "half": {200: 32.0, 400: 36.0, 1000: 43.0}})
    sure, unsure = crossings(setting, noises(), {})[0], crossings(setting, noises(0.5, 1), {})[0]
    assert unsure.probability < sure.probability


def test_the_same_every_time() -> None:
    setting = setting_with({"real": REAL, "half": {200: 31.0, 400: 36.0, 1000: 44.0}})
    assert only(setting) == only(setting)
