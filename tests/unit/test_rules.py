"""What every stopping rule must keep to. A new rule joins by a line in RULES."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.stopping import Asha, Judgement, NoStopping, Rule
from tests.rungs import candidate_at, peers_at

RULES: dict[str, Rule] = {
    "none": NoStopping(),
    "asha": Asha(reduction_factor=3, min_peers=2, noise_sd=0.5),
    "asha_eager": Asha(reduction_factor=4, min_peers=1, noise_sd=0.0),
    "asha_odd_factor": Asha(reduction_factor=2.5, min_peers=3, noise_sd=0.1),
}
MIN_PEERS = {"none": 0, "asha": 2, "asha_eager": 1, "asha_odd_factor": 3}

values = st.integers(0, 400).map(lambda quarters: quarters / 4)  # adding whole numbers to these is exact
values_or_nan = values | st.just(math.nan)
peer_values = st.lists(values_or_nan, max_size=8)


@pytest.fixture(params=RULES, scope="module")
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("safe", ["protected", "baseline", "continued", "is_last_rung"])
@given(value=values_or_nan, others=peer_values)
def test_what_must_not_be_stopped_goes_on(name: str, safe: str, value: float, others: list[float]) -> None:
    judgement = RULES[name].judge(candidate_at(value, **{safe: True}), peers_at(*others))
    assert judgement.decision == "continue"
    assert judgement.cutoff is None


@given(value=values_or_nan, others=peer_values)
def test_too_few_peers_stop_nobody(name: str, value: float, others: list[float]) -> None:
    too_few = others[: max(MIN_PEERS[name] - 1, 0)]
    assert RULES[name].judge(candidate_at(value), peers_at(*too_few)).decision == "continue"


@given(value=values_or_nan, others=peer_values, data=st.data())
def test_the_order_of_the_peers_means_nothing(
    name: str, value: float, others: list[float], data: st.DataObject
) -> None:
    peers = peers_at(*others)
    shuffled = data.draw(st.permutations(peers))
    assert _same(
        RULES[name].judge(candidate_at(value), peers), RULES[name].judge(candidate_at(value), shuffled)
    )


@given(value=values_or_nan, others=peer_values, constant=st.integers(-50, 50))
def test_a_constant_added_to_all_values_changes_no_decision(
    name: str, value: float, others: list[float], constant: int
) -> None:
    before = RULES[name].judge(candidate_at(value), peers_at(*others))
    after = RULES[name].judge(
        candidate_at(value + constant), peers_at(*(other + constant for other in others))
    )
    assert before.decision == after.decision


@given(value=values, others=peer_values)
def test_a_better_value_is_never_worse_off(name: str, value: float, others: list[float]) -> None:
    rule = RULES[name]
    if rule.judge(candidate_at(value), peers_at(*others)).decision == "continue":
        assert rule.judge(candidate_at(value + 0.25), peers_at(*others)).decision == "continue"
    else:
        assert rule.judge(candidate_at(math.nan), peers_at(*others)).decision == "stop"


@given(value=values_or_nan, others=peer_values)
def test_a_judgement_carries_what_it_rests_on(name: str, value: float, others: list[float]) -> None:
    peers = peers_at(*others)
    judgement = RULES[name].judge(candidate_at(value), peers)
    assert judgement.rule and judgement.reason
    assert repr(judgement.value) == repr(value)
    assert judgement.peers == {peer.trial_id: peer.value for peer in peers}
    if judgement.decision == "stop":
        assert judgement.cutoff is not None
        assert not value >= judgement.cutoff


@given(others=st.lists(values, min_size=1, max_size=8))
def test_the_best_is_never_stopped(name: str, others: list[float]) -> None:
    assert RULES[name].judge(candidate_at(max(others)), peers_at(*others)).decision == "continue"


def _same(left: Judgement, right: Judgement) -> bool:
    """Equal, NaN equal to NaN, the peers in any order."""
    numbers = [repr(left.value) == repr(right.value), repr(left.cutoff) == repr(right.cutoff)]
    texts = [getattr(left, key) == getattr(right, key) for key in ("decision", "rule", "reason")]
    return all(numbers + texts) and sorted(map(repr, left.peers.items())) == sorted(
        map(repr, right.peers.items())
    )
