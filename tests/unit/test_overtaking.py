"""The chance to overtake the leader, and the model of all curves that it comes from."""

import math
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from sweep.curves.prediction.exchangeable import exchangeable_finals
from sweep.curves.prediction.joint import covariance
from sweep.curves.prediction.observed import Floats, Observed, to_go
from sweep.curves.prediction.table import Table, bundled_table
from sweep.stopping import Curve
from sweep.stopping.overtaking import chances_to_overtake
from tests.rungs import RUNGS, curve_at


def chances(*curves: Curve, seeds_together: bool = True) -> dict[str, float]:
    return chances_to_overtake(curves, RUNGS, seeds_together=seeds_together)


class TestChances:
    def test_far_below_a_finished_leader_there_is_none(self) -> None:
        assert chances(curve_at("leader", 40.0, 45.0, 48.0), curve_at("own", 15.0, 18.0))["own"] < 0.01

    def test_ahead_of_all_it_is_more_likely_than_not(self) -> None:
        others = [curve_at(f"t{number}", 30.0 + number, 33.0 + number) for number in range(4)]
        found = chances(*others, curve_at("own", 38.0, 41.0))
        assert found["own"] > 0.5
        assert max(found[curve.trial_id] for curve in others) < 0.5

    def test_it_falls_with_the_gap(self) -> None:
        leader = curve_at("leader", 40.0, 45.0, 48.0)
        found = [chances(leader, curve_at("own", 40.0 - gap))["own"] for gap in range(0, 12, 2)]
        assert found == sorted(found, reverse=True)
        assert found[0] > 0.2 > found[-1]

    def test_far_behind_is_no_better_than_behind(self) -> None:
        others = [curve_at("leader", 41.0, 45.0, 47.0), curve_at("other", 36.0)]
        found = [chances(curve_at("own", value), *others)["own"] for value in (5.0, 20.0, 30.0)]
        assert found == sorted(found)

    def test_many_rungs_are_told_apart(self) -> None:
        rungs = tuple(range(1, 81))
        curves = [
            Curve(
                trial_id=f"t{reached}",
                arm=f"t{reached}",
                reached=reached,
                values=tuple(30 + 0.1 * rung if rung <= reached else math.nan for rung in rungs),
            )
            for reached in (70, 66)
        ]
        found = chances_to_overtake(curves, rungs)
        assert found["t70"] > 0.5
        assert found["t70"] + found["t66"] == pytest.approx(1.0), "one of two leads in the end"

    def test_who_has_diverged_has_none(self) -> None:
        assert chances(curve_at("leader", 40.0), curve_at("own", 45.0, math.nan))["own"] == 0.0

    def test_where_nothing_was_measured_nothing_is_known(self) -> None:
        assert chances(curve_at("leader", 40.0), curve_at("own")) == {"leader": 1.0, "own": 1.0}
        assert chances(curve_at("own")) == {"own": 1.0}
        assert chances(curve_at("own", math.nan), curve_at("new")) == {"own": 0.0, "new": 1.0}

    def test_trials_that_have_ended_have_no_chance_to_tell(self) -> None:
        stopped = curve_at("stopped", 50.0, open=False)
        assert set(chances(curve_at("leader", 40.0, 45.0, 48.0), stopped, curve_at("own", 39.0))) == {"own"}

    def test_an_arm_is_not_the_better_for_a_seed_that_was_stopped(self) -> None:
        leader, good = curve_at("leader", 40.0, 44.0), curve_at("good", 39.0, arm="own")
        poor = curve_at("poor", 32.0, arm="own")
        stopped = replace(poor, open=False)
        before = chances(leader, good, poor)["good"]
        assert chances(leader, good, stopped) == {"leader": pytest.approx(1 - before), "good": before}
        assert chances(leader, good)["good"] > before

    def test_seeds_of_an_arm_share_their_chance(self) -> None:
        lucky, unlucky = curve_at("lucky", 42.0, arm="own"), curve_at("unlucky", 34.0, arm="own")
        others = [curve_at("a", 39.0), curve_at("b", 36.0)]
        together = chances(lucky, unlucky, *others)
        alone = chances(lucky, unlucky, *others, seeds_together=False)
        assert together["lucky"] == together["unlucky"]
        assert alone["unlucky"] < together["unlucky"] < alone["lucky"]

    @given(
        st.lists(st.lists(st.floats(0, 100) | st.just(math.nan), max_size=len(RUNGS)), min_size=1, max_size=6)
    )
    @settings(max_examples=60, deadline=None)
    def test_they_are_chances_of_all_open_trials_whatever_was_measured(
        self, lists: list[list[float]]
    ) -> None:
        curves = [curve_at(f"t{number}", *values) for number, values in enumerate(lists)]
        found = chances(*curves)
        assert set(found) == {curve.trial_id for curve in curves if curve.open}
        assert all(0 <= chance <= 1 for chance in found.values())

    def test_a_thousand_trials_take_no_time(self) -> None:
        random = np.random.default_rng(0)
        rise = np.array([0.0, 3.0, 5.0])
        curves = [
            curve_at(f"t{number}", *(random.normal(35, 3) + rise + random.normal(0, 0.5, 3))[: number % 4])
            for number in range(1000)
        ]
        begin = time.process_time()
        found = chances(*curves)
        assert time.process_time() - begin < 5.0, "something grows faster than the trials"
        assert len(found) == 750


VALUES_nR = np.array([[30.0, 33.0, 35.5, 36.0], [28.0, 34.0, np.nan, np.nan], [31.0, np.nan, np.nan, np.nan]])
FRACTIONS_R = np.array([0.2, 0.4, 0.7, 1.0])


class TestModel:
    """Against a Gaussian of all values of all trials at all rungs, conditioned by brute force."""

    @pytest.fixture
    def table(self) -> Table:
        """Two kernels that explain these values about as well as each other."""
        first, second = bundled_table().kernels[0], bundled_table().kernels[-1]
        kernels = (replace(first, own=1.0, log_weight=0.3), replace(second, own=1.0, log_weight=-0.2))
        return replace(bundled_table(), kernels=kernels)

    @pytest.mark.parametrize("noise_R", [[0.0] * 4, [0.5, 6.0, 0.1, 2.0]], ids=["none", "of seeds"])
    def test_it_is_the_dense_gaussian_conditioned(self, table: Table, noise_R: Sequence[float]) -> None:
        finals = exchangeable_finals(VALUES_nR, FRACTIONS_R, table, np.array(noise_R))
        dense = [Dense(table, number, np.array(noise_R)) for number in range(2)]
        weights = np.exp([one.log_weight for one in dense])
        assert len(finals.weights) == 2, "both kernels must count, or the test tests less"
        assert finals.weights == pytest.approx(weights / weights.sum(), rel=1e-6)
        for number, one in enumerate(dense):
            assert finals.means[number] == pytest.approx(one.mean_n, abs=1e-6)
            shared_nR = finals.shares[number]
            own_nn = np.diag(finals.own_variances[number])
            covariance_nn = shared_nR @ finals.common[number] @ shared_nR.T + own_nn
            assert covariance_nn[1:, 1:] == pytest.approx(one.covariance_nn[1:, 1:], rel=1e-4)
        expected = sum(weight * one.mean_n for weight, one in zip(finals.weights, dense, strict=True))
        assert finals.expected() == pytest.approx(expected, abs=1e-6)

    def test_a_gap_is_the_difference_of_two_finals(self, table: Table) -> None:
        finals = exchangeable_finals(VALUES_nR, FRACTIONS_R, table, np.zeros(4))
        mean_Kn, variance_Kn = finals.gaps(1)
        for number in range(2):
            one = Dense(table, number, np.zeros(4))
            between = one.covariance_nn[2, 2] + one.covariance_nn[1, 1] - 2 * one.covariance_nn[1, 2]
            assert mean_Kn[number, 2] == pytest.approx(one.mean_n[2] - one.mean_n[1], abs=1e-6)
            assert variance_Kn[number, 2] == pytest.approx(between, rel=1e-4)

    def test_what_is_finished_is_what_it_measured(self, table: Table) -> None:
        finals = exchangeable_finals(VALUES_nR, FRACTIONS_R, table, np.zeros(4))
        assert finals.means[:, 0] == pytest.approx(36.0)
        assert np.all(finals.own_variances[:, 0] == 0) and np.all(finals.shares[:, 0] == 0)


class Dense:
    """One kernel: all 12 values as a Gaussian, and the finals given those that were measured."""

    def __init__(self, table: Table, kernel: int, noise_R: Floats) -> None:
        own = table.kernels[kernel]
        trials, rungs = VALUES_nR.shape
        points = Observed(
            values=VALUES_nR.ravel(),
            trials=np.repeat(np.arange(trials), rungs),
            fractions=np.tile(FRACTIONS_R, trials),
            places=np.linspace(0, 1, trials),
        )
        noise_P = np.tile(np.maximum(own.noise, noise_R), trials)
        covariance_PP = covariance(points, points, own, table.common) + np.diag(noise_P**2)
        mean_P = np.nanmean(VALUES_nR) - table.common.mean * to_go(points.fractions)
        seen, last = np.isfinite(points.values), np.arange(rungs - 1, trials * rungs, rungs)
        gain = np.linalg.solve(covariance_PP[np.ix_(seen, seen)], covariance_PP[np.ix_(seen, last)]).T
        self.mean_n = mean_P[last] + gain @ (points.values - mean_P)[seen]
        self.covariance_nn = covariance_PP[np.ix_(last, last)] - gain @ covariance_PP[np.ix_(seen, last)]
        same_PP = points.trials[:, None] == points.trials  # levels have no say in the choice of kernels
        weighed_PP = covariance_PP + 100.0**2 * same_PP
        density = multivariate_normal(mean_P[seen], weighed_PP[np.ix_(seen, seen)])
        self.log_weight = own.log_weight + float(density.logpdf(points.values[seen]))
