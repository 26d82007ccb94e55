"""The benchmark of early stopping: peers are driven as their own engines would, and sums are right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sweep.curves.prediction.table import bundled_table
from sweep.curves.trials import Setting, TrialCurve
from sweep.simulation import Decider
from sweep.stopping import NoStopping
from tests.benchmarks import stopping_bounds
from tests.benchmarks import stopping_peers as peers
from tests.benchmarks.families import RUNGS, Family
from tests.benchmarks.stopping_contenders import contenders
from tests.benchmarks.stopping_figure import write_figure
from tests.benchmarks.stopping_ours import our_decider
from tests.benchmarks.stopping_runs import measured, results
from tests.benchmarks.stopping_subjects import Subject
from tests.benchmarks.stopping_tables import against_peers, goal_lines, over_families

CURVES = {"a": (10.0, 20.0, 30.0, 40.0, 50.0), "b": (12.0, 18.0, 22.0, 24.0, 25.0), "c": (5.0,) * 5}
"""The winner is second at the first rung."""


def subject(*orders: tuple[str, ...]) -> Subject:
    trials = tuple(
        TrialCurve(name, name, number / 2, 0, dict(zip(RUNGS, values, strict=True)))
        for number, (name, values) in enumerate(CURVES.items())
    )
    family = Family("town", "labels", Setting("", RUNGS, trials, baseline=None))
    return Subject(family, bundled_table(), 0.5, list(orders))


@pytest.mark.parametrize(
    "decide",
    [
        peers.ray_asha(3, 20),
        peers.ray_median(20, 1),
        peers.optuna_halving(3, 1),
        peers.fixed_gap(2.0),
    ],
)
def test_a_peer_stops_whom_its_own_rule_stops(decide: Callable[[], Decider]) -> None:
    decider = decide()
    for trial_id in CURVES:
        decider.on_start(trial_id)
    assert decider.on_report("b", 0, 12.0) == "continue"  # the first to arrive is not judged
    assert decider.on_report("c", 0, 5.0) == "stop"
    assert decider.on_report("b", 1, 18.0) == "continue"
    assert decider.on_report("a", 0, 12.5) == "continue"


def test_optunas_median_compares_with_those_that_ended() -> None:
    decider = peers.optuna_median(1)()
    for trial_id in CURVES:
        decider.on_start(trial_id)
    for number, value in enumerate(CURVES["a"]):
        assert decider.on_report("a", number, value) == "continue"
    assert decider.on_report("b", 0, CURVES["b"][0]) == "continue"
    assert decider.on_report("c", 0, CURVES["c"][0]) == "stop"


def test_a_ray_rule_is_told_of_ends_as_ray_tells_it() -> None:
    class Scheduler:
        told: list[str] = []  # noqa: RUF012, one scheduler, one list

        def on_trial_add(self, _: object, trial: object) -> None:
            self.told.append("add")

        def on_trial_result(self, _: object, trial: object, result: dict[str, float]) -> str:
            self.told.append(f"result {result['percent']}")
            return "STOP" if result["percent"] == 40 else "CONTINUE"

        def on_trial_complete(self, _: object, trial: object, result: dict[str, float]) -> None:
            self.told.append(f"complete {result['percent']}")

    decider = peers.RayStopper(Scheduler())
    decider.on_start("a")
    assert [decider.on_report("a", number, 1.0) for number in (0, 1)] == ["continue", "stop"]
    assert Scheduler.told == ["add", "result 20", "result 40", "complete 40"]


def test_cost_regret_and_the_curve_of_one_order() -> None:
    one = subject(("b", "a", "c"))
    [result] = results(one, peers.fixed_gap(1.0), one.orders)
    assert result.reached == (1, 5, 1)  # "a" is 2 behind at the first rung
    assert result.regret == 25.0
    assert result.cost == pytest.approx(7 / 15)
    assert one.curve_error((5, 5, 5)) == 0
    assert one.curve_error((1, 5, 1)) > 5


def test_without_stopping_nothing_is_lost_and_all_is_paid() -> None:
    one = subject(("a", "b", "c"), ("c", "b", "a"))
    for result in results(one, our_decider(NoStopping(), one.family), one.orders):
        assert (result.regret, result.cost, result.reached) == (0, 1, (5, 5, 5))


def test_bounds_of_a_family_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping_bounds, "THRESHOLDS", (0.0, 3.0, 100.0))
    oracle, knowing, in_step, _ = stopping_bounds.bound_lines([subject(("a", "b", "c"))], [0.03])
    assert oracle.endswith(f"{7 / 15:.3f}")
    assert knowing.endswith(f"{8 / 15:.3f}")  # "b" is ahead of the winner at the first rung alone
    assert "cost 0.533 at 0.0% (gaps at 20, 40, 60, 80 %: 3, 0, 0, 0 points)" in in_step


def test_tables_and_figure(tmp_path: Path) -> None:
    names = ("fixed gap, 1 points", "fixed gap, 8 points", "none", "promote, delta 0.05")
    chosen = [one for one in contenders() if one.name in names]
    rows = measured(chosen, [subject(("a", "b", "c"), ("b", "a", "c"))])
    table = over_families(rows)
    assert table.loc["fixed gap, 1 points", "lost"] == 0.5  # "a" goes on where it is the first to report
    assert table.loc["none", ["lost", "cost"]].tolist() == [0, 1]
    assert "| fixed gap, 1 points | 0.500 | 50.0 | - |" in against_peers(rows)
    assert len(list(goal_lines(rows))) == 3
    write_figure(rows, tmp_path / "pareto.svg")
    assert "fixed gap" in (tmp_path / "pareto.svg").read_text()
