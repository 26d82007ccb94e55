"""The live view: arms, the curve so far, cost and time left."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.ledger import SweepState, replay
from sweep.ledger.events import (
    DriverStarted,
    SweepCreated,
    TrialEnded,
    TrialImported,
    TrialJudged,
    TrialPlanned,
    TrialProgressed,
    TrialReported,
    TrialStarted,
)
from sweep.live.arms import ArmLine, arm_lines
from sweep.live.curve import curve_so_far
from sweep.live.outlook import Outlook, _ever_at_once, outlook
from sweep.live.plot import Mark, plot
from sweep.live.view import outlook_lines
from sweep.spec import Spec, spec_from_dict
from tests.builders import sweep_events, sweep_state
from tests.screens import drawn
from tests.specs import tiny_spec


def line_of(state: SweepState, arm: str) -> ArmLine:
    return next(line for line in arm_lines(state) if line.arm == arm)


class TestArms:
    def test_every_arm_has_a_line_from_the_most_real_images_to_the_fewest(self) -> None:
        state = sweep_state(arms=(0.0, 1.0, 0.25), seeds=(0, 1))
        assert [line.real_ratio for line in arm_lines(state)] == [1.0, 0.25, 0.0]
        assert [line.is_baseline for line in arm_lines(state)] == [True, False, False]

    def test_an_arm_is_held_against_the_baseline_where_both_were_measured(self) -> None:
        """The baseline is behind: the arm's own newest value would be compared with an earlier one."""
        running = {("real_ratio=1.0", 0): 70}
        state = sweep_state(arms=(1.0, 0.5), seeds=(0,), rungs=(60, 120), running=running, outcome=None)
        found = line_of(state, "real_ratio=0.5")
        metric, baseline = "val_miou", state.trials["t000"].reports
        assert found.at == max(baseline) < 120
        own = state.trials["t001"].reports[found.at].metrics[metric]
        assert found.value == own
        assert found.difference == pytest.approx(own - baseline[found.at].metrics[metric])

    def test_only_seeds_that_both_have_are_subtracted(self) -> None:
        stopped = {("real_ratio=1.0", 1): 60}
        state = sweep_state(arms=(1.0, 0.5), seeds=(0, 1), rungs=(60, 120), stopped=stopped)
        found = line_of(state, "real_ratio=0.5")
        values = {name: trial.reports.get(120) for name, trial in state.trials.items()}
        assert values["t001"] is None
        assert values["t000"] is not None
        assert values["t002"] is not None
        expected = values["t002"].metrics["val_miou"] - values["t000"].metrics["val_miou"]
        assert found.difference == pytest.approx(expected)

    def test_the_reason_of_who_is_out(self) -> None:
        state = sweep_state(
            arms=(1.0, 0.5, 0.25),
            seeds=(0,),
            rungs=(60, 120),
            stopped={("real_ratio=0.5", 0): 60},
            failed={("real_ratio=0.25", 0): 90},
        )
        assert " < " in line_of(state, "real_ratio=0.5").why
        assert "img/0007.jpg" in line_of(state, "real_ratio=0.25").why
        assert line_of(state, "real_ratio=1.0").why == ""

    def test_imported_values_that_may_not_be_compared_are_not_averaged_in(self) -> None:
        state = sweep_state(arms=(1.0, 0.5), seeds=(0, 1), rungs=(60, 120))
        before = arm_lines(state)
        for number, own in enumerate(("t000", "t002")):
            name, planned = f"i{number:03d}", state.trials[own].planned
            imported = {
                "source": "old.csv",
                "run": "",
                "line": 1,
                "protocol_id": "other",
                "regime_id": "other",
            }
            state.apply(replace(planned, trial_id=name))
            state.apply(TrialImported(time=1.0, trial_id=name, **imported))
            state.apply(replace(state.trials[own].reports[120], trial_id=name, metrics={"val_miou": 99.0}))
            state.apply(TrialEnded(time=1.0, trial_id=name, outcome="finished", reason="", iteration=120))
        after = arm_lines(state)
        assert [line.value for line in after] == [line.value for line in before]
        assert [line.difference for line in after] == [line.difference for line in before]
        assert [line.statuses for line in after] == [("finished",) * 3] * 2

    def test_before_anything_is_known(self) -> None:
        state = replay(e for e in sweep_events() if isinstance(e, SweepCreated | TrialPlanned))
        assert all((line.at, line.value, line.difference) == (None, None, None) for line in arm_lines(state))


class TestPlot:
    @given(
        st.lists(st.tuples(st.floats(0, 1), st.floats(0, 100)), min_size=1, max_size=30),
        st.integers(30, 120),
        st.integers(3, 12),
    )
    def test_it_keeps_its_size_and_shows_the_last_mark(
        self, points: list[tuple[float, float]], width: int, height: int
    ) -> None:
        lines = plot(
            [Mark(ratio, value, "x") for ratio, value in points[:-1]] + [Mark(*points[-1], "●")],
            width,
            height,
        )
        assert len(lines) == height + 2
        assert all(len(line) <= width + 3 for line in lines)
        assert sum(line.count("●") for line in lines) == 1

    def test_places(self) -> None:
        lines = plot([Mark(0, 30, "a"), Mark(0.5, 32, "b"), Mark(1, 34, "c")], width=46, height=3)
        assert lines[0] == "34.0 ┤" + " " * 39 + "c"
        assert lines[1].index("b") == 6 + 20
        assert lines[2] == "30.0 ┤a"
        assert lines[3].count("┴") == 5
        assert lines[4].split() == ["0", "0.25", "0.5", "0.75", "1"]

    def test_a_difference_within_the_noise_is_no_mountain(self) -> None:
        lines = plot([Mark(0, 30.0, "a"), Mark(1, 30.1, "b")], width=40, height=5)
        assert (lines[0].split()[0], lines[4].split()[0]) == ("30.6", "29.6")
        assert "a" in lines[2] or "a" in lines[3]

    def test_values_that_are_no_numbers(self) -> None:
        assert plot([Mark(0, float("nan"), "a")], 40, 5) == []
        assert sum("a" in line for line in plot([Mark(0, float("inf"), "b"), Mark(1, 3, "a")], 40, 5)) == 1


class TestCurve:
    def test_it_is_drawn_at_the_last_rung_that_half_of_the_arms_have_reached(self) -> None:
        ends = {("real_ratio=0.5", 0): 70, ("real_ratio=0.25", 0): 70, ("real_ratio=0.0", 0): 70}
        arms = (1.0, 0.5, 0.25, 0.0)
        state = sweep_state(arms=arms, seeds=(0,), rungs=(60, 120), running=ends, outcome=None)
        assert "at iteration 60 " in curve_so_far(state, 80)[1]
        state = sweep_state(arms=arms, seeds=(0,), rungs=(60, 120))
        assert "at iteration 120 " in curve_so_far(state, 80)[1]
        assert sum(line.count("●") for line in curve_so_far(state, 80)[2:]) == 3

    def test_one_arm_alone_is_no_curve(self) -> None:
        state = sweep_state(arms=(1.0,), seeds=(0, 1))
        assert curve_so_far(state, 80) == []


SECONDS = 2.0


def paced(rule: str, *done: int, gpus: float = 0.0) -> tuple[SweepState, Spec]:
    """A sweep of as many arms, rungs 4 and 8 of 12 iterations, each trial at 2 s an iteration; 0: not begun.

    The first arm is the baseline, which no rule stops.
    """
    ratios = [1.0, 0.5, 0.25, 0.125][: len(done)]
    search = {"parameters": {"real_ratio": {"values": ratios}}, "seeds": [0]}
    stopping = {"name": rule, "rungs": [4, 8], "min_peers": 1, "noise_sd": 0}
    resources = {"concurrent_trials": 1, "gpus_per_trial": gpus}
    values: dict[str, Any] = {"search": search, "early_stopping": stopping, "resources": resources}
    spec = spec_from_dict({**tiny_spec("sweeps"), **values})  # type: ignore[arg-type]
    created = sweep_events()[0]
    state = replay([replace_spec(created, spec), DriverStarted(time=1000.0, pid=1, host="h")])
    for number, (ratio, iteration) in enumerate(zip(ratios, done, strict=True)):
        name = f"t{number:03d}"
        arm = {"arm": f"real_ratio={ratio}", "parameters": {"real_ratio": ratio}}
        state.apply(TrialPlanned(time=1000.0, trial_id=name, seed=0, **arm))
        if iteration:
            state.apply(TrialStarted(time=1000.0, trial_id=name, attempt=1, iteration=0, host="h"))
            state.apply(report(name, 1))
            state.apply(report(name, iteration))
    return state, spec


def replace_spec(created: Any, spec: Spec) -> Any:
    return replace(created, spec=spec.model_dump(mode="json"))


def report(name: str, iteration: int) -> TrialReported:
    return TrialReported(
        time=1000.0 + SECONDS * iteration,
        trial_id=name,
        iteration=iteration,
        metrics={"val_miou": 30.0},
        mixture={},
        counts={},
        seconds=SECONDS * iteration,
    )


def progress(name: str, iteration: int) -> TrialProgressed:
    seconds = SECONDS * iteration
    return TrialProgressed(
        time=1000.0 + seconds, trial_id=name, iteration=iteration, train_loss=1.0, lr=0.1, seconds=seconds
    )


class TestOutlook:
    def test_nothing_is_foretold_before_a_trial_has_told_its_pace(self) -> None:
        assert outlook(*paced("asha", 0, 0)) is None

    def test_without_a_rule_only_the_pace_is_unknown(self) -> None:
        found = outlook(*paced("none", 4, 0, 0))
        assert found is not None
        left = (8 + 12 + 12) * SECONDS
        assert found.seconds == (left, left)
        assert found.left == pytest.approx((left / 3600, left / 3600))
        assert found.spent == pytest.approx(4 * SECONDS / 3600)
        assert found.unit == "trial-hours"

    def test_the_least_is_that_a_rule_stops_whom_it_may_at_the_next_rung(self) -> None:
        found = outlook(*paced("asha", 5, 6, 0))
        assert found is not None
        least, most = (7 + 2 + 4), (7 + 6 + 12)  # the baseline goes on in any case
        assert found.left == pytest.approx((least * SECONDS / 3600, most * SECONDS / 3600))
        low, high = found.seconds  # two run at once
        assert low == max(least / 2, 7) * SECONDS
        assert high == (most / 2 + 12 / 2) * SECONDS

    def test_the_least_has_all_slots_busy_though_one_is_idle_now(self) -> None:
        state, spec = paced("none", 4, 6, 0, 0)
        state.apply(TrialEnded(time=1013.0, trial_id="t001", outcome="finished", reason="", iteration=12))
        for at_once, by in ((4, 4), (1, 1), (None, 2)):  # two did run together, and one does now
            resources = spec.resources.model_copy(update={"concurrent_trials": at_once})
            found = outlook(state, spec.model_copy(update={"resources": resources}))
            assert found is not None
            assert found.seconds == ((8 + 12 + 12) * SECONDS / min(by, 32 / 12), (8 + 12 + 12) * SECONDS)

    def test_a_slow_start_is_not_taken_for_the_pace(self) -> None:
        """As on a GPU: ten seconds until the first iteration, then 2 s each. Nobody has begun yet but one."""
        state, spec = paced("none", 0, 0)
        state.apply(TrialStarted(time=990.0, trial_id="t000", attempt=1, iteration=0, host="h"))
        state.apply(progress("t000", 1))
        assert outlook(state, spec) is None  # whether that was the start or the pace nobody knows
        state.apply(progress("t000", 5))
        found = outlook(state, spec)
        assert found is not None
        from_start = (10 + 5 * SECONDS) / 5
        assert found.seconds == ((7 + 12) * SECONDS + 10, (7 + 12) * from_start + 10)
        state.apply(report("t000", 5))
        state.apply(report("t000", 8))  # from the second report on validations are known
        found = outlook(state, spec)
        assert found is not None
        assert found.seconds == ((4 + 12) * SECONDS + 10, (4 + 12) * SECONDS + 10)

    def test_a_paused_trial_that_told_once_tells_no_pace(self) -> None:
        state, spec = paced("promote", 0, 0)
        state.apply(TrialStarted(time=990.0, trial_id="t001", attempt=1, iteration=0, host="h"))
        state.apply(report("t001", 4))
        judged = {"rule": "promote", "reason": "", "value": 30.0, "cutoff": None}
        state.apply(TrialJudged(time=1010.0, trial_id="t001", rung=4, decision="pause", **judged))
        assert state.trials["t001"].status == "paused"
        assert outlook(state, spec) is None

    def test_a_clock_that_was_put_back_tells_nothing(self) -> None:
        state, spec = paced("none", 0, 0)
        state.apply(TrialStarted(time=1000.0, trial_id="t000", attempt=1, iteration=0, host="h"))
        state.apply(replace(progress("t000", 1), time=4600.0))
        state.apply(progress("t000", 5))
        assert outlook(state, spec) is None

    def test_pauses_are_no_time_at_work(self) -> None:
        """Two on one place, paused and promoted in turn, never ran together."""
        state, _ = paced("promote", 0, 0)
        for time, (name, attempt) in enumerate((n, a) for a in (1, 2) for n in ("t000", "t001")):
            begun = 1000.0 + 10 * time
            one = {"trial_id": name, "attempt": attempt, "iteration": 2 * attempt - 2, "host": "h"}
            state.apply(TrialStarted(time=begun, **one))
            state.apply(replace(report(name, 2 * attempt), time=begun + 8))
        assert _ever_at_once(list(state.trials.values())) == 1

    def test_who_was_paused_early_does_not_say_how_slow_the_rest_will_be(self) -> None:
        state, spec = paced("none", 0, 0)
        for name, begun in (("t000", 0.0), ("t001", 1000.0)):
            state.apply(TrialStarted(time=begun, trial_id=name, attempt=1, iteration=0, host="h"))
        for name, iteration in (("t000", 1), ("t000", 2), ("t001", 1), ("t001", 8)):
            state.apply(report(name, iteration))
        found = outlook(state, spec)
        assert found is not None
        assert found.left[1] == pytest.approx((10 + 4) * SECONDS / 3600)

    def test_gpu_hours(self) -> None:
        found = outlook(*paced("none", 4, 0, gpus=0.5))
        assert found is not None
        assert found.unit == "GPU-hours"
        assert found.left[0] == pytest.approx(0.5 * 20 * SECONDS / 3600)

    def test_when_all_have_ended_nothing_is_left(self) -> None:
        state = sweep_state(arms=(1.0, 0.5, 0.0), seeds=(0,))
        assert outlook(state, spec_from_dict(tiny_spec("sweeps"))) is None  # type: ignore[arg-type]

    def test_words(self) -> None:
        found = Outlook(
            unit="GPU-hours", spent=1.5, budget=None, saved=0.05, left=(2.0, 3.25), seconds=(60.0, 7200.0)
        )
        assert "cost: 1.50 of 4 GPU-hours spent, " in outlook_lines(replace(found, budget=4.0))[0]
        assert outlook_lines(found) == [
            "cost: 1.50 GPU-hours spent, 0.050 saved by stopping; 2.00 to 3.25 to go",
            "time left: 1 min 00 s to 2 h 00 min",
        ]
        assert outlook_lines(None) == []


class TestView:
    def test_before_the_first_word_of_a_trial(self) -> None:
        state = replay(
            e for e in sweep_events() if isinstance(e, SweepCreated | DriverStarted | TrialPlanned)
        )
        assert drawn(state) == "starting Ray ..."

    @pytest.mark.parametrize(("width", "height"), [(80, 24), (80, 40), (160, 50), (60, 12)])
    def test_it_fits_the_terminal(self, width: int, height: int) -> None:
        running = {(f"real_ratio={n / 100}", 0): 70 for n in range(30)}
        arms = (1.0, *(n / 100 for n in range(30)))
        state = sweep_state(arms=arms, seeds=(0, 1), rungs=(60, 120), running=running, outcome=None)
        lines = drawn(state, width, height).splitlines()
        assert all(len(line) <= width for line in lines)
        assert len(lines) <= height
        assert any("more arms" in line for line in lines) == (height < 50)

    def test_marks_values_and_reasons(self) -> None:
        state = sweep_state(
            arms=(1.0, 0.5),
            seeds=(0, 1),
            rungs=(60, 120),
            stopped={("real_ratio=0.5", 0): 60},
            failed={("real_ratio=0.5", 1): 90},
        )
        wide = drawn(state, 160).splitlines()
        assert wide[0].split()[:2] == ["real_ratio=1.0", "✓✓"]
        assert wide[0].split()[-1] == "baseline"
        assert wide[1].split()[:2] == ["real_ratio=0.5", "■✗"]
        assert "img/0007.jpg" in wide[1]
        assert "img/0007.jpg" not in drawn(state, 80)

    def test_a_small_terminal_has_no_plot(self) -> None:
        state = sweep_state(arms=(1.0, 0.5), seeds=(0,))
        assert "┴" in drawn(state, 80, 24)
        assert "┴" not in drawn(state, 80, 23)
