"""Identity, cost, mixtures and text of a plan."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.plan import estimate_cost, mixtures, plan_text, protocol_id, regime_id
from sweep.plan.mixtures import batch_pattern
from sweep.spec import Spec, spec_from_dict
from tests.specs import tiny_spec


def spec(storage: Path = Path("/sweeps"), **sections: Any) -> Spec:
    values = tiny_spec(storage)
    for name, section in sections.items():
        values[name] = values.get(name, {}) | section
    return spec_from_dict(values)


def ids(**sections: Any) -> tuple[str, str]:
    one = spec(**sections)
    return protocol_id(one), regime_id(one)


def test_ids_are_twelve_hexadecimal_digits() -> None:
    for one in ids():
        assert len(one) == 12
        int(one, 16)


@pytest.mark.parametrize(
    "sections",
    [
        {"name": {}},
        {"search": {"seeds": [5, 6]}},
        {"training": {"seed": 9}},
        {"training": {"workers": 2, "log_interval": 3, "validation_interval": 5, "checkpoint_interval": 5}},
        {"early_stopping": {"rungs": [3]}},
        {"storage": {"path": "/elsewhere"}},
        {"data": {"root": "/elsewhere"}},
    ],
)
def test_what_changes_no_number_changes_no_id(sections: dict[str, Any]) -> None:
    assert ids(**{name: section for name, section in sections.items() if section}) == ids()


@pytest.mark.parametrize(
    ("sections", "changes_protocol", "changes_regime"),
    [
        ({"data": {"validation": {"scenes": "real", "count": 5, "seed": 3}}}, True, False),
        ({"data": {"ignore_index": 254}}, True, True),
        ({"data": {"label_map": {6: 5}}}, True, True),
        ({"data": {"reduce_zero_label": True}}, True, True),
        ({"data": {"classes": ["a", "b", "c", "d", "e", "f", "g"]}}, True, True),
        ({"data": {"real": {"scenes": "real", "count": 7, "seed": 1}}}, False, True),
        ({"data": {"weights": {"gen": 2}}}, False, True),
        ({"model": {"encoder": "resnet18"}}, False, True),
        ({"training": {"iterations": 13}}, False, True),
        ({"training": {"batch_size": 4}}, False, True),
        ({"training": {"optimizer": {"lr": 0.5}}}, False, True),
    ],
)
def test_what_changes_numbers(sections: dict[str, Any], changes_protocol: bool, changes_regime: bool) -> None:
    protocol, regime = ids(**sections)
    assert (protocol != ids()[0], regime != ids()[1]) == (changes_protocol, changes_regime)


def test_what_is_searched_is_no_part_of_the_regime() -> None:
    lr = searching_lr({"values": [0.5, 0.1]})
    one, other = (
        regime_id(spec(search=lr, baseline=BASELINE_LR, training={"optimizer": {"lr": unused}}))
        for unused in (0.01, 0.02)
    )
    assert one == other
    assert one != regime_id(spec())


@pytest.mark.parametrize("form", [{"value": 0.5}, {"values": [0.5]}])
def test_a_parameter_with_a_single_value_stays_in_the_regime(form: dict[str, Any]) -> None:
    searched = regime_id(spec(search=searching_lr(form)))
    assert searched == regime_id(spec(training={"optimizer": {"lr": 0.5}}))
    assert searched != regime_id(spec(search=searching_lr({"value": 0.4})))
    assert searched != regime_id(spec(search=searching_lr({"values": [0.5, 0.4]}), baseline=BASELINE_LR))


def test_real_ratio_is_part_of_no_regime_even_with_a_single_value() -> None:
    assert regime_id(spec(search={"parameters": {"real_ratio": {"value": 1}}})) == regime_id(spec())


BASELINE_LR = {"training.optimizer.lr": 0.5}


def searching_lr(form: dict[str, Any]) -> dict[str, Any]:
    return {"parameters": {"real_ratio": {"values": [1]}, "training.optimizer.lr": form}}


def folders(root: Path, sections: dict[str, Any] | None = None, **search: Any) -> Spec:
    parameters = {"real_ratio": {"value": 1}, **search}
    values = tiny_spec(root, search={"parameters": parameters}, **(sections or {}))
    values["data"] = {
        "root": str(root),
        "real": {"split": "train"},
        "validation": {"split": "val"},
        "classes": ["a", "b"],
    }
    return spec_from_dict(values)


def write(root: Path, split: str, names: str) -> None:
    for folder, suffix in (("img_dir", "jpg"), ("ann_dir", "png")):
        (root / folder / split).mkdir(parents=True, exist_ok=True)
        for name in names:
            (root / folder / split / f"{name}.{suffix}").write_bytes(name.encode() * 10)


def test_folders_count_by_what_they_hold_not_by_where_they_lie(tmp_path: Path) -> None:
    here = tmp_path / "here"
    write(here, "train", "abc")
    write(here, "val", "de")
    shutil.copytree(here, tmp_path / "there")
    before = protocol_id(folders(here)), regime_id(folders(here))
    assert before == (protocol_id(folders(tmp_path / "there")), regime_id(folders(tmp_path / "there")))
    (here / "ann_dir" / "val" / "d.png").write_bytes(b"longer than before")
    assert protocol_id(folders(here)) != before[0]
    assert regime_id(folders(here)) == before[1]
    write(here, "train", "f")
    assert regime_id(folders(here)) != before[1]


def test_a_searched_folder_is_no_part_of_the_regime(tmp_path: Path) -> None:
    write(tmp_path, "train", "abc")
    write(tmp_path, "other", "xyz")
    splits = ["train", "other"]
    searched, single = ({"data.real.split": {"values": values}} for values in (splits, splits[:1]))
    baseline = {"baseline": {"real_ratio": 1, "data.real.split": "train"}}
    before = regime_id(folders(tmp_path, baseline, **searched)), regime_id(folders(tmp_path, **single))
    write(tmp_path, "train", "f")
    assert regime_id(folders(tmp_path, baseline, **searched)) == before[0]
    assert regime_id(folders(tmp_path, **single)) != before[1]


def test_pretrained_weights_count_by_their_bytes(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"weights")
    (tmp_path / "two").write_bytes(b"weights")
    one, two = (regime_id(spec(model={"pretrained": str(tmp_path / name)})) for name in ("one", "two"))
    assert one == two
    (tmp_path / "two").write_bytes(b"WEIGHTS")
    assert regime_id(spec(model={"pretrained": str(tmp_path / "two")})) != one


def test_cost_in_numbers() -> None:
    one = spec(
        search={"seeds": [0, 1]},
        early_stopping={"rungs": [4, 8], "min_peers": 2, "reduction_factor": 2},
        resources={"gpus_per_trial": 0.5, "concurrent_trials": 4, "seconds_per_iteration": 300},
    )
    cost = estimate_cost(one, checkpoint_bytes=2_000_000_000)
    assert (cost.arms, cost.trials, cost.iterations_worst) == (3, 6, 72)
    # both trials of the baseline run 12 iterations; of the 4 others half go on from each rung
    assert cost.iterations_expected == 2 * 12 + (4 + 2 + 1) * 4
    assert cost.trial_hours_worst == pytest.approx(6.0)
    assert cost.trial_hours_expected == pytest.approx(52 * 300 / 3600)
    assert cost.gpu_hours_worst == pytest.approx(3.0)
    assert cost.wall_hours_worst == pytest.approx(2.0)
    assert cost.wall_hours_expected == pytest.approx(52 * 300 / 3600 / 4)
    assert cost.checkpoint_gigabytes == 12.0
    assert "one in 2" in cost.assumption


@pytest.mark.parametrize(
    ("stopping", "iterations", "assumption"),
    [
        ({"name": "asha", "reduction_factor": 2}, 24 + (4 + 2 + 1) * 4, "one in 2 of the trials that may"),
        (
            {"name": "guarded", "reduction_factor": 2},
            24 + (4 + 2 + 1) * 4,
            "which is the least: it depends on the curves",
        ),
        ({"name": "median"}, 24 + (4 + 2 + 1) * 4, "half of the trials that may be stopped go on"),
        ({"name": "median", "patience": 2}, 24 + (4 + 4 + 2) * 4, "half of the trials"),
        ({"name": "median", "spare": 0.5}, 24 + (4 + 3 + 2.5) * 4, "half of the trials"),
        ({"name": "median", "spare": 1}, 72, "half of the trials"),
        ({"name": "promote", "spend": 0.75}, 54, "75 % of all iterations are spent"),
        ({"name": "promote", "spend": 0.1}, 24 + 4 * 4, "every trial comes to the first rung"),
        ({"name": "promote"}, 43, "it depends on the curves"),
    ],
    ids=str,
)
def test_every_rule_has_an_expected_cost_with_what_it_takes_for_granted(
    stopping: dict[str, object], iterations: float, assumption: str
) -> None:
    """Two trials of the baseline run 12 iterations; four others may be stopped at 4 and 8."""
    options = {"min_peers": 2} if stopping.get("name") != "promote" else {}
    cost = estimate_cost(
        spec(search={"seeds": [0, 1]}, early_stopping={"rungs": [4, 8], **options, **stopping})
    )
    assert (cost.iterations_expected, cost.iterations_worst) == (round(iterations), 72)
    assert assumption in cost.assumption


def test_cost_without_stopping_is_the_worst() -> None:
    cost = estimate_cost(spec(early_stopping={"name": "none"}))
    assert cost.iterations_expected == cost.iterations_worst == 36
    assert cost.assumption == "every trial runs to the last iteration"
    assert cost.trial_hours_worst is cost.wall_hours_worst is cost.checkpoint_gigabytes is None


def test_cost_of_trials_that_are_not_known_yet() -> None:
    search = {
        "method": "optuna",
        "trials": 5,
        "seeds": [0, 1, 2],
        "parameters": {"real_ratio": {"min": 0, "max": 1}},
    }
    cost = estimate_cost(spec(search=search), seconds_per_iteration=1)
    assert (cost.arms, cost.trials, cost.iterations_worst) == (5, 15, 15 * 12)
    assert cost.iterations_expected < cost.iterations_worst


@given(st.integers(0, 20), st.integers(1, 9), st.floats(1.1, 9))
def test_expected_cost_is_never_above_the_worst(min_peers: int, seeds: int, factor: float) -> None:
    stopping = {"rungs": [4, 8], "min_peers": min_peers + 1, "reduction_factor": factor}
    cost = estimate_cost(spec(search={"seeds": list(range(seeds))}, early_stopping=stopping))
    assert seeds * 12 <= cost.iterations_expected <= cost.iterations_worst


@pytest.mark.parametrize(
    ("real_ratio", "batch_size", "pattern"),
    [
        (0, 8, "0 of 8 real"),
        (0.05, 8, "0-1 of 8 real, 1 in 2 of 5 batches"),
        (0.125, 8, "1 of 8 real"),
        (0.3, 8, "2-3 of 8 real, 3 in 2 of 5 batches"),
        (1.0, 8, "8 of 8 real"),
        (0.5, 1, "0-1 of 1 real, 1 in 1 of 2 batches"),
        (0.61234, 8, "4-5 of 8 real, 5 in 89.9% of batches"),
    ],
)
def test_batch_patterns(real_ratio: float, batch_size: int, pattern: str) -> None:
    assert batch_pattern(float(real_ratio), batch_size) == pattern


def test_mixtures_in_images_and_passes() -> None:
    one = spec(search={"parameters": {"real_ratio": {"values": [0.05, 0.5, 1]}}}, training={"iterations": 30})
    rows = {row.real_ratio: row for row in mixtures(one)}
    assert list(rows) == [0.05, 0.5, 1.0]
    assert (rows[0.05].real_images, rows[0.05].generated_images) == (3, 57)
    assert (rows[0.05].real_passes, rows[0.05].generated_passes) == (0.5, 9.5)
    assert rows[0.05].generated == ("gen",)
    assert (rows[1.0].real_images, rows[1.0].generated_images, rows[1.0].generated_passes) == (60, 0, 0.0)
    assert rows[1.0].generated == ()


def test_passes_over_folders_that_are_not_there_are_unknown(tmp_path: Path) -> None:
    (row,) = mixtures(folders(tmp_path))
    assert row.real_passes is None
    write(tmp_path, "train", "abc")
    (row,) = mixtures(folders(tmp_path))
    assert row.real_passes == 12 * 2 / 3


@dataclass
class Trial:
    status: str
    iteration: int
    seconds: float


@dataclass
class Begun:
    trials: dict[str, Trial] = field(default_factory=dict)


def test_the_text_of_a_plan() -> None:
    text = plan_text(spec(budget={"hours": 2.0}), None)
    for line in (
        "tiny: 3 trials, 3 arms with seeds 0, by grid",
        "rungs: 4, 8, 12 iterations, judged by val_miou",
        "  real_ratio=0.5",
        "  0.5         1 of 2 real  12           2       12         2       gen",
        "  iterations               24        36",
        "  trial hours         unknown   unknown",
        "  budget: hours 2",
    ):
        assert line in text.split("\n"), text


def test_the_text_of_a_plan_that_was_begun() -> None:
    begun = Begun({"t000": Trial("finished", 12, 3600.0 * 12), "t001": Trial("interrupted", 4, 3600.0 * 4)})
    text = plan_text(spec(), begun)
    assert "1 finished, 1 interrupted" in text
    assert "  t001 goes on from its checkpoint, at or before iteration 4" in text
    assert "  trial hours            23.6        36" in text


def test_the_text_names_arms_still_to_be_proposed() -> None:
    search = {"method": "optuna", "trials": 5, "parameters": {"real_ratio": {"min": 0, "max": 1}}}
    assert "  and 4 that optuna will propose" in plan_text(spec(search=search), None)


def test_the_text_names_trials_that_a_curve_will_propose() -> None:
    range_ = {"real_ratio": {"min": 0, "max": 0.8}}
    search = {"method": "curve", "trials": 11, "seeds": [0, 1], "parameters": range_}
    sections = {"search": search, "baseline": {"real_ratio": 0.8}}
    cost = estimate_cost(spec(**sections))
    assert (cost.arms, cost.trials, cost.iterations_worst) == (4, 11, 11 * 12)
    lines = plan_text(spec(**sections)).split("\n")
    assert lines[0] == "tiny: 11 trials, 4 arms with seeds 0, 1 first, by curve"
    assert lines[2:6] == [f"  real_ratio={share}" for share in (0.8, 0.0, 0.4, 0.1)]
    assert lines[6] == "  and 3 trials, of these arms or others, that curve will propose"


@pytest.mark.parametrize(
    ("crop", "model", "gpus", "advice"),
    [
        (256, "resnet18", 1.0, "0.25"),
        (512, "resnet18", 1.0, "0.5"),
        (1024, "resnet18", 1.0, None),
        (256, "resnet50", 1.0, None),
        (256, "resnet18", 0.5, None),
        (256, "resnet18", 0.0, None),
    ],
)
def test_the_advice_to_share_a_gpu_is_given_where_it_was_measured(
    crop: int, model: str, gpus: float, advice: str | None
) -> None:
    text = plan_text(
        spec(
            model={"architecture": "smp_pspnet", "encoder": model},
            training={"batch_size": 8, "crop_size": [crop, crop], "precision": "bf16"},
            resources={"gpus_per_trial": gpus},
        )
    )
    assert (f"resources.gpus_per_trial {advice} trains" in text) if advice else ("trains" not in text)


@pytest.mark.parametrize(
    ("section", "change"),
    [
        ("model", {"architecture": "smp_unet"}),
        ("training", {"precision": "fp32"}),
        (
            "search",
            {"parameters": {"real_ratio": {"values": [1.0]}, "model.encoder": {"values": ["resnet34"]}}},
        ),
    ],
)
def test_and_nowhere_else(section: str, change: dict[str, Any]) -> None:
    small: dict[str, dict[str, Any]] = {
        "model": {"architecture": "smp_pspnet", "encoder": "resnet18"},
        "training": {"batch_size": 8, "crop_size": [256, 256], "precision": "bf16"},
        "resources": {"gpus_per_trial": 1.0},
    }
    assert "trains" in plan_text(spec(**small))
    assert "trains" not in plan_text(spec(**small | {section: small.get(section, {}) | change}))
