"""The verdict on curves whose shape is plain to see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from sweep.curves.ratio import RatioCurve, effect_of, verdict
from sweep.curves.ratio.words import unmeasured
from tests.settings import FIVE, curve_of, setting_of

NINE = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0)


def words(curve: RatioCurve) -> str:
    return verdict(curve, effect_of(curve))


def clear(truth: Callable[[float], float], ratios: tuple[float, ...] = NINE) -> RatioCurve:
    """The truth with errors of 0.1 points, the same on both sides."""
    return curve_of(setting_of({ratio: [truth(ratio) - 0.1, truth(ratio) + 0.1] for ratio in ratios}))


@pytest.mark.parametrize(
    ("truth", "said"),
    [
        (lambda r: 40 + 3 * r, "rises with the share of real images, +3."),
        (lambda r: 44 - 3 * r, "falls with the share of real images, -"),
        (lambda r: 44 - 80 * max(0.0, 0.1 - r), "cliff between 0 and 0.1 (+"),
        (lambda r: 44.0 if r > 0.07 else 38.0, "cliff between 0.05 and 0.1 (+"),
        (lambda r: 44 + 0.5 * r - 20 * max(0.0, 0.3 - r), "gentle above 0.3 (+"),
        (lambda r: 44 - 8 * (r - 0.5) ** 2, "optimum inside, best near 0."),
    ],
    ids=["rises", "falls", "cliff below 0.1", "step", "bend", "optimum"],
)
def test_names_the_shape(truth: Callable[[float], float], said: str) -> None:
    found = words(clear(truth))
    assert found.startswith("An effect of real_ratio is shown (p = 0.0005): ")
    assert said in found and found.endswith(".")


def test_a_bend_says_both_slopes() -> None:
    found = words(clear(lambda r: 44 + 0.5 * r - 20 * max(0.0, 0.3 - r)))
    assert "points from 0.3 to 1, " in found and "steeper below (+6." in found


def test_an_optimum_has_an_interval() -> None:
    found = words(clear(lambda r: 44 - 8 * (r - 0.5) ** 2))
    near, low, high = (
        float(part.strip("()."))
        for part in found.split("best near ")[1].replace("to ", "").replace("(", "").split()
    )
    assert 0.3 <= low <= near <= high <= 0.7


def test_no_effect_says_what_is_excluded() -> None:
    found = words(curve_of(setting_of({ratio: [43.6, 44.4] for ratio in FIVE})))
    assert found.startswith("No effect of real_ratio shown between 0 and 1 (p = 1); one above ")
    assert found.endswith(" points is excluded there at 95 %.")


def test_by_a_prior_words_say_what_is_supposed() -> None:
    found = words(curve_of(setting_of({0.0: [43.7], 0.5: [44.0], 1.0: [44.1]})))
    assert found.endswith("points is excluded there at 95 %, if runs differ by the prior sd of 0.63.")
    found = words(curve_of(setting_of({0.0: [34.0], 0.5: [39.0], 1.0: [44.0]})))
    assert found.startswith("An effect of real_ratio would be shown")
    assert "if runs differ by the prior sd of 0.63): rises" in found


def test_one_share_tells_nothing() -> None:
    found = words(curve_of(setting_of({1.0: [44.0, 44.2]})))
    assert (
        found
        == "Fewer than two shares of real images have a value here: no effect of real_ratio can be told."
    )


def test_two_shares_tell_a_trend_at_most() -> None:
    found = words(curve_of(setting_of({0.0: [40.0, 40.1, 40.2], 1.0: [44.0, 44.2, 44.1]})))
    assert "rises with the share of real images, +4.0 points from 0 to 1" in found


def test_noise_is_not_given_a_shape() -> None:
    random = np.random.default_rng(8)
    for _ in range(4):
        values = {ratio: [44 + 0.3 * float(e) for e in random.normal(size=3)] for ratio in FIVE}
        assert "optimum" not in words(curve_of(setting_of(values)))


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        (FIVE, ""),
        ([ratio for ratio in FIVE if ratio != FIVE[2]], ""),
        (FIVE[1:], f"At {FIVE[0]:g} no trial came to its end"),
        ((FIVE[0], FIVE[-1]), f"At {FIVE[1]:g}, {FIVE[2]:g} and {FIVE[3]:g} no trial came to its end"),
    ],
    ids=["all", "one inside is not", "an end is not", "most are not"],
)
def test_a_curve_that_rests_on_predictions_says_where(ended: tuple[float, ...], said: str) -> None:
    curve = clear(lambda r: 40 + 3 * r, FIVE)
    measured = np.isin(curve.observations.real_ratio, ended)
    curve = replace(curve, observations=replace(curve.observations, measured=measured))
    assert unmeasured(curve).startswith(said) if said else unmeasured(curve) == ""
