import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweep.curves.prediction import Prediction, predict_finals
from sweep.curves.prediction.calibration import half_width_in_sds
from sweep.curves.prediction.joint import covariance, joint_model
from sweep.curves.prediction.observed import observed, place, to_go
from sweep.curves.prediction.pow3 import pow3_final
from sweep.curves.prediction.table import bundled_table
from sweep.curves.trials import Setting, TrialCurve

RUNGS = (2000, 4000, 6000, 8000, 10000)


def rising(level: float, gain: float, last: int = 5, bumps: tuple[float, ...] = (0, 0, 0, 0, 0)) -> dict:
    """A curve of the recorded shape: `gain` from 20 % of the budget to the end, where it is at `level`."""
    heights = level - gain * to_go(np.array(RUNGS) / RUNGS[-1]) + np.array(bumps)
    return dict(zip(RUNGS[:last], heights.tolist()[:last], strict=True))


def setting(*curves: dict, ratios: list[float] | None = None) -> Setting:
    ratios = ratios or np.linspace(1, 0.1, len(curves)).tolist()
    trials = tuple(
        TrialCurve(f"t{k}", f"arm{k}", ratio, 0, values)
        for k, (ratio, values) in enumerate(zip(ratios, curves, strict=True))
    )
    return Setting("", RUNGS, trials, "arm0")


def widths(predictions: dict[str, Prediction]) -> list[float]:
    return [one.upper - one.lower for one in predictions.values()]


@pytest.mark.parametrize("gain", [-1.0, 0.5, 2.0, 6.0, 11.0])
def test_parallel_curves_end_where_the_finished_ones_gain_says(gain):
    found = predict_finals(
        setting(rising(60, gain), rising(58, gain, last=1), rising(57, gain, last=2), rising(56, gain))
    )
    assert set(found) == {"t1", "t2"}
    assert found["t1"].expected == pytest.approx(58, abs=0.6)
    assert found["t2"].expected == pytest.approx(57, abs=0.4)
    assert all(one.lower < truth < one.upper for one, truth in zip(found.values(), (58, 57), strict=True))


def test_the_trial_of_the_design_is_expected_near_its_finished_peers():
    values = {2050: 33.61, 10000: 44.66}, {2050: 34.45, 10000: 44.02}, {2050: 34.60}
    trials = tuple(
        TrialCurve(arm, arm, float(arm), 0, value)
        for arm, value in zip(("1.0", "0.5", "0.125"), values, strict=True)
    )
    found = predict_finals(Setting("", (2050, 10000), trials, "1.0"))["0.125"]
    assert 42 < found.expected < 45.5
    assert found.lower < 42.5 and found.upper > 43.5
    assert found.real_ratio == 0.125 and found.provenance == "predicted"


def test_only_trials_with_a_measured_rung_and_no_final_are_predicted():
    nan_last = {2000: 50.0, 10000: math.nan}
    found = predict_finals(setting(rising(60, 3), {}, {2000: math.nan}, nan_last, {3000: 40.0}))
    assert set(found) == {"t3"}


def test_the_fields_agree_with_each_other():
    one = predict_finals(setting(rising(60, 3), rising(59, 3, last=3), rising(58, 3, last=1)))["t1"]
    assert (
        one.upper - one.expected == pytest.approx(one.expected - one.lower) == pytest.approx(1.645 * one.sd)
    )
    assert 0 <= one.shared_sd <= one.sd
    assert sum(one.methods.values()) == pytest.approx(1)
    assert set(one.methods) == {"joint model", "pow3"}


def test_less_that_is_known_makes_wider_intervals():
    finished = [rising(60, 3), rising(58, 3.2), rising(57, 2.9)]
    by_points = [predict_finals(setting(*finished, rising(56, 3, last=k)))["t3"].sd for k in (4, 3, 2, 1)]
    assert by_points == sorted(by_points)
    by_peers = [predict_finals(setting(*finished[:k], rising(56, 3, last=1)))[f"t{k}"].sd for k in (3, 1, 0)]
    assert by_peers == sorted(by_peers)


def test_without_any_finished_trial_an_early_interval_is_wide():
    found = predict_finals(setting(*(rising(60 - k, 3, last=1) for k in range(4))))
    assert min(widths(found)) > 5
    assert all(
        one.expected > one_last for one, one_last in zip(found.values(), (57, 56, 55, 54), strict=True)
    )
    assert all(one.shared_sd > 0.5 for one in found.values()), "the gain nobody has seen is common to all"


def test_a_single_trial_alone_is_predicted():
    found = predict_finals(setting(rising(60, 3, last=1)))["t0"]
    assert found.shared_sd == 0 and found.lower < 60 < found.upper
    assert "finished" not in found.calibration


def test_the_finished_trials_of_a_noisy_sweep_widen_its_intervals():
    random = np.random.default_rng(0)

    def sweep_with(sd: float) -> Setting:
        noisy = [rising(60, 3, bumps=tuple(random.normal(0, sd, 5))) for _ in range(12)]
        return setting(*noisy, rising(60, 3, last=1))

    calm, wild = (predict_finals(sweep_with(sd))["t12"] for sd in (0.1, 4.0))
    assert wild.sd > 4 * calm.sd
    assert "12 finished trials" in wild.calibration and "table v1" in wild.calibration


def test_intervals_cover_on_simulated_sweeps():
    random, inside = np.random.default_rng(1), []
    for _ in range(60):
        gain = random.normal(3, 1.5)
        whole = [rising(60 + random.normal(), gain, bumps=tuple(random.normal(0, 0.6, 5))) for _ in range(5)]
        seen = [dict(list(curve.items())[:last]) for curve, last in zip(whole, (5, 1, 2, 3, 5), strict=True)]
        for key, one in predict_finals(setting(*seen)).items():
            inside.append(one.lower <= whole[int(key[1])][RUNGS[-1]] <= one.upper)
    assert 0.84 <= np.mean(inside) <= 0.97


def test_equal_values_give_the_same_value_back():
    flat = dict.fromkeys(RUNGS, 42.0)
    found = predict_finals(setting(flat, {2000: 42.0}, flat, {2000: 42.0, 4000: 42.0}, flat))
    assert [one.expected for one in found.values()] == pytest.approx([42, 42], abs=0.5)
    assert all(0 < width < 8 for width in widths(found))


def test_the_same_setting_gives_the_same_numbers_in_any_order_of_trials():
    given_ = setting(rising(60, 3), rising(58, 3, last=1), rising(57, 3), rising(55, 4, last=3))
    found = predict_finals(given_)
    assert predict_finals(given_) == found
    turned = predict_finals(replace(given_, trials=given_.trials[::-1]))
    for key, one in found.items():
        assert (turned[key].expected, turned[key].sd) == pytest.approx((one.expected, one.sd), rel=1e-6)


def test_a_larger_sweep_takes_less_than_two_seconds():
    import time

    curves = [rising(60 - k / 10, 3, last=5 if k % 3 == 0 else 1 + k % 4) for k in range(30)]
    start = time.process_time()
    assert len(predict_finals(setting(*curves))) == 20
    assert time.process_time() - start < 2


def test_hold_out_by_the_inverse_is_what_a_second_fit_says():
    points = observed(setting(rising(60, 3), rising(58, 2.5), rising(57, 3, last=2), rising(56, 4)))
    table = bundled_table()
    kernels = table.kernels[:1]
    later = points.points_of(1)[2:]
    quick = joint_model(points, kernels, table.common).final_without(later)
    fewer = points.without(later)
    fresh = joint_model(replace(fewer, values=fewer.values), kernels, table.common).finals(np.array([1]))
    assert quick.mean[0] == pytest.approx(fresh.mean[0], abs=0.02)  # the prior's centre is another mean
    assert quick.covariance[0, 0] == pytest.approx(fresh.covariance[0, 0], rel=1e-6)


def test_every_kernel_of_the_table_is_a_covariance():
    points = observed(setting(*(rising(60, 3, last=k) for k in (1, 2, 3, 4, 5))))
    table = bundled_table()
    for kernel in table.kernels:
        assert np.linalg.eigvalsh(covariance(points, points, kernel, table.common)).min() > -1e-8


def test_the_power_law_finds_the_end_of_a_power_law():
    fractions = np.array([0.1, 0.2, 0.4, 0.6])
    assert pow3_final(fractions, 50 - 2 * fractions**-0.7) == pytest.approx(48, abs=0.4)


def test_recorded_widths_give_way_to_own_errors_as_they_come():
    recorded = np.full(20, 1.6)
    found = [half_width_in_sds(recorded, np.full(count, 4.0)) for count in (0, 1, 5, 20, 100)]
    assert found[0] == pytest.approx(1.6)
    assert found == sorted(found) and found[-1] == pytest.approx(4.0)


def test_the_axis_of_real_ratio_runs_from_0_to_1():
    assert place(np.array([0.0, 0.05, 1.0])) == pytest.approx([0, 0.2277, 1], abs=1e-3)


values = st.floats(min_value=-1e300, max_value=1e300) | st.floats(min_value=0, max_value=100)
curve_of_rungs = st.dictionaries(st.sampled_from(RUNGS), values, max_size=5)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.0, 0.05, 0.5, 1.0]), curve_of_rungs), min_size=1, max_size=7))
def test_any_finite_values_give_finite_ordered_intervals(curves):
    given_ = setting(*(curve for _, curve in curves), ratios=[ratio for ratio, _ in curves])
    found = predict_finals(given_)
    wanted = {one.trial_id for one in given_.trials if one.values and RUNGS[-1] not in one.values}
    assert set(found) == wanted
    for one in found.values():
        assert all(map(math.isfinite, (one.expected, one.lower, one.upper, one.sd, one.shared_sd)))
        assert one.lower <= one.expected <= one.upper and 0 <= one.shared_sd <= one.sd
        assert one.provenance == "predicted"
