import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest
from scipy import stats

from sweep.curves.digits import rounded
from sweep.curves.noise import noise_at
from sweep.ledger import SweepState
from sweep.report import FairTable, fair_frame, fair_table, fair_table_text, fair_tables, latest_table_text
from sweep.report.cells import header
from sweep.report.tables import ArmRow
from sweep.report.verdict import notes, verdict
from tests.builders import sweep_state

Values = Mapping[float, Sequence[float]]


def curve_of(values: Values) -> Callable[..., float]:
    """val_miou by real_ratio and seed, the same at every iteration."""
    return lambda parameters, seed, _iteration: values[parameters["real_ratio"]][seed]


def state_of(values: Values, **changes: object) -> SweepState:
    seeds = range(max(len(own) for own in values.values()))
    return sweep_state(
        **{"arms": list(values), "seeds": seeds, "rungs": [60, 100], "curve": curve_of(values), **changes}
    )


def table_of(values: Values, **changes: object) -> FairTable:
    return fair_table(state_of(values, **changes), 100)


def row_of(table: FairTable, arm: str) -> ArmRow:
    return next(row for row in table.rows if row.arm == arm)


VALUES = {1.0: [40.0, 41.0, 42.5], 0.5: [41.5, 40.2, 43.0], 0.0: [30.0, 31.0, 29.5]}


class TestNumbers:
    def test_mean_and_sd_are_over_the_seeds_of_an_arm(self) -> None:
        row = row_of(table_of(VALUES), "real_ratio=0.5")
        assert row.miou.mean == pytest.approx(np.mean(VALUES[0.5]))
        assert row.miou.sd == pytest.approx(np.std(VALUES[0.5], ddof=1))
        assert row.aacc.mean == pytest.approx(np.mean(VALUES[0.5]) / 2 + 60)
        assert row.aacc.sd == pytest.approx(np.std(VALUES[0.5], ddof=1) / 2)

    def test_with_two_arms_the_interval_is_that_of_students_t_test(self) -> None:
        table = table_of({1.0: VALUES[1.0][:2], 0.5: VALUES[0.5][:2]})
        found = row_of(table, "real_ratio=0.5").difference
        test = stats.ttest_ind(VALUES[0.5][:2], VALUES[1.0][:2])
        assert found is not None and not table.differences.paired
        assert found.simultaneous_interval == pytest.approx(tuple(test.confidence_interval(0.95)), rel=0.02)
        assert found.p_value == pytest.approx(test.pvalue)

    def test_with_more_arms_the_noise_is_pooled_over_all_of_them(self) -> None:
        table = table_of(VALUES)
        variance = np.mean([np.var(own, ddof=1) for own in VALUES.values()])  # equal sizes
        assert table.noise.sd == pytest.approx(math.sqrt(variance))
        assert (table.noise.degrees_of_freedom, table.noise.source) == (6, "measured")

    def test_arms_that_share_seeds_are_compared_within_them(self) -> None:
        """What a seed does to all arms alike is no noise of their differences, however widely arms spread."""
        values = {1.0: [40.0, 43.0, 46.0, 41.0], 0.5: [41.0, 44.1, 46.9, 42.0], 0.0: [40.1, 43.0, 46.1, 40.9]}
        table = table_of(values)
        assert table.differences.paired and table.noise.sd > 2 > 0.2 > table.differences.sd
        assert "real_ratio=0.5 by +1.00" in verdict(table)
        assert any(note.startswith("Differences are taken within seeds") for note in notes(table))

    def test_the_interval_of_one_arm_among_several_is_wider_than_alone(self) -> None:
        found = row_of(table_of(VALUES), "real_ratio=0.0").difference
        assert found is not None and found.simultaneous_margin > found.margin
        assert found.p_adjusted > found.p_value

    @pytest.mark.parametrize("seeds", [1, 2])
    def test_values_that_tell_nothing_of_noise_are_held_against_the_prior(self, seeds: int) -> None:
        table = table_of({1.0: [40.0] * seeds, 0.5: [20.0] * seeds})
        found = table.rows[1].difference
        assert table.noise.source == "prior" and found is not None
        assert found.simultaneous_margin == pytest.approx(1.96 * 0.63 * math.sqrt(2 / seeds), rel=0.02)
        assert found.rests_on_prior and not found.is_shown
        assert "prior noise" in " ".join(header(table))
        assert "prior noise" not in " ".join(header(table_of(VALUES)))


class TestRows:
    def test_only_what_was_measured_exactly_at_the_rung_is_in_the_table(self) -> None:
        state = sweep_state(
            arms=[1.0, 0.5],
            seeds=[0, 1],
            rungs=[60, 100],
            validate_every=1,
            stopped={("real_ratio=0.5", 0): 60},
            failed={("real_ratio=0.5", 1): 99},
        )
        assert [row.arm for row in fair_table(state, 100).rows] == ["real_ratio=1.0"]
        assert [row.seeds for row in fair_table(state, 60).rows] == [2, 2]

    def test_an_iteration_that_is_no_rung_is_refused(self) -> None:
        with pytest.raises(ValueError, match="rung is 90; the rungs of sweep 'fake' are: 60, 100"):
            fair_table(state_of(VALUES), 90)

    def test_rows_go_from_real_to_generated_whatever_the_plan(self) -> None:
        table = table_of({0.0: [1.0], 1.0: [2.0], 0.5: [3.0]})
        assert [row.arm for row in table.rows] == ["real_ratio=1.0", "real_ratio=0.5", "real_ratio=0.0"]

    def test_ranks_go_by_the_mean_and_ties_share(self) -> None:
        table = table_of({1.0: [5.0], 0.5: [7.0], 0.25: [5.0], 0.0: [1.0]})
        assert [row.rank for row in table.rows] == [2, 1, 2, 4]

    def test_nan_is_nan_last_and_no_part_of_the_noise(self) -> None:
        values = {1.0: [40.0, 42.0], 0.5: [math.nan, 45.0], 0.25: [30.0, 31.0]}
        table = table_of(values)
        row = row_of(table, "real_ratio=0.5")
        assert math.isnan(row.miou.mean) and row.rank == 3 and row.difference is None
        assert table.noise == noise_at(
            100, 100, {str(ratio): dict(enumerate(own)) for ratio, own in values.items() if ratio != 0.5}
        )
        assert "NaN ± NaN" in fair_table_text(table)

    def test_the_judged_metric_ranks(self) -> None:
        state = sweep_state(
            arms=[1.0, 0.5],
            seeds=[0, 1],
            rungs=[60],
            metric="val_macc",
            curve=lambda p, s, i: 40 + s + p["real_ratio"],
        )
        table = fair_table(state, 60)
        assert table.rows[0].judged.mean == table.rows[0].miou.mean + 10
        assert "difference in val_macc" in fair_table_text(table)

    def test_the_status_tells_what_became_of_every_trial_of_the_arm(self) -> None:
        state = sweep_state(
            arms=[1.0, 0.5],
            seeds=[0, 1, 2, 3, 4],
            rungs=[60, 100],
            stopped={("real_ratio=0.5", 0): 60},
            failed={("real_ratio=0.5", 1): 37},
            running={("real_ratio=0.5", 2): 70},
            waiting=[("real_ratio=0.5", 3)],
            outcome=None,
        )
        assert row_of(fair_table(state, 60), "real_ratio=0.5").status == (
            "1 stopped here, 1 failed at 37, 1 running, 1 not started, 1 finished"
        )
        assert row_of(fair_table(state, 60), "real_ratio=0.5").seeds == 3
        late = fair_table(state, 100)
        assert row_of(late, "real_ratio=0.5").lost_to_stopping == 1
        assert notes(late)[0] == (
            "4 of 10 trials did not reach this rung: "
            "1 stopped at 60, 1 failed at 37, 1 running, 1 not started."
        )

    def test_several_baselines_are_told_apart_by_what_they_share_with_an_arm(self) -> None:
        arms = [{"real_ratio": ratio, "lr": lr} for ratio in (1.0, 0.5) for lr in (0.1, 0.2)]
        state = sweep_state(arms=arms, seeds=[0, 1], rungs=[60])
        baselines = {row.arm: row.baseline for row in fair_table(state, 60).rows}
        assert baselines["real_ratio=0.5 lr=0.1"] == "real_ratio=1.0 lr=0.1"
        assert baselines["real_ratio=0.5 lr=0.2"] == "real_ratio=1.0 lr=0.2"

    def test_a_baseline_without_the_other_parameters_serves_all_arms(self) -> None:
        arms = [1.0, *({"real_ratio": 0.5, "data.strategy": name} for name in ("night", "day"))]
        state = sweep_state(arms=arms, rungs=[60], baseline={"real_ratio": 1.0, "data.strategy": "night"})
        assert {row.baseline for row in fair_table(state, 60).rows} == {"real_ratio=1.0"}


class TestVerdict:
    def test_a_difference_beyond_noise_is_shown(self) -> None:
        text = verdict(table_of(VALUES))
        assert text == (
            "1 arm differs from the baseline at iteration 100: real_ratio=0.0 by -11.0. "
            "No difference shown for 1 other."
        )

    def test_no_difference_shown_is_an_answer_with_its_reach(self) -> None:
        table = table_of({1.0: [40.0, 41.0], 0.5: [40.4, 41.2]})
        found = table.rows[1].difference
        assert found is not None
        furthest = max(map(abs, found.simultaneous_interval))
        hidden = rounded(furthest, furthest)
        assert verdict(table) == (
            "No difference from the baseline shown at iteration 100. "
            f"Differences of up to about {hidden} can hide in the noise here."
        )

    def test_what_would_be_shown_alone_but_not_among_all_is_named_as_such(self) -> None:
        # one difference of 2.8 standard errors (p 0.04) among five
        values = {
            1.0: [40.0, 41.0],
            0.5: [42.3, 43.1],
            0.4: [41.5, 40.5],
            0.3: [40, 41.5],
            0.2: [41, 40],
            0.1: [41, 40],
        }
        table = table_of(values)
        found = row_of(table, "real_ratio=0.5").difference
        assert found is not None and found.p_value < 0.05 < found.p_adjusted
        assert verdict(table).startswith("No difference from the baseline shown")
        assert any(
            "alone, the difference would be shown for real_ratio=0.5 by +2.2" in note
            and "may be chance" in note
            for note in notes(table)
        )

    def test_one_seed_an_arm_shows_nothing_however_far_apart(self) -> None:
        assert verdict(table_of({1.0: [40.0], 0.5: [39.0]})) == (
            "No difference is shown at iteration 100: every arm has one seed. "
            "Nothing below 1.7 can be told apart (prior noise)."
        )
        text = verdict(table_of({1.0: [40.0], 0.5: [30.0]}))
        assert text.endswith("Beyond that, if such noise holds here: real_ratio=0.5 by -10.0.")

    def test_seeds_without_effect_are_noticed(self) -> None:
        assert "as if the seed had no effect" in verdict(table_of({1.0: [40.0, 40.0], 0.5: [30.0, 30.0]}))

    def test_the_noise_comes_with_its_interval(self) -> None:
        said = next(note for note in notes(table_of(VALUES)) if note.startswith("Noise"))
        sd = math.sqrt(np.mean([np.var(own, ddof=1) for own in VALUES.values()]))
        low, high = sd * np.sqrt(6 / stats.chi2.ppf([0.975, 0.025], 6))
        assert f"sd of {sd:.2f} (95 % interval {low:.2f} to {high:.2f}, 6 degrees of freedom)" in said

    def test_arms_that_differ_in_their_noise_are_named(self) -> None:
        steps = np.array([-1, 1, -2, 2, -1.5, 1.5])
        values = {1.0: list(40 + 0.1 * steps), 0.5: list(40 + 3 * steps)}
        said = " ".join(notes(table_of(values)))
        assert "Arms differ in it" in said and "real_ratio=0.5 " in said
        assert "Arms differ" not in " ".join(notes(table_of(VALUES)))

    def test_how_many_more_seeds_would_tell_a_gap_apart(self) -> None:
        """sd 0.63: about 8 seeds an arm for 1.0, about 26 for 0.5, by Student's test with power 0.8."""
        (said,) = (note for note in notes(table_of({1.0: [40.0], 0.5: [39.2]})) if "takes" in note)
        assert "a gap of 0.50 takes 26 (25 more)" in said
        assert "a gap of 0.80 (real_ratio=0.5, the largest not shown) takes 11 (10 more)" in said
        assert "a gap of 1.00 takes 8 (7 more)" in said

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"arms": []}, "No trial has reached iteration 100"),
            ({"arms": [0.5]}, "No arm of this sweep is the baseline"),
            (
                {"failed": {("real_ratio=1.0", seed): 37 for seed in range(3)}},
                "The baseline real_ratio=1.0 has no value at iteration 100",
            ),
            ({"arms": [1.0]}, "No other arm has a value at iteration 100"),
            (
                {"failed": {(f"real_ratio={r}", s): 9 for r in VALUES for s in range(3)}},
                "No trial has reached",
            ),
        ],
    )
    def test_what_is_missing_is_said(self, changes: dict[str, object], says: str) -> None:
        table = table_of(VALUES, **changes)
        assert verdict(table).startswith(says)
        assert all(row.difference is None for row in table.rows)
        assert says in " ".join(fair_table_text(table).split())

    def test_a_baseline_of_nan_is_said(self) -> None:
        text = verdict(table_of({1.0: [math.nan, 40.0], 0.5: [30.0, 31.0]}))
        assert text.startswith("val_miou of the baseline real_ratio=1.0 is NaN at iteration 100")

    def test_arms_that_lost_seeds_to_stopping_are_marked_as_survivors(self) -> None:
        table = table_of(VALUES, stopped={("real_ratio=0.0", 0): 60})
        assert any(
            note.startswith("Survivors only: seeds of real_ratio=0.0 were stopped") for note in notes(table)
        )
        assert not any(note.startswith("Survivors") for note in notes(table_of(VALUES)))
        assert "real_ratio=0.0 by -11 (survivors only)." in verdict(table)
        assert "survivors" not in verdict(table_of(VALUES))


class TestTerminal:
    def test_the_table_as_it_is_printed(self) -> None:
        lines = fair_table_text(table_of(VALUES), width=80).splitlines()
        assert lines[:9] == [
            "fake at iteration 100",
            "",
            "real_ratio  seeds      val_miou      val_aacc    difference in val_miou  rank",
            "                                                 (95 % interval for all",
            "                                                                  arms)",
            "─" * 77,
            "1.0             3  41.17 ± 1.26  80.58 ± 0.63                  baseline     2",
            "0.5             3  41.57 ± 1.40  80.78 ± 0.70    +0.40 (-2.90 to +3.70)     1",
            "0.0             3  30.17 ± 0.76  75.08 ± 0.38  -11.00 (-14.30 to -7.70)     3",
        ]

    @pytest.mark.parametrize("width", [72, 80, 120])
    def test_no_line_is_wider_than_the_terminal(self, width: int) -> None:
        arms = [1.0] + [
            {"real_ratio": ratio, "data.strategy": name, "training.optimizer.lr": 0.01}
            for name in ("night", "stargan_v2")
            for ratio in (0.5, 0.125, 0.0)
        ]
        for state in (sweep_state(arms=arms), sweep_state(), sweep_state(arms=[])):
            assert max(map(len, latest_table_text(state, width=width).splitlines())) <= width

    def test_the_latest_table_is_of_the_last_rung_that_anyone_reached(self) -> None:
        assert "at iteration 300" in latest_table_text(sweep_state())
        going = {(f"real_ratio={ratio}", seed): 100 for ratio in (1.0, 0.5) for seed in (0, 1)}
        state = sweep_state(arms=[1.0, 0.5], running=going, outcome=None)
        assert "at iteration 60" in latest_table_text(state)


class TestFrame:
    def test_it_is_tidy_over_all_rungs_with_the_tables_numbers(self) -> None:
        state = state_of(VALUES, stopped={("real_ratio=0.0", 0): 60})
        frame = fair_frame(state)
        assert list(frame["iteration"]) == [100] * 3 + [60] * 3
        for table in fair_tables(state):
            for row in table.rows:
                (record,) = frame[(frame["iteration"] == table.rung) & (frame["arm"] == row.arm)].to_dict(
                    "records"
                )
                assert record["mean_val_miou"] == row.miou.mean
                assert record["n_seeds"] == row.seeds
                assert record["is_baseline"] == (row.arm == "real_ratio=1.0")
                if row.difference:
                    low, high = record["difference_low"], record["difference_high"]
                    assert (low, high) == row.difference.simultaneous_interval
                    assert (record["noise_source"], record["noise_sd"]) == ("measured", table.noise.sd)

    @pytest.mark.parametrize("arms", [[], [1.0], [1.0, {"real_ratio": 0.5, "data.strategy": "night"}]])
    def test_numbers_are_numbers_whatever_is_missing(self, arms: list[object]) -> None:
        frame = fair_frame(sweep_state(arms=arms, seeds=[0]))
        assert frame["sd_val_miou"].dtype == frame["difference_low"].dtype == np.float64
        assert len(frame) == 3 * len(arms)
