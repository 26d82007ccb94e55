"""What the report says of fits: sentences, tables, files, JSON and the picture."""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sweep.analysis import Analysis, analyse, telling_rung
from sweep.curves.crossings import Crossing
from sweep.curves.ratio import Estimate, band
from sweep.importers import state_of_csv
from sweep.ledger import SweepState
from sweep.report import fits_json, fits_text, learning_curves, page, ratio_fit, write_report
from sweep.report.fits import crossing_sentence, fits_sections
from tests.builders import sweep_state

THREE_TRIALS = Path(__file__).parents[2] / "docs/examples/three_trials.csv"
RATIOS = (1.0, 0.5, 0.25, 0.125, 0.0)
RUNGS = (600, 2000, 5000, 10000)
STOPPED = {("real_ratio=0.0", 1): 2000, ("real_ratio=0.125", 0): 5000}
SETTINGS = [1.0, *({"real_ratio": r, "data.strategy": s} for r in (0.5, 0.0) for s in ("night", "day"))]


def curve_of(height: Callable[[float], float], sd: float = 0.5) -> Callable[..., float]:
    """Values that rise with the iteration to the height of their real_ratio, and differ by the seed."""

    def curve(parameters: Mapping[str, Any], seed: int, iteration: int) -> float:
        ratio = parameters["real_ratio"]
        noise = np.random.default_rng([int(1000 * ratio), seed, iteration]).standard_normal()
        return height(ratio) - 8 * ((iteration / 10000) ** -0.4 - 1) + sd * float(noise)

    return curve


def steep_below(ratio: float) -> float:
    return 45 - 8 * max(0.0, 0.25 - ratio) / 0.25


def state_of(**changes: Any) -> SweepState:
    given = {"arms": RATIOS, "seeds": (0, 1, 2), "rungs": RUNGS, "validate_every": None}
    return sweep_state(**{**given, "curve": curve_of(steep_below), **changes})


@pytest.fixture(scope="module")
def state() -> SweepState:
    return state_of(stopped=STOPPED)


@pytest.fixture(scope="module")
def analysis(state: SweepState) -> Analysis:
    return analyse(state)


class TestText:
    def test_verdict_and_noise_come_first(self, analysis: Analysis) -> None:
        paragraphs = fits_text(analysis).split("\n\n")
        assert paragraphs[0] == "fake: val_miou against real_ratio at iteration 10000"
        assert " ".join(paragraphs[1].split()) == analysis.fits[0].verdict
        assert paragraphs[2].startswith("Noise at iteration 10000")

    @pytest.mark.parametrize("width", [80, 120])
    def test_no_line_is_wider_than_the_terminal(self, width: int) -> None:
        settings = analyse(state_of(arms=SETTINGS, stopped={("real_ratio=0.0 strategy=night", 0): 600}))
        for found in (settings, analyse(state_of(arms=[1.0])), analyse(state_of(arms=[]))):
            assert max(map(len, fits_text(found, width).splitlines())) <= width

    def test_every_share_is_answered_whether_it_was_run_or_not(self, analysis: Analysis) -> None:
        lines = fits_text(analysis).splitlines()
        rows = {
            line.split()[0]: line.split() for line in lines if line.endswith(("predicted", "extrapolation"))
        }
        assert set(rows) >= {"0", "0.02", "0.05", "0.1", "0.125", "0.15", "0.2", "0.3", "0.4", "0.5", "1"}
        assert (rows["0.125"][1], rows["0.05"][1], rows["1"][1]) == ("2", "0", "3")
        for row in rows.values():
            pessimistic, expected, optimistic = map(float, row[2:5])
            assert pessimistic < expected < optimistic

    def test_shares_outside_those_that_were_run_are_marked(self) -> None:
        text = fits_text(analyse(state_of(arms=(1.0, 0.5, 0.25))))
        marks = {line.split()[0]: line.split()[-1] for line in text.splitlines() if "predicted" in line[-13:]}
        beyond = {line.split()[0] for line in text.splitlines() if line.endswith("extrapolation")}
        assert beyond == {"0", "0.02", "0.05", "0.1", "0.15", "0.2"}
        assert set(marks) >= {"0.25", "0.3", "0.5", "1"}

    def test_predicted_finals_are_those_of_unfinished_trials_alone(self, analysis: Analysis) -> None:
        text = fits_text(analysis)
        part = text[text.index("Predicted final values") : text.index("Crossings\n")]
        rows = [line.split() for line in part.splitlines() if line.startswith("t0")]
        assert [(row[1], row[2], row[3]) for row in rows] == [
            ("real_ratio=0.125", "0", "5000"),
            ("real_ratio=0.0", "1", "2000"),
        ]
        for row in rows:
            found = analysis.predictions[row[0]]
            assert row[5:] == [f"{found.expected:.1f}", f"{found.lower:.1f}", "to", f"{found.upper:.1f}"]
        assert "Predicted, not measured" in part and "Width of the intervals" in part

    def test_nothing_is_said_of_a_curve_where_one_share_was_run(self) -> None:
        text = fits_text(analyse(state_of(arms=[1.0])))
        assert "Fewer than two shares" in text
        assert "best real_ratio" not in text and "optimistic" not in text

    def test_a_prior_is_named_wherever_it_is_used(self) -> None:
        text = " ".join(fits_text(analyse(state_of_csv(THREE_TRIALS))).split())
        assert "the noise is a prior: sd 0.63" in text
        assert "if runs differ by the prior sd of 0.63" in text
        assert "The probabilities suppose the prior noise" in text
        assert "(imported values)" in text

    def test_several_settings_have_headings_and_verdicts_of_their_own(self) -> None:
        text = fits_text(analyse(state_of(arms=SETTINGS)))
        assert text.index("strategy night: ") < text.index("strategy day: ") < text.index("Noise at")


class TestCrossings:
    place = Estimate(5432, 3912, 7088)

    @staticmethod
    def crossing(probability: float, iteration: Estimate | None = place) -> Crossing:
        return Crossing(
            leader="real_ratio=0.25",
            follower="real_ratio=1.0",
            rung=2050,
            ahead=0.972,
            behind=0.9991,
            probability=probability,
            iteration=iteration,
            rests_on_prediction=False,
        )

    def test_it_is_said_when_who_overtakes_whom(self) -> None:
        assert crossing_sentence(self.crossing(0.93), 10000) == (
            "real_ratio=0.25 is ahead of real_ratio=1.0 at 2050 (P = 0.97) and behind at 10000 (P > 0.99): "
            "overtaken near iteration 5400 (3900 to 7100)."
        )

    def test_below_nine_of_ten_it_is_no_more_than_likely(self) -> None:
        assert " is likely ahead of " in crossing_sentence(self.crossing(0.89), 10000)
        assert " is perhaps ahead of " in crossing_sentence(self.crossing(0.64), 10000)
        assert " is ahead of " in crossing_sentence(self.crossing(0.9), 10000)

    def test_without_a_place_none_is_given(self) -> None:
        assert crossing_sentence(self.crossing(0.93, None), 10000).endswith("at 10000 (P > 0.99).")

    def test_unlikely_ones_are_left_out(self, analysis: Analysis) -> None:
        likely = sum(crossing.probability >= 0.5 for crossing in analysis.fits[0].crossings)
        assert fits_text(analysis).count("overtaken near") == likely < len(analysis.fits[0].crossings)


def test_a_rung_that_does_not_predict_is_warned_of() -> None:
    flat = state_of(curve=curve_of(lambda ratio: 44.0))
    assert "not shown to predict" in " ".join(fits_text(analyse(flat)).split())
    wide = state_of(curve=curve_of(lambda ratio: 30 + 15 * ratio))
    assert "At every rung the order of trials tells something" in fits_text(analyse(wide))


class TestJson:
    def test_it_is_strict_and_says_what_the_analysis_does(self, analysis: Analysis) -> None:
        found = json.loads(json.dumps(fits_json(analysis), allow_nan=False))
        (own,), (fits,) = found["settings"], analysis.fits
        assert [noise["iteration"] for noise in found["noise"]] == list(RUNGS)
        assert own["verdict"] == fits.verdict and fits.effect is not None and fits.curve is not None
        assert own["effect"]["p_value"] == fits.effect.p_value
        assert sum(own["weights"].values()) == pytest.approx(1)
        assert own["curve"]["expected"] == band(fits.curve)[1].tolist()
        assert {one["trial_id"] for one in own["predictions"]} == set(analysis.predictions)
        assert {one["provenance"] for one in [*own["predictions"], *own["values"]]} == {"predicted"}
        assert [one["within"] for one in own["smallest_real_ratio"]] == [0.5, 1.0, 2.0]

    @pytest.mark.parametrize("changes", [{"arms": []}, {"arms": [1.0]}, {"curve": lambda *_: math.nan}])
    def test_what_is_unknown_is_null(self, changes: dict[str, Any]) -> None:
        found = json.loads(json.dumps(fits_json(analyse(state_of(**changes))), allow_nan=False))
        assert [one["best_real_ratio"] for one in found["settings"]] == [None] * len(found["settings"])
        assert all(one["values"] == one["smallest_real_ratio"] == [] for one in found["settings"])


class TestFiles:
    def test_predictions_are_in_a_table_of_their_own(self, tmp_path: Path, state: SweepState) -> None:
        write_report(state, tmp_path)
        predicted = pd.read_csv(tmp_path / "predictions.csv")
        assert set(predicted["provenance"]) == {"predicted"}
        assert list(predicted["trial_id"]) == ["t009", "t013"]
        assert list(predicted["last_value"]) == [
            state.trials["t009"].reports[5000].metrics["val_miou"],
            state.trials["t013"].reports[2000].metrics["val_miou"],
        ]
        for measured in ("fair_comparison", "trials", "reports"):
            table = pd.read_csv(tmp_path / f"{measured}.csv")
            assert set(table["provenance"]) == {"measured"}
            assert not set(predicted["expected"]) & set(table.select_dtypes("number").to_numpy().ravel())

    def test_the_curve_is_a_table(self, tmp_path: Path, analysis: Analysis, state: SweepState) -> None:
        write_report(state, tmp_path)
        table, curve = pd.read_parquet(tmp_path / "ratio_curve.parquet"), analysis.fits[0].curve
        assert curve is not None
        assert list(table["real_ratio"]) == curve.grid.tolist()
        assert list(table["upper"]) == band(curve)[2].tolist()
        assert set(table["iteration"]) == {10000} and not table["extrapolated"].any()

    def test_the_page_begins_with_the_verdict_and_keeps_predictions_apart(self, state: SweepState) -> None:
        text, (fits,) = page(state), analyse(state).fits
        assert fits.verdict in text[: text.index("## Fair comparison")]
        expected = f"| {fits.predictions['t013'].expected:.1f} |"
        measured = text[text.index("## Fair comparison") : text.index("## The curve over real_ratio")]
        assert expected not in measured
        assert expected in text[text.index("## Predicted final values") : text.index("## Crossings")]

    def test_sections_come_in_order(self, analysis: Analysis) -> None:
        assert [section.title for section in fits_sections(analysis)] == [
            "The curve over real_ratio at iteration 10000",
            "Predicted final values at iteration 10000",
            "Crossings",
            "Do rungs predict the end?",
        ]


def test_the_curve_is_told_at_the_last_rung_where_two_shares_have_values() -> None:
    every = {(f"real_ratio={ratio}", seed): 5200 for ratio in RATIOS for seed in (0, 1, 2)}
    assert telling_rung(state_of(running=every, outcome=None)) == 5000
    one_ended = {key: end for key, end in every.items() if key != ("real_ratio=1.0", 0)}
    assert telling_rung(state_of(running=one_ended, outcome=None)) == 5000
    assert telling_rung(state_of()) == telling_rung(state_of(arms=[])) == 10000


def drawn_fit(state: SweepState) -> Figure:
    return ratio_fit(analyse(state), state)


class TestFigure:
    @staticmethod
    def drawn(axis: Axes) -> dict[str, Any]:
        bars = {str(bar.get_label()): bar for bar in axis.containers}
        return {str(line.get_label()): line for line in axis.lines} | bars

    def test_curve_measured_and_predicted_values_are_those_of_the_analysis(
        self, state: SweepState, analysis: Analysis
    ) -> None:
        (axis,) = ratio_fit(analysis, state).axes
        drawn, (fits,) = self.drawn(axis), analysis.fits
        assert fits.curve is not None
        assert drawn["curve"].get_ydata().tolist() == band(fits.curve)[1].tolist()
        for arm, values in fits.setting.values_at(10000).items():
            assert drawn[f"mean {arm}"].get_xydata().tolist() == [
                [fits.setting.real_ratio_of(arm), pytest.approx(np.mean(list(values.values())))]
            ]
        for trial_id, found in fits.predictions.items():
            marker, _, (stem,) = drawn[f"predicted {trial_id}"].lines
            assert marker.get_markerfacecolor() == "white" and marker.get_ydata()[0] == found.expected
            assert sorted(stem.get_segments()[0][:, 1]) == pytest.approx([found.lower, found.upper])

    def test_trials_that_were_stopped_are_crossed_where_their_end_is_predicted(
        self, state: SweepState, analysis: Analysis
    ) -> None:
        drawn = self.drawn(ratio_fit(analysis, state).axes[0])
        crossed = {name.removeprefix("stopped ") for name in drawn if name.startswith("stopped ")}
        assert crossed == {one.trial_id for one in state.trials.values() if one.status == "stopped"} != set()
        for trial_id in crossed:
            assert drawn[f"stopped {trial_id}"].get_marker() == "x"
            assert drawn[f"stopped {trial_id}"].get_ydata() == [analysis.predictions[trial_id].expected]

    def test_imported_points_are_hollow_squares_and_predicted_ones_diamonds(self) -> None:
        imported = state_of_csv(THREE_TRIALS)
        found = analyse(imported)
        drawn = self.drawn(ratio_fit(found, imported).axes[0])
        means = [line for name, line in drawn.items() if name.startswith("mean ")]
        assert len(means) > 1
        assert {(mean.get_marker(), mean.get_markerfacecolor()) for mean in means} == {("s", "white")}
        predicted = [drawn[f"predicted {trial_id}"].lines[0] for trial_id in found.predictions]
        assert [one.get_marker() for one in predicted] == ["D"] * len(found.predictions) != []

    def test_what_lies_beyond_the_values_is_hatched(self, state: SweepState) -> None:
        def hatched(of: SweepState) -> list[str]:
            (axis,) = ratio_fit(analyse(of), of).axes
            return [area.get_hatch() for area in axis.collections if area.get_label() == "band beyond"]

        assert hatched(state) == []
        assert hatched(state_of(arms=(1.0, 0.5, 0.25))) == ["////"]

    def test_up_to_three_settings_share_a_panel(self) -> None:
        assert len(drawn_fit(state_of(arms=SETTINGS)).axes) == 1
        arms = [{"real_ratio": r, "lr": lr} for r in (0.0, 1.0) for lr in (0.1, 0.2, 0.3, 0.4)]
        figure = drawn_fit(state_of(arms=arms, baseline={"real_ratio": 1.0}))
        assert [axis.get_title() for axis in figure.axes] == ["lr 0.1", "lr 0.2", "lr 0.3", "lr 0.4"]

    @pytest.mark.parametrize(("arms", "says"), [([], "no trial has a value"), ([1.0], "")])
    def test_without_a_curve_none_is_drawn(self, arms: list[float], says: str) -> None:
        (axis,) = drawn_fit(state_of(arms=arms)).axes
        assert "curve" not in self.drawn(axis)
        assert [text.get_text()[: len(says)] for text in axis.texts] == [says] * bool(says)

    def test_learning_curves_show_predicted_ends_behind_the_last_iteration(
        self, state: SweepState, analysis: Analysis
    ) -> None:
        drawn = self.drawn(learning_curves(state, analysis.predictions).axes[0])
        for trial_id, found in analysis.predictions.items():
            ((x, y),) = drawn[f"predicted {trial_id}"].lines[0].get_xydata()
            assert x > 10000 and y == found.expected
        assert not any(name.startswith("predicted") for name in self.drawn(learning_curves(state).axes[0]))
