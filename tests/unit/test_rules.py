"""What every stopping rule must keep to, seen through the judge. A new rule joins by a line in RULES."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweep.ledger.events import TrialReopened
from sweep.spec import EarlyStoppingConfig
from sweep.stopping import Judge, Judgement
from sweep.stopping.rules import rule_of
from tests.rungs import RUNGS, Curves, board_at, played, state_at

RULES: dict[str, dict[str, object]] = {
    "none": {"name": "none"},
    "asha": {"name": "asha", "min_peers": 2, "noise_sd": 0.5},
    "asha_eager": {"name": "asha", "min_peers": 1, "noise_sd": 0, "reduction_factor": 4},
    "asha_trials": {"name": "asha", "min_peers": 3, "reduction_factor": 2.5, "seeds_together": False},
    "median": {"name": "median", "min_peers": 2, "noise_sd": 0.5},
    "median_trials": {"name": "median", "min_peers": 1, "noise_sd": 0, "seeds_together": False},
    "guarded": {"name": "guarded", "min_peers": 2},
    "guarded_trials": {"name": "guarded", "min_peers": 1, "noise_sd": 0, "seeds_together": False},
    "promote": {"name": "promote"},
    "promote_trials": {"name": "promote", "delta": 0.2, "seeds_together": False},
    "promote_curve": {"name": "promote", "aim": "curve", "spend": 0.5},
}
PAUSING = {"promote", "promote_trials", "promote_curve"}
TOGETHER = sorted(RULES.keys() - {"asha_trials", "median_trials", "guarded_trials", "promote_trials"})

few = settings(max_examples=40, deadline=None)
values = st.integers(0, 400).map(lambda quarters: quarters / 4)
values_or_nan = values | st.just(math.nan)
reached = st.integers(1, len(RUNGS)).flatmap(lambda rungs: st.lists(values, min_size=rungs, max_size=rungs))
sweeps = st.lists(reached, max_size=7).map(
    lambda lists: {f"t{number}": tuple(own) for number, own in enumerate(lists)}
)
"""What other trials have measured so far, at one to all of the rungs."""


def judge_of(name: str, **options: object) -> Judge:
    config = EarlyStoppingConfig.model_validate({**RULES[name], **options})
    return Judge(rule_of(config), min_peers=config.min_peers, patience=config.patience, spare=config.spare)


def judged(judge: Judge, own: tuple[float, ...], others: Curves, **kinds: object) -> Judgement:
    """The decision on a trial at the rung that its values end with."""
    state = state_at({**others, "own": own}, running=["own"])
    return judge.judge(board_at(state, **kinds), "own", RUNGS[len(own) - 1])  # type: ignore[arg-type]


@pytest.fixture(params=RULES, scope="module")
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("kind", ["protected", "baseline"])
@given(value=values_or_nan, others=sweeps)
@few
def test_arms_that_must_not_be_stopped_go_on(name: str, kind: str, value: float, others: Curves) -> None:
    judgement = judged(judge_of(name), (value,), others, **{kind: ["own"]})
    assert (judgement.decision, judgement.proposed, judgement.cutoff) == ("continue", "continue", None)


@given(value=values_or_nan, others=sweeps)
@few
def test_the_last_rung_stops_nobody(name: str, value: float, others: Curves) -> None:
    assert judged(judge_of(name), (50.0, 50.0, value), others).decision == "continue"


@given(value=values_or_nan, others=sweeps)
@few
def test_a_trial_that_was_continued_on_request_is_not_stopped_again(
    name: str, value: float, others: Curves
) -> None:
    state = state_at({**others, "own": (value, value)}, ended=["own"])
    state.apply(TrialReopened(trial_id="own", to_the_end=True))
    assert judge_of(name).judge(board_at(state), "own", RUNGS[1]).decision == "continue"


@pytest.mark.parametrize("name", sorted(RULES.keys() - PAUSING - {"none"}))
@given(value=values_or_nan, others=sweeps)
@few
def test_too_few_peers_stop_nobody(name: str, value: float, others: Curves) -> None:
    judgement = judged(judge_of(name, min_peers=len(others) + 1), (value,), others)
    assert (judgement.decision, judgement.cutoff) == ("continue", None)
    assert judgement.reason.endswith(f"and min_peers is {len(others) + 1}")


@given(value=values_or_nan, others=sweeps, data=st.data())
@few
def test_the_order_of_the_trials_means_nothing(
    name: str, value: float, others: Curves, data: st.DataObject
) -> None:
    shuffled = {key: others[key] for key in data.draw(st.permutations(list(others)))}
    given_order = judged(judge_of(name), (value,), others)
    another = judged(judge_of(name), (value,), shuffled)
    assert (given_order.decision, repr(given_order.cutoff)) == (another.decision, repr(another.cutoff))
    assert given_order.overtakes == pytest.approx(another.overtakes, abs=1e-6)


@given(value=values_or_nan, others=sweeps)
@few
def test_the_same_sweep_is_judged_the_same_twice(name: str, value: float, others: Curves) -> None:
    judge, board = judge_of(name), board_at(state_at({**others, "own": (value,)}))
    first = judge.judge(board, "own", RUNGS[0])
    assert (
        repr(judge.judge(board, "own", RUNGS[0]))
        == repr(first)
        == repr(judged(judge_of(name), (value,), others))
    )


@pytest.mark.parametrize("name", sorted(RULES.keys() - {"none"}))
@given(others=st.lists(values, min_size=5, max_size=8))
@few
def test_nan_is_worst(name: str, others: list[float]) -> None:
    at_rung = {f"t{number}": (value, value) for number, value in enumerate(others)}
    for own in ((math.nan,), (80.0, math.nan)):
        judgement = judged(judge_of(name), own, at_rung)
        assert judgement.decision == ("pause" if name in PAUSING else "stop")
        assert judgement.overtakes in (None, 0.0)


@given(others=sweeps, ahead=values)
@few
def test_the_best_is_never_stopped(name: str, others: Curves, ahead: float) -> None:
    """Ahead of all that anybody has measured anywhere, and of all seeds of its arm."""
    best = max((max(own) for own in others.values()), default=0.0) + ahead
    assert judged(judge_of(name), (best,), others).decision in ("continue", "pause")
    assert judged(judge_of(name), (best, best), others).decision in ("continue", "pause")


@pytest.mark.parametrize("name", sorted(RULES.keys() - PAUSING))
@given(value=values, others=sweeps)
@few
def test_a_better_value_is_never_worse_off(name: str, value: float, others: Curves) -> None:
    judge = judge_of(name)
    if judged(judge, (value,), others).decision == "continue":
        assert judged(judge, (value + 0.25,), others).decision == "continue"


@pytest.mark.parametrize("name", TOGETHER)
@given(unlucky=st.floats(1, 40), others=st.lists(st.floats(30, 40), min_size=3, max_size=5))
@few
def test_the_bad_seed_of_the_best_arm_is_not_stopped(name: str, unlucky: float, others: list[float]) -> None:
    """Its arm leads on average, though this seed is behind everybody."""
    arms = {"own": "best", "lucky": "best"}
    curves = {f"t{number}": (value,) for number, value in enumerate(others)}
    state = state_at({**curves, "lucky": (90.0,), "own": (unlucky,)}, arms=arms)
    assert judge_of(name, min_peers=1).judge(board_at(state), "own", RUNGS[0]).decision != "stop"


@pytest.mark.parametrize("name", TOGETHER)
def test_a_diverged_seed_does_not_end_the_others_of_its_arm(name: str) -> None:
    arms = {"own": "best", "diverged": "best"}
    curves = {"t0": (30.0,), "t1": (31.0,), "t2": (29.0,), "diverged": (math.nan,), "own": (50.0,)}
    board = board_at(state_at(curves, arms=arms))
    assert judge_of(name, min_peers=1).judge(board, "own", RUNGS[0]).decision != "stop"


@given(value=values_or_nan, others=sweeps)
@few
def test_a_judgement_carries_what_it_rests_on(name: str, value: float, others: Curves) -> None:
    judgement = judged(judge_of(name), (value,), others)
    assert judgement.rule == RULES[name]["name"]
    assert judgement.reason
    assert repr(judgement.value) == repr(value)
    assert judgement.peers == {trial_id: own[0] for trial_id, own in others.items()}
    assert judgement.overtakes is None or 0 <= judgement.overtakes <= 1
    if judgement.decision == "stop":
        assert judgement.cutoff is not None
        assert not value >= judgement.cutoff


DESIGN_TABLE = {"1.0": (33.61, 44.66), "0.5": (34.45, 44.02), "0.125": (34.60, 42.5)}
"""Section 1 of the design: rungs 2050 and 10000. Ray's ASHA stops the baseline in 4 of the 6 orders."""


@pytest.mark.parametrize("baseline", [["1.0"], []], ids=["protected", "by its numbers"])
@pytest.mark.parametrize("order", list(itertools.permutations(DESIGN_TABLE)), ids=" ".join)
def test_the_table_of_the_design_keeps_its_baseline_in_any_order_of_arrival(
    name: str, order: tuple[str, ...], baseline: list[str]
) -> None:
    options = {"noise_sd": 0.63, "min_peers": 1, "delta": 0.05}
    curves = {arm: DESIGN_TABLE[arm] for arm in order}
    state = played(judge_of(name, **options), curves, rungs=(2050, 10000), baseline=baseline)
    assert state.trials["1.0"].status == "finished"
