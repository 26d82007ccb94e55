import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sweep.analysis.settings import arms_by_setting
from sweep.importers import state_of_csv
from sweep.ledger import SweepState
from sweep.report import fair_table, learning_curves, ratio_curves
from sweep.report.drawing import figure_bytes, sequential_colours
from sweep.results import report_table
from tests.builders import plain_curve, sweep_state

RATIOS = (1.0, 0.5, 0.125)
THREE_TRIALS = Path(__file__).parents[2] / "docs/examples/three_trials.csv"
SETTINGS = [1.0, *({"real_ratio": r, "data.strategy": s} for r in (0.5, 0.0) for s in ("night", "day"))]


@pytest.fixture
def state() -> SweepState:
    return sweep_state(arms=RATIOS, stopped={("real_ratio=0.125", 1): 60}, failed={("real_ratio=0.5", 0): 95})


def lines(axis: Axes) -> dict[str, Line2D]:
    return {str(line.get_label()): line for line in axis.lines}


def points(line: Line2D) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)]  # type: ignore[arg-type]


class TestLearningCurves:
    def test_every_trial_is_drawn_with_the_values_of_the_table(self, state: SweepState) -> None:
        drawn = lines(learning_curves(state).axes[0])
        for trial_id, rows in report_table(state).groupby("trial_id"):
            assert points(drawn[str(trial_id)]) == list(zip(rows["iteration"], rows["val_miou"], strict=True))

    def test_a_mean_is_drawn_only_where_all_seeds_of_the_arm_are(self, state: SweepState) -> None:
        drawn = lines(learning_curves(state).axes[0])
        whole = points(drawn["mean real_ratio=1.0"])
        assert [iteration for iteration, _ in whole] == list(range(30, 301, 30))
        for iteration, value in whole:
            seeds = [plain_curve({"real_ratio": 1.0}, seed, iteration) for seed in (0, 1)]
            assert value == pytest.approx(np.mean(seeds))
        assert [iteration for iteration, _ in points(drawn["mean real_ratio=0.125"])] == [30, 60]
        assert [iteration for iteration, _ in points(drawn["mean real_ratio=0.5"])] == [30, 60, 90]

    def test_stopped_and_failed_trials_end_in_their_markers(self, state: SweepState) -> None:
        drawn = lines(learning_curves(state).axes[0])
        assert points(drawn["end t005"]) == points(drawn["t005"])[-1:]
        assert drawn["end t005"].get_marker() == "x"
        assert drawn["end t002"].get_marker() == "P"
        assert "end t000" not in drawn

    def test_paused_trials_end_in_their_marker(self) -> None:
        state = sweep_state(arms=RATIOS, paused={("real_ratio=0.125", 1): 60}, outcome=None)
        figure = learning_curves(state)
        name = next(one.trial_id for one in state.trials.values() if one.status == "paused")
        assert lines(figure.axes[0])[f"end {name}"].get_marker() == ">"
        assert "paused" in [text.get_text() for text in figure.legends[0].get_texts()]

    def test_imported_trials_are_hollow_squares(self) -> None:
        imported = state_of_csv(THREE_TRIALS)
        figure = learning_curves(imported)
        drawn = lines(figure.axes[0])
        for trial_id in imported.trials:
            assert (drawn[trial_id].get_marker(), drawn[trial_id].get_markerfacecolor()) == ("s", "white")
        assert "imported" in [text.get_text() for text in figure.legends[0].get_texts()]

    def test_rungs_are_vertical_lines(self, state: SweepState) -> None:
        drawn = lines(learning_curves(state).axes[0])
        assert [drawn[f"rung {rung}"].get_xdata()[0] for rung in (60, 150, 300)] == [60, 150, 300]  # type: ignore[index]

    def test_the_legend_names_ratios_and_only_the_marks_that_are_there(self, state: SweepState) -> None:
        def entries(of: SweepState) -> list[str]:
            return [text.get_text() for text in learning_curves(of).legends[0].get_texts()]

        assert entries(state) == ["1", "0.5", "0.125", "stopped", "failed", "rung"]
        assert entries(sweep_state(arms=RATIOS)) == ["1", "0.5", "0.125", "rung"]
        many = entries(sweep_state(arms=[i / 40 for i in range(41)], seeds=[0], rungs=[60]))
        assert (len(many), many[0], many[-2]) == (13, "1", "0")

    def test_other_parameters_have_panels_of_their_own_and_share_the_baseline(self) -> None:
        figure = learning_curves(sweep_state(arms=SETTINGS))
        assert [axis.get_title() for axis in figure.axes] == ["strategy night", "strategy day"]
        for axis in figure.axes:
            assert "mean real_ratio=1.0" in lines(axis)
        assert "mean real_ratio=0.5 strategy=day" not in lines(figure.axes[0])


class TestRatioCurves:
    def test_means_and_bars_are_those_of_the_table_of_their_rung(self, state: SweepState) -> None:
        figure = ratio_curves(state)
        assert [axis.get_title() for axis in figure.axes] == [
            "iteration 60",
            "iteration 150",
            "iteration 300",
        ]
        for axis, rung in zip(figure.axes, (60, 150, 300), strict=True):
            bars = {container.get_label(): container for container in axis.containers}
            rows = fair_table(state, rung).rows
            assert set(bars) == {f"mean {row.arm}" for row in rows}
            for row in rows:
                marker, _, stems = bars[f"mean {row.arm}"].lines  # type: ignore[attr-defined]
                assert points(marker) == [(row.parameters["real_ratio"], row.judged.mean)]
                if row.difference:
                    (stem,) = stems[0].get_segments()
                    low, high = sorted(stem[:, 1])
                    assert high - low == pytest.approx(2 * row.difference.simultaneous_margin)

    def test_single_trials_are_drawn_beside_their_mean(self, state: SweepState) -> None:
        drawn = lines(ratio_curves(state).axes[0])
        row = fair_table(state, 60).rows[0]
        assert [value for _, value in points(drawn["trials real_ratio=1.0"])] == list(row.values.values())

    def test_imported_trials_are_hollow_squares_beside_their_mean(self) -> None:
        imported = state_of_csv(THREE_TRIALS)
        drawn = lines(ratio_curves(imported).axes[0])
        theirs = {name: line for name, line in drawn.items() if name.startswith("imported ")}
        assert set(theirs) == {f"imported {trial.arm}" for trial in imported.trials.values()}
        for line in theirs.values():
            assert (line.get_marker(), line.get_markerfacecolor()) == ("s", "white")

    def test_arms_without_all_their_seeds_are_hollow_and_off_the_line(self, state: SweepState) -> None:
        axis = ratio_curves(state).axes[2]
        faces = {
            str(c.get_label()): c.lines[0].get_markerfacecolor()  # type: ignore[attr-defined]
            for c in axis.containers
        }
        assert faces["mean real_ratio=0.5"] == faces["mean real_ratio=0.125"] == "white"
        assert faces["mean real_ratio=1.0"] != "white"
        on_the_line = [ratio for ratio, value in points(lines(axis)["means"]) if not math.isnan(value)]
        assert on_the_line == [1.0]

    def test_the_line_joins_the_means_in_the_order_of_the_ratio(self) -> None:
        state = sweep_state(arms=(0.5, 0.0, 1.0))
        rows = {row.parameters["real_ratio"]: row.judged.mean for row in fair_table(state, 300).rows}
        drawn = lines(ratio_curves(state).axes[2])
        assert points(drawn["means"]) == [(ratio, rows[ratio]) for ratio in (0.0, 0.5, 1.0)]
        assert set(drawn["baseline"].get_ydata()) == {rows[1.0]}  # type: ignore[arg-type]

    def test_settings_that_are_too_many_are_not_joined_by_a_line(self) -> None:
        arms = [{"real_ratio": i / 10, "training.optimizer.lr": 0.001 * (i + 1)} for i in range(11)]
        axis = ratio_curves(sweep_state(arms=arms, seeds=[0])).axes[0]
        assert "means" not in lines(axis)
        assert len(axis.containers) == 11

    def test_the_legend_names_the_settings(self) -> None:
        texts = [text.get_text() for text in ratio_curves(sweep_state(arms=SETTINGS)).legends[0].get_texts()]
        assert texts[:2] == ["strategy night", "strategy day"]


def test_a_state_without_reports_says_so_in_every_panel() -> None:
    state = sweep_state(arms=[])
    for figure in (learning_curves(state), ratio_curves(state)):
        for axis in figure.axes:
            assert [text.get_text()[:8] for text in axis.texts] == ["no trial"]


@pytest.mark.parametrize(("kind", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_figures_become_the_same_file_every_time(state: SweepState, kind: str, start: bytes) -> None:
    content = figure_bytes(learning_curves(state), kind)
    assert content.startswith(start) and len(content) > 10_000
    assert content == figure_bytes(learning_curves(state), kind)


def test_colours_go_from_dark_to_light_with_the_ratio() -> None:
    colours = sequential_colours([1.0, 0.0, 0.05, 0.5])
    lightness = [np.dot(colours[ratio][:3], (0.2126, 0.7152, 0.0722)) for ratio in (0.0, 0.05, 0.5, 1.0)]
    assert all(np.diff(lightness) > 0.1)


class TestSettings:
    def test_one_parameter_is_one_nameless_setting(self) -> None:
        (setting,) = arms_by_setting(sweep_state(arms=RATIOS))
        assert (setting.words, len(setting.arms), setting.is_one_curve) == ("", 3, True)

    def test_a_baseline_without_the_parameter_is_in_every_setting(self) -> None:
        found: list[Any] = [(s.words, len(s.arms)) for s in arms_by_setting(sweep_state(arms=SETTINGS))]
        assert found == [("strategy night", 3), ("strategy day", 3)]
