import math

import pytest

from sweep.stopping import Case, Median, Peer
from tests.rungs import RUNGS, candidate_at, case_at, curve_at, peers_at

EAGER = Median(noise_sd=0.0)


@pytest.mark.parametrize(
    ("others", "median"),
    [
        ([30.0], 30.0),
        ([30.0, 40.0], 30.0),  # the lower of the two middle ones
        ([30.0, 40.0, 50.0], 40.0),
        ([50.0, math.nan, 40.0], 40.0),  # NaN is worst
        ([10.0, 20.0, 30.0, 40.0, 50.0], 30.0),
    ],
)
def test_the_cutoff_is_the_median_of_the_others(others: list[float], median: float) -> None:
    assert EAGER.propose(case_at(0.0, *others)).cutoff == median
    assert EAGER.propose(case_at(median, *others)).decision == "continue"
    assert EAGER.propose(case_at(median - 0.01, *others)).decision == "stop"


def test_a_gap_within_noise_goes_on() -> None:
    rule = Median(noise_sd=0.7)
    assert rule.propose(case_at(39.0, 30.0, 40.0, 50.0)).decision == "continue"
    assert rule.propose(case_at(38.0, 30.0, 40.0, 50.0)).decision == "stop"


def test_the_reason_names_the_median() -> None:
    reason = EAGER.propose(case_at(35.0, 30.0, 40.0, 50.0)).reason
    assert reason == (
        "val_miou 35.00 is below the cut-off 40.00 by 5.00, more than noise explains (0.00); "
        "that is the median of 3 other arms"
    )


def test_nobody_to_compare_with_stops_nobody() -> None:
    assert EAGER.propose(case_at(0.0)).decision == "continue"


def later_case(value: float, before: float, arm: str = "own") -> Case:
    """At the second rung, where all others have 40; the candidate had `before` at the first."""
    own = curve_at("candidate", before, value, arm=arm)
    others = [curve_at(f"peer-{number}", 30.0, 40.0) for number in range(3)]
    candidate = candidate_at(value, rung=RUNGS[1], arm=arm)
    return Case(candidate=candidate, peers=peers_at(40.0, 40.0, 40.0), curves=[own, *others], rungs=RUNGS)


def test_the_best_so_far_counts_so_that_a_dip_stops_nobody() -> None:
    assert EAGER.propose(later_case(35.0, before=45.0)).decision == "continue"
    assert EAGER.propose(later_case(35.0, before=39.0)).decision == "stop"


def test_what_has_diverged_does_not_live_on_its_best() -> None:
    assert EAGER.propose(later_case(math.nan, before=45.0)).decision == "stop"
    assert EAGER.propose(later_case(35.0, before=math.nan)).decision == "stop"


def test_seeds_together_are_the_best_of_their_means() -> None:
    case = later_case(35.0, before=45.0)
    sibling = curve_at("sibling", 20.0, 36.0, arm="own")
    with_sibling = Case(
        candidate=case.candidate,
        peers=[*case.peers, Peer(trial_id="sibling", arm="own", seed=1, value=36.0, baseline=False)],
        curves=[*case.curves, sibling],
        rungs=RUNGS,
    )
    assert EAGER.propose(with_sibling).decision == "stop"  # means of 32.5 and 35.5
    assert Median(0.0, seeds_together=False).propose(with_sibling).decision == "continue"
