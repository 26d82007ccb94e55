from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from sweep.ledger.events import Decision
from sweep.simulation import run


class Scripted:
    """Decides by a list of (trial, index of the rung), and writes down what it is told."""

    def __init__(
        self, decisions: Mapping[tuple[str, int], Decision] | None = None, promotes: tuple[str, ...] = ()
    ) -> None:
        self.decisions = decisions or {}
        self.promotes = list(promotes)
        self.told: list[str] = []

    def on_start(self, trial_id: str) -> None:
        self.told.append(f"start {trial_id}")

    def on_report(self, trial_id: str, number: int, value: float) -> Decision:
        self.told.append(f"{trial_id} {number} {value:g}")
        return self.decisions.get((trial_id, number), "continue")

    def on_room(self) -> str | None:
        return self.promotes.pop(0) if self.promotes else None


CURVES = {"a": [1.0, 2.0], "b": [3.0, 4.0], "c": [5.0, 6.0]}


def test_trials_start_in_order_as_workers_become_free():
    decider = Scripted({("a", 0): "stop"})
    outcome = run(CURVES, ["a", "b", "c"], 2, [10, 30], decider)
    assert decider.told == ["start a", "start b", "a 0 1", "start c", "b 0 3", "c 0 5", "b 1 4", "c 1 6"]
    assert outcome.reached == {"a": 1, "b": 2, "c": 2}
    assert (outcome.finished, outcome.stopped, outcome.paused) == (("b", "c"), ("a",), ())
    assert outcome.iterations == 70
    assert outcome.seconds == 40


def test_new_trials_come_before_promoted_ones():
    decider = Scripted({("a", 0): "pause", ("b", 0): "pause"}, promotes=("b",))
    outcome = run(CURVES, ["a", "b", "c"], 1, [10, 30], decider)
    assert decider.told[:5] == ["start a", "a 0 1", "start b", "b 0 3", "start c"]
    assert decider.told[5:] == ["c 0 5", "c 1 6", "start b", "b 1 4"]
    assert outcome.paused == ("a",)
    assert outcome.finished == ("c", "b")


def test_the_last_rung_ends_a_trial_whatever_is_answered():
    outcome = run(CURVES, ["a"], 1, [10, 30], Scripted({("a", 1): "pause"}))
    assert outcome.finished == ("a",)


def test_a_slow_trial_reports_later():
    decider = Scripted()
    outcome = run(CURVES, ["a", "b"], 2, [10, 30], decider, {"a": 4.0, "b": 1.0})
    assert decider.told[2:] == ["b 0 3", "b 1 4", "a 0 1", "a 1 2"]
    assert outcome.seconds == 120


@given(st.permutations("abcdefg"), st.integers(1, 9), st.data())
def test_every_trial_ends_once_and_iterations_add_up(order, workers, data):
    rungs = [2, 5, 9]
    decisions = {
        (name, number): data.draw(st.sampled_from(["continue", "stop", "pause"]))
        for name in order
        for number in range(3)
    }
    curves = {name: [0.0, 0.0, 0.0] for name in order}
    outcome = run(curves, order, workers, rungs, Scripted(decisions))
    assert sorted([*outcome.finished, *outcome.stopped, *outcome.paused]) == sorted(order)
    for name in order:
        reached = next((number for number in (0, 1) if decisions[name, number] != "continue"), 2) + 1
        assert outcome.reached[name] == reached
    assert outcome.iterations == sum(rungs[outcome.reached[name] - 1] for name in order)
    assert outcome.seconds >= outcome.iterations / workers
