"""What gap between two arms seeds alone explain."""

import math

import numpy as np
import pytest

from sweep.stopping import Case, Peer
from sweep.stopping.contestants import Contestant
from sweep.stopping.gap import margin_between, noise_at, noise_margin
from tests.rungs import candidate_at, case_at


def with_seeds(arms: dict[str, list[float]], value: float = 40.0) -> Case:
    """The candidate is alone in its arm."""
    peers = [
        Peer(trial_id=f"{arm}{seed}", arm=arm, seed=seed, value=one, baseline=False)
        for arm, values in arms.items()
        for seed, one in enumerate(values)
    ]
    return Case(candidate=candidate_at(value), peers=peers)


def test_the_margin_is_the_95_percent_quantile_of_a_difference_of_two_runs() -> None:
    assert noise_margin(0.63) == pytest.approx(1.4656, abs=1e-4)
    differences = np.diff(np.random.default_rng(0).normal(0, 0.63, size=(200_000, 2)))[:, 0]
    assert np.mean(differences > noise_margin(0.63)) == pytest.approx(0.05, abs=0.002)


def test_the_margin_of_means_is_that_of_a_difference_of_means() -> None:
    random = np.random.default_rng(0)
    differences = random.normal(size=(100_000, 4)).mean(axis=1) - random.normal(size=(100_000, 2)).mean(
        axis=1
    )
    assert np.mean(differences > noise_margin(1.0, 4, 2)) == pytest.approx(0.05, abs=0.003)


def test_without_repeated_seeds_the_noise_is_what_is_supposed() -> None:
    assert noise_at(case_at(40.0, 30.0, 50.0, math.nan), 0.7) == pytest.approx(0.7)


@pytest.mark.parametrize(("true", "supposed"), [(3.0, 0.7), (0.1, 2.0)])
def test_many_seeds_outweigh_what_is_supposed(true: float, supposed: float) -> None:
    random = np.random.default_rng(1)
    arms = {f"a{number}": (30 + number + random.normal(0, true, 5)).tolist() for number in range(12)}
    found = noise_at(with_seeds(arms), supposed)
    assert abs(found - true) < abs(found - supposed)
    few = noise_at(with_seeds(dict(list(arms.items())[:1])), supposed)
    assert min(true, supposed) < few < max(true, supposed)


def test_differences_between_arms_are_no_noise() -> None:
    alike = with_seeds({"a": [30.0, 30.0], "b": [50.0, 50.0]})
    assert noise_at(alike, 0.7) < 0.7


def test_a_seed_that_diverged_says_nothing_of_the_noise() -> None:
    finite = {"a": [30.0, 31.0], "b": [50.0, 50.4]}
    with_nan = {**finite, "c": [math.nan, 40.0], "d": [math.nan, math.nan]}
    assert noise_at(with_seeds(with_nan), 0.7) == noise_at(with_seeds(finite), 0.7)


def test_a_supposed_noise_of_0_trusts_every_difference() -> None:
    noisy = with_seeds({"a": [30.0, 40.0]})
    assert margin_between(noisy, Contestant(1.0, 1), Contestant(2.0, 1), 0.0) == 0.0
    assert margin_between(noisy, Contestant(1.0, 1), Contestant(2.0, 1), 0.1) > 0.1
