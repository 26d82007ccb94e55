import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.stopping import Asha, Case, Peer, Proposal
from tests.rungs import candidate_at, case_at

EAGER = Asha(reduction_factor=3, noise_sd=0.0)


def propose(rule: Asha, value: float, *others: float, metric: str = "val_miou") -> Proposal:
    return rule.propose(case_at(value, *others, metric=metric))


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
    rule = Asha(reduction_factor=factor, noise_sd=0.0)
    assert propose(rule, 0.0, *others).cutoff == cutoff
    assert propose(rule, cutoff, *others).decision == "continue"
    assert propose(rule, cutoff - 0.01, *others).decision == "stop"


@given(
    value=st.floats(0, 100),
    others=st.lists(st.floats(0, 100), min_size=1, max_size=12, unique=True),
    factor=st.integers(2, 5),
)
def test_without_noise_it_keeps_what_is_at_the_quantile_of_all_at_the_rung(
    value: float, others: list[float], factor: int
) -> None:
    """The quantile that Li et al.'s "top 1/eta of the rung" is, this trial included."""
    rule = Asha(reduction_factor=factor, noise_sd=0.0)
    everyone = [value, *others]
    if len(set(everyone)) < len(everyone):
        return
    place = sum(other > value for other in others)  # 0 for the best
    kept = place <= (len(everyone) - 1) / factor
    assert (propose(rule, value, *others).decision == "continue") == kept
    if not math.isclose(value, np.quantile(everyone, 1 - 1 / factor)):
        assert kept == (value > np.quantile(everyone, 1 - 1 / factor))


@given(
    value=st.integers(0, 400),
    others=st.lists(st.integers(0, 400), min_size=1, max_size=8),
    constant=st.integers(-50, 50),
)
def test_a_constant_added_to_all_values_changes_no_decision(
    value: int, others: list[int], constant: int
) -> None:
    rule = Asha(reduction_factor=3, noise_sd=0.5)
    before = propose(rule, value / 4, *(other / 4 for other in others))
    after = propose(rule, value / 4 + constant, *(other / 4 + constant for other in others))
    assert before.decision == after.decision


def test_a_gap_within_noise_goes_on_and_says_so() -> None:
    proposal = propose(Asha(reduction_factor=3, noise_sd=0.7), 33.7, 30.0, 34.1)
    assert proposal.decision == "continue"
    assert proposal.cutoff == 34.1
    assert proposal.reason == (
        "val_miou 33.70 is below the cut-off 34.10 by 0.40, within noise (1.63); "
        "the best 1 of 3 arms at this rung go on"
    )


def test_a_gap_beyond_noise_stops_and_says_so() -> None:
    rule = Asha(reduction_factor=3, noise_sd=0.7, seeds_together=False)
    proposal = propose(rule, 31.2, 30.0, 34.1, 36.0, 25.0, 20.0)
    assert proposal.decision == "stop"
    assert proposal.reason == (
        "val_miou 31.20 is below the cut-off 34.10 by 2.90, more than noise explains (1.63); "
        "the best 2 of 6 trials at this rung go on"
    )


def test_the_reason_names_the_metric_that_is_judged() -> None:
    assert propose(EAGER, 10.0, 20.0, 30.0, metric="val_aacc").reason.startswith("val_aacc 10.00 is below")


def test_nan_is_stopped_with_its_own_reason() -> None:
    proposal = propose(Asha(reduction_factor=3, noise_sd=5.0), math.nan, 30.0, 34.1)
    assert proposal.decision == "stop"
    assert proposal.reason == (
        "val_miou NaN counts as worst; the cut-off is 34.10; the best 1 of 3 arms at this rung go on"
    )


def test_nan_peers_count_as_worst_and_as_peers() -> None:
    proposal = propose(EAGER, 30.0, math.nan, math.nan, 40.0)
    assert math.isnan(proposal.cutoff or 0.0)  # the best 2 of 4, of which only one is a number
    assert proposal.decision == "continue"
    assert propose(EAGER, 30.0, math.nan, 40.0).decision == "stop"


def test_where_all_are_nan_nobody_is_stopped() -> None:
    assert propose(EAGER, math.nan, math.nan, math.nan, math.nan).decision == "continue"


def test_a_factor_so_small_that_all_go_on_stops_nobody() -> None:
    proposal = propose(Asha(reduction_factor=1.1, noise_sd=0.0), 0.0, 50.0)
    assert (proposal.decision, proposal.cutoff) == ("continue", None)
    assert "all of them" in proposal.reason


def seeds(arm: str, *values: float) -> list[Peer]:
    return [
        Peer(trial_id=f"{arm}-{seed}", arm=arm, seed=seed, value=value, baseline=False)
        for seed, value in enumerate(values)
    ]


def test_seeds_of_an_arm_are_one_contestant_by_their_mean() -> None:
    peers = [*seeds("own", 42.0, 43.0), *seeds("a", 30.0, 50.0), *seeds("b", 39.0)]
    candidate = candidate_at(35.0, arm="own", seed=2)
    together = EAGER.propose(Case(candidate=candidate, peers=peers))
    assert (together.decision, together.cutoff) == ("continue", 40.0)
    assert together.reason.startswith("val_miou 40.00 (mean of 3 seeds) is not below the cut-off 40.00")
    alone = Asha(3, 0.0, seeds_together=False).propose(Case(candidate=candidate, peers=peers))
    assert (alone.decision, alone.cutoff) == ("stop", 43.0)


def test_a_mean_over_more_seeds_has_less_noise() -> None:
    rule = Asha(reduction_factor=3, noise_sd=1.0)
    others = [*seeds("a", 42.0), *seeds("b", 30.0)]
    behind = candidate_at(40.0, arm="own", seed=2)
    assert rule.propose(Case(candidate=behind, peers=others)).decision == "continue"  # 2 of 2.33 points
    more = [*seeds("own", 40.0, 40.0), *seeds("a", 42.0, 42.0, 42.0), *seeds("b", 30.0)]
    assert rule.propose(Case(candidate=behind, peers=more)).decision == "stop"


def test_a_seed_that_diverged_leaves_the_mean_to_the_others() -> None:
    peers = [*seeds("own", math.nan), *seeds("a", 30.0, math.nan), *seeds("b", math.nan)]
    proposal = EAGER.propose(Case(candidate=candidate_at(35.0, arm="own", seed=2), peers=peers))
    assert (proposal.decision, proposal.cutoff) == ("continue", 30.0)
