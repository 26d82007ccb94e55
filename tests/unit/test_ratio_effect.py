"""Whether real_ratio has an effect: level, power, and what the p-value rests on."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sweep.curves.ratio import Effect, corrected, effect_of, fit_ratio_curve, observations_at
from sweep.curves.ratio import effect as module
from sweep.curves.ratio.effect import _p_value
from tests.settings import FINAL, FIVE, curve_of, noise_of, prediction, setting_of, simulated


def effect_with(p_value: float | None) -> Effect:
    return Effect(p_value=p_value, largest=1.0, rests_on_prior=False)


@pytest.mark.parametrize(("seeds", "ratios"), [(3, FIVE), (2, (0.0, 1.0))])
def test_flat_sweeps_show_no_effect_in_95_of_100(
    seeds: int, ratios: tuple[float, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_NULL_SWEEPS", 199)
    random = np.random.default_rng(2)
    shown = 0
    for _ in range(60):
        setting = simulated(lambda r: 44.0, ratios, seeds, random=random)
        noise = noise_of(setting)
        p_value = _p_value(observations_at(setting, noise), noise)
        assert p_value is not None
        shown += p_value <= 0.05
    assert shown <= 8  # 3 expected; more than 8 has a chance of 0.3 %


def test_of_two_arms_it_is_close_to_students_t_test() -> None:
    """Only close: it is a Monte Carlo test with 1999 draws."""
    none, all_real = [43.0, 43.4, 43.5], [43.9, 44.2, 43.6]
    found = effect_of(curve_of(setting_of({0.0: none, 1.0: all_real}))).p_value
    assert found == pytest.approx(stats.ttest_ind(none, all_real).pvalue, abs=0.015)


def test_a_large_effect_is_shown() -> None:
    effect = effect_of(curve_of(simulated(lambda r: 40 + 4 * r)))
    assert effect.is_shown and effect.p_value == 1 / 2000
    assert 3 < effect.largest < 7 and not effect.rests_on_prior


def test_one_real_ratio_has_no_effect_to_test() -> None:
    effect = effect_of(curve_of(setting_of({1.0: [44.0, 44.5]})))
    assert effect.p_value is None and not effect.is_shown and effect.largest == 0


def test_nearly_equal_ratios_have_no_effect_to_test() -> None:
    assert effect_of(curve_of(setting_of({0.3: [44.0, 44.5], 0.1 + 0.2: [46.0]}))).p_value is None


def test_by_a_prior_an_effect_says_so() -> None:
    effect = effect_of(curve_of(setting_of({0.0: [30.0], 0.5: [43.0], 1.0: [44.0]})))
    assert effect.rests_on_prior and effect.is_suggested and not effect.is_shown


def test_predictions_prove_nothing() -> None:
    setting = simulated(lambda r: 44.0, (0.0, 0.5, 1.0))
    alone = effect_of(curve_of(setting))
    with_prediction = effect_of(curve_of(setting, {"x": prediction("x", 0.25, 10.0, sd=0.7)}))
    assert with_prediction.p_value == alone.p_value


def test_predictions_of_all_else_leave_nothing_to_test() -> None:
    predictions = {"x": prediction("x", 0.25, 40.0, sd=1.0), "y": prediction("y", 0.5, 42.0, sd=1.0)}
    assert effect_of(curve_of(setting_of({1.0: [44.0]}), predictions)).p_value is None


def test_the_p_value_knows_neither_unit_nor_level_of_the_values() -> None:
    setting = simulated(lambda r: 43 + r)
    noise, values = noise_of(setting), setting.values_at(FINAL)
    changed = setting_of({float(arm): [5 * v - 90 for v in own.values()] for arm, own in values.items()})
    larger = dataclasses.replace(noise, sd=5 * noise.sd)
    one = effect_of(fit_ratio_curve(observations_at(setting, noise), noise))
    other = effect_of(fit_ratio_curve(observations_at(changed, larger), larger))
    assert other.p_value == one.p_value
    assert other.largest == pytest.approx(5 * one.largest)


def test_what_is_excluded_is_larger_than_the_truth() -> None:
    random = np.random.default_rng(4)
    largest = [
        effect_of(curve_of(simulated(lambda r: 43 + 1.2 * r, random=random))).largest for _ in range(5)
    ]
    assert min(largest) > 0.8 and np.median(largest) > 1.2


def test_many_curves_are_corrected_as_holm_says() -> None:
    """Holm 1979 on 0.01, 0.04, 0.03 and 0.005: times 3, 1, 2 and 4, never falling."""
    p_values = [0.01, 0.04, None, 0.03, 0.005]
    found = corrected([*(effect_with(p) for p in p_values), None])
    assert found[-1] is None
    assert [one.p_value if one else None for one in found[:-1]] == pytest.approx(
        [0.03, 0.06, None, 0.06, 0.02], nan_ok=False
    )


@given(st.lists(st.none() | st.floats(0, 1), max_size=6))
def test_corrected_p_values_only_grow(p_values: list[float | None]) -> None:
    found = corrected([effect_with(p) for p in p_values])
    for before, after in zip(p_values, found, strict=True):
        assert after is not None and after.largest == 1.0
        if before is None:
            assert after.p_value is None
        else:
            assert after.p_value is not None and before <= after.p_value <= 1


def test_what_is_excluded_is_no_less_than_what_two_arms_may_differ_by() -> None:
    curve = curve_of(setting_of({0.0: [44.0], 0.5: [44.9], 1.0: [44.0]}))
    assert effect_of(curve).largest >= 0.9 + 1.64 * 0.63 * 2**0.5
