"""Early ranks against final ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sweep.curves.ranks import RankAudit, rank_audits
from sweep.curves.trials import Setting, TrialCurve


def setting_with(early: list[float | None], final: list[float | None]) -> Setting:
    values = [
        {rung: value for rung, value in ((200, one), (1000, other)) if value is not None}
        for one, other in zip(early, final, strict=True)
    ]
    trials = tuple(TrialCurve(f"t{k}", f"t{k}", 0.5, 0, own) for k, own in enumerate(values))
    return Setting("", (200, 1000), trials, None)


def audit(early: list[float | None], final: list[float | None]) -> RankAudit:
    (found,) = rank_audits(setting_with(early, final))
    return found


def test_tau_is_kendalls() -> None:
    early, final = [3.0, 1, 4, 1, 5, 9, 2, 6], [2.0, 7, 1, 8, 2, 8, 1, 8]
    found = audit([*early], [*final])
    assert found.tau == pytest.approx(stats.kendalltau(early, final).statistic)
    assert (found.rung, found.trials) == (200, 8)


def test_interval_is_fiellers() -> None:
    """tau = 0.6 of 8 trials: atanh(0.6) -+ 1.645 sqrt(0.437 / 4)."""
    final = [1.0, 2, 3, 4, 5, 6, 7, 8]
    early = [2.0, 1, 5, 4, 3, 8, 7, 6]
    found = audit([*early], [*final])
    reach = 1.6449 * math.sqrt(0.437 / 4)
    assert found.tau == pytest.approx(0.5)
    assert (found.lower, found.upper) == pytest.approx(
        (math.tanh(math.atanh(0.5) - reach), math.tanh(math.atanh(0.5) + reach)), abs=1e-4
    )
    assert found.predicts == (found.lower > 0)


def test_the_order_of_the_end_predicts_if_trials_are_enough() -> None:
    assert audit([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]).predicts
    few = audit([1, 2, 3, 4], [1, 2, 3, 4])
    assert (few.tau, few.lower, few.upper, few.predicts) == (1, -1, 1, False)


def test_the_opposite_order_does_not() -> None:
    found = audit([1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1])
    assert found.tau == pytest.approx(-1) and found.upper < 0 and not found.predicts


def test_regret_is_what_the_early_leader_lacks() -> None:
    assert audit([30, 36, 31], [44.0, 42.5, 43.0]).regret == 1.5
    assert audit([30, 31, 36], [42.5, 43.0, 44.0]).regret == 0


def test_only_trials_that_ended_count() -> None:
    found = audit([1, 2, 3, 99, None], [1, 2, 3, None, 5])
    assert (found.trials, found.regret) == (3, 0)


@pytest.mark.parametrize(
    ("early", "final"),
    [([1, 2], [1, 2]), ([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [5, 5, 5]), ([], [])],
    ids=["too few", "no early order", "no final order", "nothing"],
)
def test_without_order_there_is_no_audit(early: list[float | None], final: list[float | None]) -> None:
    assert rank_audits(setting_with(early, final)) == ()


def test_the_interval_covers() -> None:
    """Of normal values that correlate by 0.7, Kendall's tau is 2 / pi asin(0.7)."""
    random, tau = np.random.default_rng(0), 2 / math.pi * math.asin(0.7)
    covered = 0
    for _ in range(300):
        early, own = random.normal(size=(2, 12))
        found = audit([*early], [*(0.7 * early + math.sqrt(1 - 0.7**2) * own)])
        covered += found.lower <= tau <= found.upper
    assert 0.86 < covered / 300 < 0.96


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=9), st.randoms())
def test_rank_audits_know_ranks_alone(pairs: list[tuple[int, int]], random) -> None:  # type: ignore[no-untyped-def]
    early, final = [float(one) for one, _ in pairs], [float(other) for _, other in pairs]
    setting = setting_with([*early], [*final])
    for found in rank_audits(setting):
        assert -1 <= found.lower <= found.tau + 1e-9 or abs(found.tau) == pytest.approx(1)
        assert found.lower <= found.upper <= 1 and found.regret >= 0
    turned = pairs[:]
    random.shuffle(turned)
    changed = setting_with([math.exp(one) for one, _ in turned], [2.0 * other - 7 for _, other in turned])
    for one, other in zip(rank_audits(setting), rank_audits(changed), strict=True):
        assert (one.tau, one.lower, one.upper) == pytest.approx((other.tau, other.lower, other.upper))
