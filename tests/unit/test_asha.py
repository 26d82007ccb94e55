import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.stopping import Asha, Judgement
from sweep.stopping.asha import noise_margin
from tests.rungs import candidate_at, peers_at

EAGER = Asha(reduction_factor=3, min_peers=1, noise_sd=0.0)


def judge(
    rule: Asha, value: float, *others: float, baseline: bool = False, metric: str = "val_miou"
) -> Judgement:
    return rule.judge(candidate_at(value, baseline=baseline, metric=metric), peers_at(*others))


@pytest.mark.parametrize(
    ("factor", "others", "cutoff"),
    [
        (3, [30.0, 40.0], 40.0),  # best 1 of 3
        (3, [30.0, 40.0, 50.0], 40.0),  # best 2 of 4
        (3, [30.0, 40.0, 50.0, 60.0, 70.0], 60.0),  # best 2 of 6
        (3, [30.0, 40.0, 50.0, 60.0, 70.0, 80.0], 60.0),  # best 3 of 7
        (2, [30.0], 30.0),  # best 1 of 2
        (4, [10.0, 30.0, 31.0, 32.0, 33.0], 32.0),  # best 2 of 6
        (1.2, [1.0, 2.0, 3.0, 4.0, 5.0], 1.0),  # best 5 of 6, though 6 / 1.2 exceeds 5 in floating point
    ],
)
def test_the_cutoff_is_the_value_of_the_kth_best_peer(
    factor: float, others: list[float], cutoff: float
) -> None:
    rule = Asha(reduction_factor=factor, min_peers=1, noise_sd=0.0)
    assert judge(rule, 0.0, *others).cutoff == cutoff
    assert judge(rule, cutoff, *others).decision == "continue"
    assert judge(rule, cutoff - 0.01, *others).decision == "stop"


@given(
    value=st.floats(0, 100),
    others=st.lists(st.floats(0, 100), min_size=1, max_size=12, unique=True),
    factor=st.integers(2, 5),
)
def test_without_noise_it_keeps_what_is_at_the_quantile_of_all_at_the_rung(
    value: float, others: list[float], factor: int
) -> None:
    """The quantile that Li et al.'s "top 1/eta of the rung" is, this trial included."""
    rule = Asha(reduction_factor=factor, min_peers=1, noise_sd=0.0)
    everyone = [value, *others]
    if len(set(everyone)) < len(everyone):
        return
    place = sum(other > value for other in others)  # 0 for the best
    kept = place <= (len(everyone) - 1) / factor
    assert (judge(rule, value, *others).decision == "continue") == kept
    if not math.isclose(value, np.quantile(everyone, 1 - 1 / factor)):
        assert kept == (value > np.quantile(everyone, 1 - 1 / factor))


def test_the_noise_margin_is_the_95_percent_quantile_of_a_difference_of_two_runs() -> None:
    assert noise_margin(0.63) == pytest.approx(1.4656, abs=1e-4)
    differences = np.diff(np.random.default_rng(0).normal(0, 0.63, size=(200_000, 2)))[:, 0]
    assert np.mean(differences > noise_margin(0.63)) == pytest.approx(0.05, abs=0.002)


def test_a_gap_within_noise_goes_on_and_says_so() -> None:
    rule = Asha(reduction_factor=3, min_peers=2, noise_sd=0.7)
    judgement = judge(rule, 33.7, 30.0, 34.1)
    assert judgement.decision == "continue"
    assert judgement.cutoff == 34.1
    assert judgement.reason == (
        "val_miou 33.70 is below the cut-off 34.10 by 0.40, within noise (1.63); "
        "the best 1 of 3 trials at this rung go on"
    )


def test_a_gap_beyond_noise_stops_and_says_so() -> None:
    rule = Asha(reduction_factor=3, min_peers=2, noise_sd=0.7)
    judgement = judge(rule, 31.2, 30.0, 34.1, 36.0, 25.0, 20.0)
    assert judgement.decision == "stop"
    assert judgement.reason == (
        "val_miou 31.20 is below the cut-off 34.10 by 2.90, more than noise explains (1.63); "
        "the best 2 of 6 trials at this rung go on"
    )


def test_the_reason_names_the_metric_that_is_judged() -> None:
    assert judge(EAGER, 10.0, 20.0, 30.0, metric="val_aacc").reason.startswith("val_aacc 10.00 is below")


def test_nan_with_enough_peers_is_stopped_with_its_own_reason() -> None:
    judgement = judge(Asha(reduction_factor=3, min_peers=2, noise_sd=5.0), math.nan, 30.0, 34.1)
    assert judgement.decision == "stop"
    assert judgement.reason == (
        "val_miou is NaN, which counts as worst; the cut-off is 34.10; "
        "the best 1 of 3 trials at this rung go on"
    )


def test_nan_peers_count_as_worst_and_as_peers() -> None:
    judgement = judge(Asha(reduction_factor=3, min_peers=3, noise_sd=0.0), 30.0, math.nan, math.nan, 40.0)
    assert math.isnan(judgement.cutoff or 0.0)  # the best 2 of 4, of which only one is a number
    assert judgement.decision == "continue"
    assert judge(EAGER, 30.0, math.nan, 40.0).decision == "stop"


def test_where_all_are_nan_nobody_is_stopped() -> None:
    assert judge(EAGER, math.nan, math.nan, math.nan, math.nan).decision == "continue"


def test_too_few_peers_are_counted_in_the_reason() -> None:
    rule = Asha(reduction_factor=3, min_peers=3, noise_sd=0.0)
    assert judge(rule, 1.0, 50.0).reason == "1 other trial has a value at rung 60, and min_peers is 3"
    assert judge(rule, 1.0, 50.0, 50.0).reason.startswith("2 other trials have a value")
    assert judge(rule, 1.0, 50.0, 50.0, 50.0).decision == "stop"


def test_a_factor_so_small_that_all_go_on_stops_nobody() -> None:
    judgement = judge(Asha(reduction_factor=1.1, min_peers=1, noise_sd=0.0), 0.0, 50.0)
    assert (judgement.decision, judgement.cutoff) == ("continue", None)
    assert "all of them" in judgement.reason


def test_the_table_of_the_design_loses_no_trial_in_any_order_of_arrival() -> None:
    """Ray's ASHA stops the baseline in 4 of these 6 orders."""
    first_rung = {"1.0": 33.61, "0.5": 34.45, "0.125": 34.60}
    rule = Asha(reduction_factor=3, min_peers=2, noise_sd=0.63)
    for order in itertools.permutations(first_rung):
        for i, arm in enumerate(order):
            seen = [first_rung[other] for other in order[:i]]
            assert judge(rule, first_rung[arm], *seen).decision == "continue"
