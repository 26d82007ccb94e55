"""Specs whose trainer is somebody's own: what may be left out, what may be searched, what is compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sweep.errors import SpecError
from sweep.plan import mixtures, plan_text, planned_trials, protocol_id, regime_id, trial_config
from sweep.spec import Spec, load_spec, spec_from_dict
from tests.specs import tiny_spec, write_spec
from trainables.contract import ElsewhereSource

OWN = "my_package.training:train"


def own(**sections: Any) -> Spec:
    return spec_from_dict(own_values(**sections))


def own_values(**sections: Any) -> dict[str, Any]:
    values = tiny_spec(Path("/sweeps"), trainable=OWN) | sections
    if "data" not in sections:
        del values["data"]
    return values


def faults(values: dict[str, Any]) -> list[str]:
    with pytest.raises(SpecError) as caught:
        spec_from_dict(values)
    return [fault.describe("").removeprefix(": ") for fault in caught.value.faults]


def searching(path: str, **parameter: Any) -> dict[str, Any]:
    return {"parameters": {"real_ratio": {"values": [0, 1]}, path: parameter}, "seeds": [0]}


class TestTrainable:
    @pytest.mark.parametrize("word", ["segmentaion", "segmentation:", "a.b", "a.b:c.d", ":f", "1a:f", ""])
    def test_what_is_no_trainable_is_told_with_what_is(self, word: str) -> None:
        (fault,) = faults(own_values(trainable=word))
        assert fault.startswith(f"trainable is {word!r}; it must be one of: segmentation, replay, ")

    def test_a_misspelt_one_is_recognised(self) -> None:
        assert faults(own_values(trainable="segmentaion"))[0].endswith("Did you mean 'segmentation'?")

    @pytest.mark.parametrize("word", ["m:f", "package.module:function", "_a.b_2:_f"])
    def test_a_function_of_ones_own(self, word: str) -> None:
        assert own(trainable=word).has_own_trainer
        assert not spec_from_dict(tiny_spec(Path("/sweeps"))).has_own_trainer


class TestSourcesElsewhere:
    def test_all_images_lie_elsewhere_unless_said_otherwise(self) -> None:
        spec = own()
        assert spec.data.real == ElsewhereSource(elsewhere="real")
        assert spec.data.generated == {"generated": ElsewhereSource(elsewhere="generated")}
        assert spec.data.validation == ElsewhereSource(elsewhere="validation")
        assert spec.data.classes == ()
        assert spec_from_dict(spec.model_dump(mode="json")) == spec

    def test_what_is_said_stays(self) -> None:
        data = {"generated": {"gan": {"elsewhere": "StarGAN v2", "image_count": 50}}, "classes": ["a", "b"]}
        spec = own(data=data)
        assert spec.data.generated == {"gan": ElsewhereSource(elsewhere="StarGAN v2", image_count=50)}
        assert spec.data.real == ElsewhereSource(elsewhere="real")
        assert spec.data.classes == ("a", "b")

    def test_passes_are_planned_where_the_number_of_images_is_known(self) -> None:
        spec = own(data={"generated": {"gan": {"elsewhere": "StarGAN v2", "image_count": 6}}})
        half = mixtures(spec)[1]
        assert (half.real_passes, half.generated_passes) == (None, 2.0)
        assert "unknown" in plan_text(spec)

    def test_our_own_training_needs_them_as_before(self) -> None:
        values = tiny_spec(Path("/sweeps"))
        del values["data"]
        assert faults(values) == ["data is missing; give a section with real, validation"]

    def test_our_own_training_cannot_find_them(self) -> None:
        values = tiny_spec(Path("/sweeps"))
        values["data"] |= {"real": {"elsewhere": "there"}, "classes": ["a"]}
        expected = "data.real lies elsewhere; with trainable: segmentation give folders or scenes"
        assert faults(values) == [expected]

    def test_any_spec_can_be_replayed(self, tmp_path: Path) -> None:
        path = write_spec(tmp_path / "own.yaml", own_values(options={"width": 3}))
        spec = load_spec(path, ["trainable=replay", "replay.curves=curves.csv"]).spec
        assert spec.trainable == "replay"


class TestOptions:
    def test_they_reach_the_trial_with_the_searched_values(self) -> None:
        options = {"width": 32, "ema": {"decay": 0.5, "on": True}}
        search = searching("options.ema.decay", values=[0.25, "auto"])
        spec = own(options=options, search=search, baseline={"options.ema.decay": "auto", "real_ratio": 1})
        configs = [trial_config(spec, trial) for trial in planned_trials(spec)]
        assert {config.options["ema"]["decay"] for config in configs} == {0.25, "auto"}
        assert all(config.options["width"] == 32 and config.options["ema"]["on"] for config in configs)
        assert spec.options.by_name == options
        assert spec_from_dict(json.loads(spec.model_dump_json())) == spec

    def test_a_whole_number_stays_one(self) -> None:
        baseline = {"real_ratio": 1, "options.width": 1}
        spec = own(
            options={"width": 1.5}, search=searching("options.width", values=[1, 2]), baseline=baseline
        )
        widths = [trial.parameters["options.width"] for trial in planned_trials(spec)]
        assert {type(width) for width in widths} == {int}

    @pytest.mark.parametrize(
        ("path", "parameter", "fault"),
        [
            (
                "options.wdith",
                {"values": [1]},
                "is no key of options; give it a default there. Did you mean",
            ),
            ("options.ema", {"values": [1]}, "is a section; search its keys, such as options.ema.decay"),
            (
                "options.width",
                {"min": 1, "max": 3},
                "has min and max, but its values are no numbers",
            ),
            ("options", {"values": [1]}, "is a section; search its keys, such as options.width"),
        ],
    )
    def test_only_what_has_a_default_can_be_searched(
        self, path: str, parameter: dict[str, Any], fault: str
    ) -> None:
        values = own_values(
            options={"width": 32, "ema": {"decay": 0.5}},
            search=searching(path, **parameter),
            baseline={"real_ratio": 1},
        )
        assert faults(values)[0].removeprefix(f"search.parameters.{path} ").startswith(fault)

    @pytest.mark.parametrize("default", [0.5, None])
    def test_numbers_are_drawn_for_a_number(self, default: float | None) -> None:
        search = {**searching("options.decay", min=0.25, max=0.5), "method": "random", "trials": 4}
        spec = own(
            options={"decay": default}, search=search, baseline={"real_ratio": 1, "options.decay": 0.3}
        )
        drawn = [trial.parameters["options.decay"] for trial in planned_trials(spec)]
        assert len(set(drawn)) == 4 and all(0.25 <= value <= 0.5 for value in drawn)

    @pytest.mark.parametrize(
        ("options", "fault"),
        [
            ({"a b": 1}, "options.a b is a bad name for an option"),
            ({"a": {"b.c": 1}}, "options.a.b.c is a bad name for an option"),
            ({"a": float("inf")}, "options.a is inf; it must be finite"),
            (3, "options is 3; it must be a section"),
        ],
    )
    def test_faulty_options(self, options: Any, fault: str) -> None:
        (told,) = faults(own_values(options=options))
        assert told.startswith(fault)

    def test_our_own_training_reads_none(self) -> None:
        values = tiny_spec(Path("/sweeps"), options={"a": 1}, protocol="mine")
        assert [fault.split(",")[0] for fault in faults(values)] == [
            "options is given",
            "protocol is 'mine'",
        ]


class TestIdentity:
    def test_options_are_part_of_the_regime_unless_searched(self) -> None:
        base = own(options={"a": 1, "b": 2})
        assert regime_id(base) != regime_id(own(options={"a": 1, "b": 3}))
        assert protocol_id(base) == protocol_id(own(options={"a": 1, "b": 3}))
        baseline = {"real_ratio": 1, "options.b": 5}
        searched = [
            own(
                options={"a": 1, "b": default},
                search=searching("options.b", values=[5, 6]),
                baseline=baseline,
            )
            for default in (2, 3)
        ]
        assert regime_id(searched[0]) == regime_id(searched[1]) != regime_id(base)

    def test_another_trainer_is_another_protocol_and_regime(self) -> None:
        ours = spec_from_dict(tiny_spec(Path("/sweeps")))
        specs = [own(), own(trainable="other:train"), ours]
        assert len({regime_id(spec) for spec in specs}) == len({protocol_id(spec) for spec in specs}) == 3

    def test_words_make_the_scores_of_two_trainers_comparable(self) -> None:
        first, second = (own(trainable=name, protocol="BDD10k val") for name in (OWN, "other:train"))
        assert protocol_id(first) == protocol_id(second) != protocol_id(own(protocol="BDD10k test"))
        assert regime_id(first) != regime_id(second)


class TestGpus:
    def test_several_are_for_a_trainer_of_ones_own(self) -> None:
        assert own(resources={"gpus_per_trial": 4}).resources.gpus_per_trial == 4

    def test_no_part_of_a_second_one(self) -> None:
        (fault,) = faults(own_values(resources={"gpus_per_trial": 1.5}))
        assert fault.startswith("resources.gpus_per_trial is 1.5; above 1 it must be a whole number")
