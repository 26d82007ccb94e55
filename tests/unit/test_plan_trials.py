"""Which arms and trials a spec plans, in which order, with which configuration."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.plan import (
    PlannedTrial,
    arm_name,
    arm_parameters,
    is_baseline,
    is_protected,
    make_trials,
    planned_trials,
    rungs,
    smoke_spec,
    starting_order,
    trial_config,
)
from sweep.spec import LoadedSpec, Spec, spec_from_dict
from tests.specs import tiny_spec

LR = "training.optimizer.lr"


def spec(parameters: dict[str, Any] | None = None, **sections: Any) -> Spec:
    values = tiny_spec(Path("/sweeps"))
    values["data"]["generated"]["gen_b"] = {"scenes": "aligned", "count": 3, "seed": 9}
    values["search"] |= {"parameters": parameters} if parameters else {}
    for name, section in sections.items():
        values[name] = values.get(name, {}) | section if name != "baseline" else section
    return spec_from_dict(values)


def arms(one: Spec) -> list[str]:
    return list(dict.fromkeys(trial.arm for trial in planned_trials(one)))


def test_a_grid_begins_with_known_points_and_the_baseline() -> None:
    one = spec(search={"points_first": [{"real_ratio": 0.5}], "seeds": [3, 4]})
    assert [(trial.trial_id, trial.arm, trial.seed) for trial in planned_trials(one)] == [
        ("t000", "real_ratio=0.5", 3),
        ("t001", "real_ratio=0.5", 4),
        ("t002", "real_ratio=1.0", 3),
        ("t003", "real_ratio=1.0", 4),
        ("t004", "real_ratio=0.0", 3),
        ("t005", "real_ratio=0.0", 4),
    ]


def test_equal_mixtures_of_a_grid_are_one_arm() -> None:
    ratios = {"values": [0, 0.5, 1]}
    one = spec({"real_ratio": ratios, "data.strategy": {"values": ["gen", "gen_b"]}})
    assert arms(one) == [
        "real_ratio=1.0",
        "real_ratio=0.0 strategy=gen",
        "real_ratio=0.0 strategy=gen_b",
        "real_ratio=0.5 strategy=gen",
        "real_ratio=0.5 strategy=gen_b",
    ]
    weighted = spec({"real_ratio": ratios, "data.weights.gen": {"values": [1, 2, 3]}})
    assert len(arms(weighted)) == 1 + 2 * 3


def test_a_grid_of_two_parameters_has_every_combination() -> None:
    one = spec(
        {"real_ratio": {"values": [0.25, 1]}, LR: {"values": [0.1, 0.01, 1]}},
        baseline={"real_ratio": 1, LR: 0.01},
    )
    pairs = [(trial.parameters["real_ratio"], trial.parameters[LR]) for trial in planned_trials(one)]
    assert pairs[0] == (1, 0.01)
    assert sorted(pairs) == sorted((ratio, lr) for ratio in (0.25, 1.0) for lr in (0.1, 0.01, 1.0))


def test_a_fixed_parameter_belongs_to_every_arm() -> None:
    one = spec({"real_ratio": {"values": [0, 1]}, LR: {"value": 0.5}})
    assert arms(one) == ["real_ratio=1.0 lr=0.5", "real_ratio=0.0 lr=0.5"]


def random_spec(trials: int, seed: int = 0, **parameters: Any) -> Spec:
    search = {"method": "random", "trials": trials, "seed": seed}
    return spec({"real_ratio": {"min": 0, "max": 1}} | parameters, search=search)


def test_a_random_search_has_as_many_arms_as_asked_for_and_the_same_for_the_same_seed() -> None:
    one = random_spec(20)
    assert len(arms(one)) == 20
    assert arms(one)[0] == "real_ratio=1.0"
    assert arms(one) == arms(random_spec(20))
    assert arms(one) != arms(random_spec(20, seed=1))


def test_random_values_are_distributed_as_named() -> None:
    one = spec(
        {
            "real_ratio": {"min": 0, "max": 1},
            LR: {"min": 1e-4, "max": 1e-1, "distribution": "log_uniform_values"},
            "training.batch_size": {"min": 1, "max": 4},
            "data.strategy": {"values": ["gen", "gen_b"]},
        },
        search={"method": "random", "trials": 2000},
        baseline={"real_ratio": 0.5, LR: 0.01, "training.batch_size": 1, "data.strategy": "gen"},
    )
    drawn = [trial.parameters for trial in planned_trials(one)[1:]]
    ratios = [point["real_ratio"] for point in drawn]
    logs = [math.log10(point[LR]) for point in drawn]
    for values, low, high in ((ratios, 0, 1), (logs, -4, -1)):
        assert low <= min(values) and max(values) <= high
        quarters = Counter(min(int(4 * (value - low) / (high - low)), 3) for value in values)
        assert all(400 < quarters[quarter] < 600 for quarter in range(4))
    sizes = Counter(point["training.batch_size"] for point in drawn)
    assert sorted(sizes) == [1, 2, 3, 4]
    assert all(400 < count < 600 for count in sizes.values())
    assert all(900 < count < 1100 for count in Counter(point["data.strategy"] for point in drawn).values())
    assert all(len(f"{ratio:.10g}".removeprefix("0.").lstrip("0")) <= 4 for ratio in ratios)


def test_a_random_search_of_few_arms_finds_them_all() -> None:
    one = spec(search={"method": "random", "trials": 3})
    assert sorted(arms(one)) == ["real_ratio=0.0", "real_ratio=0.5", "real_ratio=1.0"]


def test_optuna_plans_only_what_is_known() -> None:
    search = {"method": "optuna", "trials": 3, "points_first": [{"real_ratio": 0}], "seeds": [0, 1]}
    one = spec(search=search)
    assert arms(one) == ["real_ratio=0.0", "real_ratio=1.0"]
    later = make_trials(one, [{"real_ratio": 0.5}], first_number=len(planned_trials(one)))
    assert later == (
        PlannedTrial("t004", "real_ratio=0.5", {"real_ratio": 0.5}, 0),
        PlannedTrial("t005", "real_ratio=0.5", {"real_ratio": 0.5}, 1),
    )


def test_trials_start_in_shuffled_order_known_points_first() -> None:
    ratios = [round(0.05 * number, 2) for number in range(21)]
    one = spec(
        {"real_ratio": {"values": ratios}}, search={"points_first": [{"real_ratio": 0.3}], "seeds": [0, 1]}
    )
    trials = planned_trials(one)
    order = starting_order(one, trials)
    assert sorted(trial.trial_id for trial in order) == [trial.trial_id for trial in trials]
    assert [trial.arm for trial in order[:2]] == ["real_ratio=0.3"] * 2
    rest = [trial.parameters["real_ratio"] for trial in order[2:]]
    assert rest != sorted(rest) and rest != sorted(rest, reverse=True)
    assert order == starting_order(one, trials)
    assert order != starting_order(spec_from_dict(seeded(one, 1)), trials)


def seeded(one: Spec, seed: int) -> dict[str, Any]:
    values = one.model_dump(mode="json")
    values["search"]["seed"] = seed
    return values


def test_canonical_parameters() -> None:
    one = spec(
        {"real_ratio": {"values": [0, 1]}, "data.strategy": {"values": ["gen", "all"]}, LR: {"value": 1}}
    )
    assert arm_parameters(one, {"data.strategy": "gen", "real_ratio": 1}) == {"real_ratio": 1.0, LR: 1.0}
    assert list(arm_parameters(one, {"data.strategy": "gen", "real_ratio": 0})) == [
        "real_ratio",
        "data.strategy",
        LR,
    ]
    assert isinstance(arm_parameters(one, {"real_ratio": 1})["real_ratio"], float)


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"real_ratio": 0.125}, "real_ratio=0.125"),
        ({"real_ratio": 1}, "real_ratio=1.0"),
        ({"real_ratio": 0}, "real_ratio=0.0"),
        ({LR: 1e-5, "real_ratio": 0.05}, "real_ratio=0.05 lr=1e-05"),
        (
            {"real_ratio": 0.5, "training.optimizer.name": "sgd", "training.schedule.name": "poly"},
            "real_ratio=0.5 training.optimizer.name=sgd training.schedule.name=poly",
        ),
        (
            {"real_ratio": 0.5, "training.crop_size": [64, 96], "training.augmentation.photometric": True},
            "real_ratio=0.5 photometric=true crop_size=[64, 96]",
        ),
        ({"real_ratio": 0.5, "model.encoder_depth": None}, "real_ratio=0.5 encoder_depth=null"),
    ],
)
def test_names_of_arms(parameters: dict[str, Any], name: str) -> None:
    assert arm_name(parameters) == name


@given(st.floats(0, 1), st.floats(0, 1))
def test_names_of_arms_tell_all_ratios_apart(first: float, second: float) -> None:
    names = [arm_name({"real_ratio": ratio}) for ratio in (first, second)]
    assert (names[0] == names[1]) == (first == second)
    assert float(names[0].removeprefix("real_ratio=")) == first


def test_baseline_and_protected_arms() -> None:
    one = spec(
        {"real_ratio": {"values": [0, 0.5, 1]}, "data.strategy": {"values": ["gen", "gen_b"]}},
        early_stopping={"protect": [{"real_ratio": 0.0}, {"real_ratio": 0.5, "data.strategy": "gen_b"}]},
    )
    assert [trial.arm for trial in planned_trials(one) if is_baseline(one, trial.parameters)] == [
        "real_ratio=1.0"
    ]
    assert [trial.arm for trial in planned_trials(one) if is_protected(one, trial.parameters)] == [
        "real_ratio=1.0",
        "real_ratio=0.0 strategy=gen",
        "real_ratio=0.0 strategy=gen_b",
        "real_ratio=0.5 strategy=gen_b",
    ]


def test_the_last_iteration_is_always_a_rung() -> None:
    assert rungs(spec()) == (4, 8, 12)
    assert rungs(spec(early_stopping={"rungs": [4, 12]})) == (4, 12)
    assert rungs(spec(early_stopping={"rungs": []})) == (12,)


def test_a_trial_is_told_its_parameters() -> None:
    one = spec(
        {
            "real_ratio": {"values": [0, 1]},
            LR: {"values": [0.3]},
            "data.generated.gen.count": {"values": [2, 5]},
        },
        search={"seeds": [7]},
    )
    trial = planned_trials(one)[2]
    config = trial_config(one, trial)
    assert trial.arm == "real_ratio=0.0 count=5 lr=0.3"
    assert config.training.optimizer.lr == 0.3
    assert config.data.generated["gen"].model_dump()["count"] == 5
    assert (config.real_ratio, config.seed, config.training.iterations) == (0.0, 7, 12)
    assert config.model == one.model
    assert config.validate_at == (4, 8, 12)


def test_validations_between_rungs() -> None:
    one = spec(training={"validation_interval": 5})
    assert trial_config(one, planned_trials(one)[0]).validate_at == (4, 5, 8, 10, 12)


def test_a_smoke_run_has_all_trials_but_four_iterations() -> None:
    warm_up = "training.schedule.warmup_iterations"
    one = spec(
        {"real_ratio": {"values": [0, 1]}, warm_up: {"values": [0, 11]}},
        training={"schedule": {"warmup_iterations": 9}, "validation_interval": 1, "checkpoint_interval": 1},
        baseline={"real_ratio": 1, warm_up: 0},
        early_stopping={"protect": [{warm_up: 0}, {"real_ratio": 0, warm_up: 0}]},
        search={"points_first": [{"real_ratio": 0, warm_up: 0}]},
    )
    tiny = smoke_spec(LoadedSpec(one, "", "")).spec
    assert spec_from_dict(tiny.model_dump(mode="json")) == tiny
    assert tiny.name == "tiny-smoke"
    assert rungs(tiny) == (2, 4)
    assert [trial.arm for trial in planned_trials(tiny)] == ["real_ratio=0.0", "real_ratio=1.0"]
    assert {trial_config(tiny, trial).training.iterations for trial in planned_trials(tiny)} == {4}
    assert tiny.early_stopping.protect == ({"real_ratio": 0},)
