"""Control arms from the spec to the verdict: what must come out of them is known beforehand."""

from __future__ import annotations

import math
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats

from sweep.curves.controls import ArmValues, ControlVerdict, judge_controls
from sweep.errors import SpecError
from sweep.plan import (
    estimate_cost,
    is_baseline,
    is_control,
    is_protected,
    mixtures,
    plan_text,
    planned_trials,
    protocol_id,
    regime_id,
    starting_order,
    trial_config,
)
from sweep.report import fair_frame, fair_table, latest_table_text, learning_curves, page, ratio_curves
from sweep.report.controls import control_verdicts, controls_lines, controls_section
from sweep.results import baseline_arms, comparable, parameters_of, report_table, trial_table
from sweep.spec import Spec, spec_from_dict
from tests.builders import RATIOS, plain_curve, sweep_state
from tests.specs import tiny_spec
from tests.trials import small_trial
from trainables.contract import FolderSource, TrialConfig, TrialError
from trainables.data import FolderSamples, open_samples
from trainables.data.controls import NoiseSamples
from trainables.loader import training_batches
from trainables.local import FolderSession
from trainables.mixing import REAL, Draw
from trainables.segmentation import train
from trainables.transforms import TrainTransform
from trainables.trial import begin_trial

CONTROLS = ["copy", "noise"]
DRAWN = {"real_ratio": {"min": 0, "max": 1}}
LR = "training.optimizer.lr"


def spec(**sections: Any) -> Spec:
    return spec_from_dict(tiny_spec(Path("/sweeps"), **{"controls": CONTROLS, **sections}))


def fault(**sections: Any) -> str:
    with pytest.raises(SpecError) as caught:
        spec(**sections)
    (one,) = caught.value.faults
    return one.describe("").removeprefix(": ")


def arms(one: Spec) -> list[str]:
    return list(dict.fromkeys(trial.arm for trial in planned_trials(one)))


class TestSpec:
    def test_an_unknown_control_is_told_with_those_there_are(self) -> None:
        assert fault(controls=["copy", "nosie"]) == "controls[1] is 'nosie'; it must be one of: copy, noise"

    def test_a_control_outside_a_list_is_told_what_a_list_holds(self) -> None:
        assert fault(controls="copy") == (
            "controls is 'copy'; it must be a list, each item one of: copy, noise"
        )

    def test_a_control_given_twice_is_refused(self) -> None:
        assert fault(controls=["copy", "copy"]) == (
            "controls[1] is 'copy', as item [0] is already; remove one"
        )

    @pytest.mark.parametrize(
        "sections",
        [
            {"search": {"parameters": {"real_ratio": {"values": [0, 0.5]}}}, "baseline": {"real_ratio": 0.5}},
            {
                "search": {
                    "method": "random",
                    "trials": 2,
                    "parameters": {"real_ratio": {"min": 0, "max": 1}},
                },
                "baseline": {"real_ratio": 0.5},
            },
        ],
    )
    def test_controls_need_an_arm_of_all_real_images(self, sections: dict[str, Any]) -> None:
        assert fault(**sections).startswith(
            "controls are judged by the baseline's arm with real_ratio 1.0, which is not searched; add 1.0"
        )

    def test_the_control_itself_cannot_be_searched(self) -> None:
        parameters = {"real_ratio": {"values": [0, 1]}, "control": {"values": ["copy"]}}
        assert fault(search={"parameters": parameters}).startswith(
            "search.parameters.control is no key of data, model or training"
        )


class TestPlan:
    def test_control_arms_come_behind_all_others_with_every_seed(self) -> None:
        one = spec(search={"parameters": {"real_ratio": {"values": [0, 1]}}, "seeds": [3, 4]})
        assert [(trial.arm, trial.seed) for trial in planned_trials(one)[4:]] == [
            ("real_ratio=0.0 control=copy", 3),
            ("real_ratio=0.0 control=copy", 4),
            ("real_ratio=0.5 control=copy", 3),
            ("real_ratio=0.5 control=copy", 4),
            ("real_ratio=0.0 control=noise", 3),
            ("real_ratio=0.0 control=noise", 4),
        ]
        plain = spec(search={"parameters": {"real_ratio": {"values": [0, 1]}}, "seeds": [3, 4]}, controls=[])
        assert planned_trials(one)[:4] == planned_trials(plain)

    def test_other_parameters_are_the_baselines_but_for_generated_images(self) -> None:
        one = spec(
            search={
                "parameters": {
                    "real_ratio": {"values": [0, 1]},
                    LR: {"values": [0.1, 0.2]},
                    "data.strategy": {"values": ["all", "gen"]},
                }
            },
            baseline={"real_ratio": 1, LR: 0.2},
            controls=["noise"],
        )
        (control,) = [trial for trial in planned_trials(one) if is_control(trial.parameters)]
        assert control.parameters == {"real_ratio": 0.0, "control": "noise", LR: 0.2}
        config = trial_config(one, control)
        assert (config.control, config.real_ratio, config.training.optimizer.lr) == ("noise", 0.0, 0.2)

    def test_controls_are_protected_and_no_baseline_whatever_the_baseline_is(self) -> None:
        one = spec()
        found = {
            trial.arm: (is_protected(one, trial.parameters), is_baseline(one, trial.parameters))
            for trial in planned_trials(one)
        }
        assert found == {
            "real_ratio=1.0": (True, True),
            "real_ratio=0.0": (False, False),
            "real_ratio=0.5": (False, False),
            "real_ratio=0.0 control=copy": (True, False),
            "real_ratio=0.5 control=copy": (True, False),
            "real_ratio=0.0 control=noise": (True, False),
        }

    def test_controls_start_first_but_behind_the_points_that_were_asked_for(self) -> None:
        one = spec(search={"parameters": {"real_ratio": {"values": [0, 0.5, 1]}}, "points_first": [
            {"real_ratio": 0.5}
        ]})  # fmt: skip
        order = [trial.arm for trial in starting_order(one, planned_trials(one))]
        assert order[0] == "real_ratio=0.5"
        assert sorted(order[1:4]) == sorted(arm for arm in order if "control" in arm)

    def test_ids_do_not_know_of_controls(self) -> None:
        with_controls, without = spec(), spec(controls=[])
        assert regime_id(with_controls) == regime_id(without)
        assert protocol_id(with_controls) == protocol_id(without)

    def test_controls_cost_full_trials(self) -> None:
        with_controls, without = estimate_cost(spec()), estimate_cost(spec(controls=[]))
        assert with_controls.trials - without.trials == 3
        assert with_controls.iterations_expected - without.iterations_expected == 3 * 12

    def test_controls_come_on_top_of_the_arms_that_optuna_proposes(self) -> None:
        one = spec(search={"method": "optuna", "parameters": DRAWN, "trials": 5, "seeds": [0, 1]})
        assert (estimate_cost(one).arms, estimate_cost(one).trials) == (8, 16)
        assert len(planned_trials(one)) == 8
        assert "and 4 that optuna will propose" in plan_text(one)

    def test_the_plan_lists_them_with_their_mixtures(self) -> None:
        text = plan_text(spec())
        assert "tiny: 6 trials, 6 arms" in text
        assert "  real_ratio=0.5 control=copy\n" in text
        assert "controls: copy, noise: they test the sweep itself" in text
        rows = {(row.real_ratio, row.generated): row for row in mixtures(spec())}
        assert rows.keys() == {
            (0.0, ("gen",)), (0.0, ("copy",)), (0.0, ("noise",)), (0.5, ("gen",)), (0.5, ("copy",)), (1.0, ())
        }  # fmt: skip
        assert rows[0.5, ("copy",)].generated_passes == 12 / 6  # of the 6 real images

    def test_data_without_generated_images_can_have_controls(self) -> None:
        data = tiny_spec(Path())["data"] | {"generated": {}}
        one = spec(data=data, search={"parameters": {"real_ratio": {"values": [1]}}})
        assert arms(one) == [
            "real_ratio=1.0",
            "real_ratio=0.0 control=copy",
            "real_ratio=0.5 control=copy",
            "real_ratio=0.0 control=noise",
        ]
        assert "control=copy" in plan_text(one)


def control_trial(control: str, real_ratio: float, **changes: Any) -> TrialConfig:
    return small_trial(real_ratio, control=control, **changes)


class TestImages:
    def test_copies_are_the_real_images_byte_for_byte(self) -> None:
        sources = begin_trial(control_trial("copy", 0.5)).sources
        assert sources.keys() == {REAL, "copy"}
        assert len(sources["copy"]) == len(sources[REAL]) == 6
        for index in range(6):
            for copied, real in zip(sources["copy"][index], sources[REAL][index], strict=True):
                assert torch.equal(copied, real)
            assert sources["copy"].name(index) == sources[REAL].name(index)

    def test_copies_go_through_the_pipeline_as_real_images_do(self) -> None:
        trial = begin_trial(control_trial("copy", 0.5))
        training = trial.config.training
        transform = TrainTransform(training.augmentation, training.crop_size, 255)
        draws = [[Draw(name, index, seed=7 + index) for index in range(6)] for name in (REAL, "copy")]
        real, copied = training_batches(trial.sources, transform, draws, workers=0)
        assert torch.equal(real.images, copied.images)
        assert torch.equal(real.labels, copied.labels)
        assert (real.sources, copied.sources) == ([REAL] * 6, ["copy"] * 6)

    def test_noise_has_size_and_label_of_its_image_and_is_the_same_for_every_seed(self) -> None:
        noise, other = (begin_trial(control_trial("noise", 0.0, seed=seed)).sources for seed in (1, 2))
        real = open_samples(small_trial().data, small_trial().data.real)
        assert noise.keys() == {"noise"}
        images = [noise["noise"][index][0] for index in range(6)]
        for index, image in enumerate(images):
            assert image.dtype == torch.uint8
            assert image.shape == real[index][0].shape
            assert torch.equal(noise["noise"][index][1], real[index][1])
            assert torch.equal(image, other["noise"][index][0])
            assert torch.equal(image, pickle.loads(pickle.dumps(noise["noise"]))[index][0])
        assert len({image.numpy().tobytes() for image in images}) == 6

    def test_noise_is_uniform_over_all_bytes(self) -> None:
        noise = NoiseSamples(open_samples(small_trial().data, small_trial().data.real))
        pixels = np.concatenate([noise[index][0].numpy().ravel() for index in range(6)])
        counts = np.bincount(pixels, minlength=256)
        assert stats.chisquare(counts).pvalue > 0.001
        neighbours = np.corrcoef(pixels[:-1].astype(float), pixels[1:].astype(float))[0, 1]
        assert abs(neighbours) < 4 / math.sqrt(len(pixels))

    def test_noise_goes_by_the_file_name_and_not_by_where_it_lies(self, tmp_path: Path) -> None:
        found = []
        for root in (tmp_path / "here", tmp_path / "there"):
            write_pairs(root, ["a", "b"])
            data = small_trial().data.model_copy(update={"root": root})
            found.append(NoiseSamples(FolderSamples(data, FolderSource(split="train"))))
        here, there = found
        assert torch.equal(here[0][0], there[0][0])
        assert not torch.equal(here[0][0], here[1][0])
        assert here[0][0].shape == (3, 5, 7)  # 105 bytes: no multiple of a word
        assert here.name(0) == f"noise for {tmp_path / 'here/img_dir/train/a.jpg'}"


def write_pairs(root: Path, stems: list[str]) -> None:
    for folder in ("img_dir/train", "ann_dir/train"):
        (root / folder).mkdir(parents=True)
    for stem in stems:
        Image.new("RGB", (7, 5), "red").save(root / f"img_dir/train/{stem}.jpg")
        Image.new("L", (7, 5)).save(root / f"ann_dir/train/{stem}.png")


class TestTraining:
    @pytest.mark.parametrize(
        ("control", "real_ratio", "real_images", "distinct"),
        [("copy", 0.0, 0, (0, 6)), ("copy", 0.5, 40, (6, 6)), ("noise", 0.0, 0, (0, 6))],
    )
    def test_a_control_consumes_what_stands_in_for_generated_images(
        self, control: str, real_ratio: float, real_images: int, distinct: tuple[int, int], tmp_path: Path
    ) -> None:
        session = FolderSession(tmp_path)
        train(control_trial(control, real_ratio), session)
        mixture = session.reports[-1].mixture
        assert (mixture.real_images, mixture.generated_images) == (real_images, {control: 80 - real_images})
        assert (mixture.requested_real_ratio, mixture.realised_real_ratio) == (real_ratio, real_ratio)
        assert (mixture.distinct_real, mixture.distinct_generated) == distinct

    def test_controls_need_no_generated_images(self, tmp_path: Path) -> None:
        data = {**small_trial().data.model_dump(), "generated": {}}
        session = FolderSession(tmp_path)
        train(control_trial("noise", 0.0, data=data, training={"iterations": 2}), session)
        assert session.reports[-1].mixture.generated_images == {"noise": 8}

    def test_a_checkpoint_of_another_control_is_refused(self, tmp_path: Path) -> None:
        train(control_trial("copy", 0.0, training={"iterations": 2}), FolderSession(tmp_path))
        with pytest.raises(TrialError, match="control is 'copy' there, 'noise' here"):
            train(control_trial("noise", 0.0, training={"iterations": 2}), FolderSession(tmp_path))

    def test_a_checkpoint_from_before_there_were_controls_goes_on(self, tmp_path: Path) -> None:
        path = tmp_path / "checkpoint.pt"
        train(small_trial(training={"iterations": 2}), FolderSession(tmp_path))
        saved = torch.load(path, weights_only=True)
        assert saved["trial"].pop("control") is None
        torch.save(saved, path)
        session = FolderSession(tmp_path)
        train(small_trial(training={"iterations": 2}), session)
        assert [report.iteration for report in session.reports] == [2]


def judged(
    copies: Mapping[float, list[float]] | None = None,
    noise: list[float] | None = None,
    all_real: tuple[float, ...] = (40.0, 41.0),
    sd: float = 0.7,
    freedom: float = math.inf,
) -> dict[str, ControlVerdict]:
    """Verdicts by control; `copies` by real_ratio."""
    controls: dict[Any, list[ArmValues]] = {}
    if copies is not None:
        controls["copy"] = [arm_values("copy", *item) for item in copies.items()]
    if noise is not None:
        controls["noise"] = [arm_values("noise", 0.0, noise)]
    found = judge_controls(arm_values("all real", 1.0, all_real), controls, sd, freedom)
    return {verdict.control: verdict for verdict in found}


def arm_values(name: str, real_ratio: float, values: Any, awaited: int = 0) -> ArmValues:
    return ArmValues(
        arm=f"{name} {real_ratio}", real_ratio=real_ratio, values=dict(enumerate(values)), awaited=awaited
    )


class TestVerdict:
    def test_copies_within_noise_pass_and_say_how_much_is_excluded(self) -> None:
        copy = judged({0.0: [40.5, 41.1], 0.5: [40.2, 40.0]})["copy"]
        margin = stats.norm.isf(0.025 / 2) * 0.7  # two arms; sd of a difference of means of two
        assert copy.outcome == "passes"
        assert [one.value for one in copy.differences] == pytest.approx([0.3, -0.4])
        assert [one.margin for one in copy.differences] == pytest.approx([margin] * 2)
        assert copy.excluded_above == pytest.approx(0.4 + margin)
        assert "+0.30 (-1.27 to +1.87) at real_ratio 0.0" in copy.reason
        assert "A difference above 1.97 is excluded, a smaller one is not" in copy.reason

    @pytest.mark.parametrize("off", [2.0, -2.0])
    def test_a_copy_that_differs_fails_either_way(self, off: float) -> None:
        copy = judged({0.0: [40.5 + off] * 2, 0.5: [40.5, 40.5]})["copy"]
        assert copy.outcome == "fails"
        assert f"{off:+.2f}" in copy.reason
        assert "at real_ratio 0.5" not in copy.reason

    def test_the_number_of_copies_widens_the_interval(self) -> None:
        assert judged({0.0: [42.0, 42.0]})["copy"].outcome == "fails"  # 1.5, margin 1.37
        assert judged({0.0: [42.0, 42.0], 0.5: [40.5, 40.5]})["copy"].outcome == "passes"  # margin 1.57

    def test_estimated_noise_widens_the_interval(self) -> None:
        copy = judged({0.0: [42.5, 42.5]}, freedom=2)["copy"]
        assert copy.outcome == "passes"
        assert copy.differences[0].margin == pytest.approx(stats.t.isf(0.025, 2) * 0.7)

    def test_noise_must_collapse(self) -> None:
        noise = judged(noise=[10.0, 11.0])["noise"]
        assert noise.outcome == "passes"
        assert noise.excluded_above is None
        assert (
            "ruins the training, down to 10.50: -30.00 (-31.37 to -28.63) at real_ratio 0.0" in noise.reason
        )

    @pytest.mark.parametrize("values", [[40.0, 41.0], [45.0, 46.0], [38.5, 38.6]])
    def test_noise_that_costs_nothing_or_little_fails(self, values: list[float]) -> None:
        """The last costs 1.95, which is more than the margin of 1.37, but no collapse: 3 sd are 2.10."""
        noise = judged(noise=values)["noise"]
        assert noise.outcome == "fails"
        assert "a loss of at least 2.10 had to be shown" in noise.reason

    def test_noise_that_too_few_seeds_show_fails(self) -> None:
        assert judged(noise=[37.0], all_real=(40.5,), freedom=1)["noise"].outcome == "fails"  # margin 12.58

    def test_nothing_is_judged_before_all_trials_are_at_their_end(self) -> None:
        all_real = arm_values("all real", 1.0, [40.0])
        controls: dict[Any, Any] = {
            "copy": [arm_values("copy", 0.0, [20.0], awaited=1), arm_values("copy", 0.5, [])],
            "noise": [arm_values("noise", 0.0, [10.0])],
        }
        copy, noise = judge_controls(all_real, controls, 0.7, math.inf)
        assert (copy.outcome, copy.differences) == ("pending", ())
        assert copy.reason == "trials are not at their end: copy 0.0 (1 to come)"
        assert noise.outcome == "passes"
        awaited = arm_values("all real", 1.0, [40.0], awaited=2)
        assert {one.outcome for one in judge_controls(awaited, controls, 0.7, math.inf)} == {"pending"}

    def test_arms_that_failed_altogether_are_named(self) -> None:
        verdict = judged({0.0: [], 0.5: [40.0]}, all_real=())["copy"]
        assert (verdict.outcome, verdict.reason) == (
            "pending",
            "no trial came to its end of: all real 1.0, copy 0.0",
        )

    def test_equal_trials_fail_in_one_of_twenty_sweeps_at_most(self) -> None:
        generator = np.random.default_rng(0)
        failures = 0
        for _ in range(1000):
            real, low, middle = generator.normal(40, 0.7, (3, 3))
            copies = {0.0: list(low), 0.5: list(middle)}
            failures += judged(copies, all_real=tuple(real))["copy"].outcome == "fails"
        assert 20 <= failures <= 50  # Bonferroni: a little below 5 %


ARMS = [*({"real_ratio": ratio} for ratio in RATIOS),
        {"real_ratio": 0.0, "control": "copy"}, {"real_ratio": 0.5, "control": "copy"},
        {"real_ratio": 0.0, "control": "noise"}]  # fmt: skip


def ruined_by_noise(parameters: Mapping[str, Any], seed: int, iteration: int) -> float:
    """As all real images for copies, next to nothing for noise."""
    if "control" not in parameters:
        return plain_curve(parameters, seed, iteration)
    if parameters["control"] == "noise":
        return 5 + seed
    return plain_curve({"real_ratio": 1.0}, seed, iteration) + 0.1


class TestReport:
    def test_controls_are_judged_first(self) -> None:
        state = sweep_state(arms=ARMS, curve=ruined_by_noise)
        assert [(one.control, one.outcome) for one in control_verdicts(state)] == [
            ("copy", "passes"),
            ("noise", "passes"),
        ]
        text = page(state)
        assert text.splitlines()[2] == "**The sweep passes its controls: copy, noise.**"
        assert text.index("passes its controls") < text.index("at iteration 300") < text.index("Status:")
        assert "| noise | 0.0 | 2 | 5.50 |" in text
        assert "Trials: 16 in 8 arms, 3 of them controls: 16 finished" in text
        assert latest_table_text(state).startswith(
            "The sweep passes its controls: copy, noise.\n- copy passes"
        )

    def test_a_sweep_that_fails_says_so_in_its_first_line(self) -> None:
        state = sweep_state(
            arms=ARMS, curve=lambda parameters, *rest: plain_curve({"real_ratio": 1.0}, *rest)
        )
        alarm = "The numbers of this sweep can't be trusted: its control noise fails."
        assert page(state).splitlines()[2] == f"**{alarm}**"
        assert latest_table_text(state, width=100).splitlines()[0] == alarm
        assert "does not ruin the training" in page(state)

    def test_both_can_fail(self) -> None:
        state = sweep_state(
            arms=ARMS, curve=lambda parameters, seed, _: 40 + seed - 9 * (parameters.get("control") == "copy")
        )
        assert controls_lines(state)[0].endswith("its controls copy and noise fail.")

    def test_a_running_sweep_says_what_is_awaited(self) -> None:
        key = ("real_ratio=0.0 control=noise", 1)
        state = sweep_state(arms=ARMS, curve=ruined_by_noise, running={key: 150}, outcome=None)
        headline, copy, noise = controls_lines(state)
        assert headline.startswith("The controls are not judged yet")
        assert copy.startswith("- copy passes: ")
        assert noise.startswith(
            "- noise is pending: trials are not at their end: real_ratio=0.0 control=noise"
        )

    def test_a_sweep_without_controls_says_nothing_of_them(self) -> None:
        state = sweep_state()
        assert controls_section(state) == ""
        assert controls_lines(state) == []
        assert page(state).splitlines()[2].startswith("3 arms differ")
        assert "control" not in parameters_of(state)

    @pytest.mark.parametrize(("noise_sd", "sd"), [(0.7, 0.63), (4.0, 4.0)], ids=["default", "spec"])
    def test_with_one_seed_the_noise_is_supposed(self, noise_sd: float, sd: float) -> None:
        state = sweep_state(arms=ARMS, seeds=(0,), curve=ruined_by_noise)
        state.created.spec["early_stopping"]["noise_sd"] = noise_sd
        (copy, _) = control_verdicts(state)
        assert copy.differences[0].margin == pytest.approx(stats.norm.isf(0.0125) * sd * math.sqrt(2))

    def test_comparisons_and_figures_are_those_of_the_sweep_without_controls(self) -> None:
        state = sweep_state(arms=ARMS, curve=ruined_by_noise)
        plain = sweep_state(arms=ARMS[:5], curve=ruined_by_noise)
        assert fair_table(state, 300) == fair_table(plain, 300)
        assert fair_frame(state).equals(fair_frame(plain))
        assert baseline_arms(state) == {"real_ratio=1.0": {"real_ratio": 1.0}}
        for figure in (ratio_curves, learning_curves):
            labels = [line.get_label() for axis in figure(state).axes for line in axis.lines]
            assert labels == [line.get_label() for axis in figure(plain).axes for line in axis.lines]
        assert len(comparable(state).trials) == len(plain.trials)

    def test_a_copy_is_no_baseline_where_the_baseline_has_its_real_ratio(self) -> None:
        state = sweep_state(arms=ARMS, curve=ruined_by_noise, baseline={"real_ratio": 0.5})
        assert list(baseline_arms(state)) == ["real_ratio=0.5"]

    def test_tables_of_trials_and_the_count_of_images_have_them(self) -> None:
        state = sweep_state(arms=ARMS, curve=ruined_by_noise)
        for table in (trial_table(state), report_table(state)):
            assert set(table["control"].dropna()) == {"copy", "noise"}
        assert "| real_ratio=0.5 control=copy | 0.5 | 0.5 |" in page(state)
