"""Very large sweeps are thinned evenly, and small ones not at all."""

from __future__ import annotations

import numpy as np
import pytest

from sweep.analysis import analyse
from sweep.analysis.sample import MOST_TRIALS, each_stands_for, sample_words, sampled
from sweep.curves.noise import noise_at
from sweep.curves.prediction import Prediction
from sweep.curves.ratio.merged import merged
from sweep.curves.ratio.observations import Observations, observations_at
from sweep.curves.trials import Setting, TrialCurve
from tests.builders import sweep_state


def setting(finished: int, stopped: int, words: str = "") -> Setting:
    def curve(number: int) -> TrialCurve:
        is_finished = number % (finished + stopped) < finished
        values = {4: 1.0, 12: 2.0} if is_finished else {4: 1.0}
        return TrialCurve(f"t{number}", f"a{number}", number / 1e4, 0, values)

    return Setting(words, (4, 12), tuple(map(curve, range(finished + stopped))), None)


def test_up_to_the_limit_all_are_kept() -> None:
    whole = (setting(200, 100),)
    assert sampled(whole) == whole
    assert sample_words(whole, sampled(whole)) == ""


def test_beyond_it_every_setting_keeps_its_share_evenly() -> None:
    whole = (setting(1500, 500, "large"), setting(100, 400, "small"))
    chosen = sampled(whole)
    assert [len(one.trials) for one in chosen] == [MOST_TRIALS * 4 // 5, MOST_TRIALS // 5]
    for one, before in zip(chosen, whole, strict=True):
        numbers = [before.trials.index(trial) for trial in one.trials]  # real_ratio rises, too
        assert numbers == sorted(numbers)
        assert numbers[0] == 0
        assert max(np.diff(numbers)) < len(before.trials) / 8
        without = [trial for trial in one.trials if 12 not in trial.values]
        assert len(without) == len(one.trials) // 3
    assert sample_words(whole, chosen) == (
        " Predictions are made of and for 300 of 2500 trials, evenly chosen."
    )


def test_all_that_finished_are_kept_where_they_are_few() -> None:
    (chosen,) = sampled((setting(10, 990),))
    assert sum(12 in trial.values for trial in chosen.trials) == 10
    assert len(chosen.trials) == MOST_TRIALS


def test_the_verdict_says_so() -> None:
    state = sweep_state(arms=(1.0, 0.5, 0.0), seeds=tuple(range(110)))
    (fits,) = analyse(state).fits
    assert fits.verdict.endswith(" Predictions are made of and for 300 of 330 trials, evenly chosen.")


def test_a_sample_speaks_for_all_that_were_stopped() -> None:
    """Stopping follows the score: to hear fewer of the stopped would lift the curve of who finished."""
    whole = setting(1500, 500)
    (chosen,) = sampled((whole,))
    assert each_stands_for(whole, chosen) == 5.0
    assert each_stands_for(chosen, chosen) == 1.0
    noise = noise_at(12, 12, {"a": {0: 1.0, 1: 2.0}}, None)
    one = Prediction("t1", 0.5, 2.0, 1.0, 3.0, 4.0, 1.0, "", {})
    alone, many = (observations_at(chosen, noise, {"t1": one}, stands) for stands in (1.0, 5.0))
    own_sd = 4.0**2 - 1.0**2
    assert alone.covariance[-1, -1] == pytest.approx(own_sd + 1.0)
    assert many.covariance[-1, -1] == pytest.approx(own_sd / 5 + 1.0)


def test_the_verdict_says_that_arms_were_merged() -> None:
    state = sweep_state(arms=tuple(n / 119 for n in range(120)), seeds=(0,))
    (fits,) = analyse(state).fits
    assert fits.verdict.endswith(" The values of 120 arms were merged with their neighbours' into 100.")


def observations(count: int) -> Observations:
    rng = np.random.default_rng(0)
    ratios = np.sort(rng.random(count))
    variances = rng.uniform(0.5, 2, count)
    measured = np.ones(count, dtype=bool)
    measured[7] = False
    return Observations(ratios, 3 + 10 * ratios, np.diag(variances), measured)


def test_few_values_are_left_alone() -> None:
    few = observations(100)
    assert merged(few) is few


def test_merged_values_keep_the_line_the_ends_and_the_precision() -> None:
    many = observations(1001)
    few = merged(many, 50)
    assert int(few.measured.sum()) == 50
    assert len(few.value) == 51
    assert few.range == many.range
    assert few.value == pytest.approx(3 + 10 * few.real_ratio)
    before, after = (np.linalg.inv(one.covariance).sum() for one in (many, few))
    assert after == pytest.approx(before)
