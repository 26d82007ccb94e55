"""The three sentences say what the analysis knows, and no more."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sweep.analysis import analyse
from sweep.curves.ratio import best_real_ratio
from sweep.importers import state_of_csv
from sweep.report.headline import Headline, headlines
from sweep.report.html import html_page
from tests.builders import sweep_state

THREE_TRIALS = Path(__file__).parents[2] / "docs/examples/three_trials.csv"
RATIOS = (1.0, 0.5, 0.25, 0.125, 0.0)


def said(truth: Callable[[float], float], sd: float = 0.3, **changes: object) -> Headline:
    def curve(parameters: object, seed: int, iteration: int) -> float:
        ratio = parameters["real_ratio"]  # type: ignore[index]
        noise = np.random.default_rng([int(1000 * ratio), seed, iteration]).standard_normal()
        return truth(ratio) + sd * float(noise)

    given = {"arms": RATIOS, "seeds": (0, 1, 2), "rungs": (60, 300), "validate_every": None, "curve": curve}
    (found,) = headlines(analyse(sweep_state(**{**given, **changes})))
    return found


def test_an_effect_has_its_p_value_its_best_and_its_price() -> None:
    found = said(lambda ratio: 45 - 8 * max(0.0, 0.25 - ratio) / 0.25)
    assert found.is_shown
    assert found.effect.startswith(
        "An effect of real_ratio on val_miou at iteration 300 is shown (p < 0.001): "
    )
    assert re.fullmatch(r"The best real_ratio is [\d.]+ \(90 % interval [\d.]+ to [\d.]+\)\.", found.best)
    price = re.match(r"Going down from all-real to 0 changes val_miou by -(\d+\.\d) points \(", found.cost)
    assert price and float(price[1]) == pytest.approx(8, abs=0.8)
    smallest = re.search(r"stays within 1 point of all-real down to a real_ratio of ([\d.]+) \(", found.cost)
    assert smallest and 0.125 < float(smallest[1]) <= 0.25


def test_where_nothing_is_shown_no_best_is_named() -> None:
    found = said(lambda _: 44.0)
    assert not found.is_shown
    assert found.effect.startswith("No effect of real_ratio on val_miou at iteration 300 is shown between 0")
    assert " is excluded at 95 %." in found.effect
    assert found.best.startswith("Nor is a best real_ratio shown")
    assert "The best real_ratio is" not in " ".join(found.sentences)


def test_a_prior_shows_nothing_and_is_named() -> None:
    (found,) = headlines(analyse(state_of_csv(THREE_TRIALS), 2050))
    assert not found.is_shown and "prior noise" in found.effect
    assert found.best.startswith("Nor is a best real_ratio shown")


@pytest.mark.parametrize(("sd", "places"), [(0.1, 1), (4.0, 0)])
def test_numbers_have_the_digits_that_the_noise_allows(sd: float, places: int) -> None:
    found = said(lambda ratio: 30 + 20 * ratio, sd=sd)
    numbers = re.search(r"by ([+-][\d.]+) points \(90 % interval ([+-][\d.]+) to ([+-][\d.]+)\)", found.cost)
    assert numbers
    assert {len(one.partition(".")[2]) for one in numbers.groups()} == {places}


def test_a_share_below_all_that_were_run_is_not_named() -> None:
    found = said(lambda _: 44.0, arms=(1.0, 0.5, 0.25))
    assert "0.25 or less" in found.cost and "to 0.25 changes" in found.cost


def test_all_real_that_was_not_run_is_no_yardstick() -> None:
    found = said(lambda ratio: 30 + 20 * ratio, arms=(0.75, 0.5, 0.25))
    assert found.cost.startswith("Going down from 0.75 to 0.25 ") and found.cost.endswith("was not run.")


def test_every_setting_has_its_own_and_one_share_has_none() -> None:
    arms = [{"real_ratio": r, "lr": lr} for r in (0.0, 0.5, 1.0) for lr in (0.1, 0.2)]
    found = headlines(analyse(sweep_state(arms=arms)))
    assert [one.setting for one in found] == ["lr 0.1", "lr 0.2"]
    assert headlines(analyse(sweep_state(arms=[1.0]))) == ()
    assert headlines(analyse(sweep_state(arms=[]))) == ()


def test_the_best_is_that_of_the_curve() -> None:
    state = sweep_state(arms=RATIOS, seeds=(0, 1, 2))
    analysis = analyse(state)
    (found,), curve = headlines(analysis), analysis.fits[0].curve
    assert curve is not None and found.is_shown
    number = float(found.best.split("The best real_ratio is ")[1].split(" ")[0].rstrip(","))
    assert number == pytest.approx(best_real_ratio(curve).expected, abs=0.05)


def test_the_page_says_where_an_end_of_the_curve_was_never_trained_so_far() -> None:
    stopped = {("real_ratio=0.0", seed): 150 for seed in (0, 1)}
    state = sweep_state(arms=(1.0, 0.5, 0.0), seeds=(0, 1), rungs=(60, 150, 300), stopped=stopped)
    analysis = analyse(state)
    (found,) = headlines(analysis)
    assert "At 0 no trial came to its end" in found.cost
    assert found.cost.split(". At 0")[0].startswith("Going down from all-real to 0 ")
    page = " ".join(html_page(state, analysis, []).split())
    verdict = page[page.index("Going down from all-real to 0 ") :]
    assert "At 0 no trial came to its end" in verdict[: verdict.index("</p>")]
