"""What is wrong with a spec is said in plain words, all of it at once, with lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sweep.errors import SpecError
from sweep.spec import Spec, load_spec, spec_from_dict
from tests.specs import tiny_spec
from trainables.contract.model import SMP_ARCHITECTURES

REAL_RATIO = {"real_ratio": {"values": [0, 0.5, 1]}}
FOLDERS = {
    "real": {"split": "train"},
    "generated": {"gen": {"images": "gen", "labels": "ann"}},
    "validation": {"split": "val"},
    "classes": ["a", "b"],
}


def faults(**sections: Any) -> list[str]:
    """Faults of the tiny spec with `sections` replaced."""
    with pytest.raises(SpecError) as caught:
        spec(**sections)
    return [fault.describe("").removeprefix(": ") for fault in caught.value.faults]


def spec(**sections: Any) -> Spec:
    return spec_from_dict(tiny_spec(Path("/sweeps"), **sections))


def search(parameters: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"parameters": REAL_RATIO | parameters, **keys}


def training(**keys: Any) -> dict[str, Any]:
    return {"iterations": 12, **keys}


def data(**keys: Any) -> dict[str, Any]:
    return tiny_spec(Path())["data"] | keys


def test_the_example_of_the_design(tmp_path: Path) -> None:
    path = tmp_path / "ratios.yaml"
    path.write_text(
        "name: ratios\n"
        "data: {real: {scenes: real, count: 9}, generated: {gen: {scenes: aligned, count: 9}},\n"
        "       validation: {scenes: real, count: 9, seed: 1}}\n"
        "training: {iterations: 100}\n"
        "search: {parameters: {real_ratio: {values: [0, 0.5, 1, 1.2]}}}\n"
        "baseline:\n"
        "  real_ratio: 1\n"
        "early_stopping:\n"
        "  trails: 3\n"
    )
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    first, second = str(caught.value).split("\n")
    assert first == f"{path}:5: search.parameters.real_ratio.values[3] is 1.2; it must be between 0 and 1"
    assert second.startswith(f"{path}:9: unknown key 'trails' in 'early_stopping'. ")
    assert " rungs" in second


@pytest.mark.parametrize(
    ("sections", "fault"),
    [
        (
            {"name": "No Spaces"},
            "name is 'No Spaces'; it must be 1 to 64 lower-case letters, digits, '.', '_' and ",
        ),
        ({"name": "x" * 65}, "name is '"),
        ({"name": 3}, "name is 3; it must be 1 to 64"),
        ({"name": None}, "name is empty; it must be 1 to 64"),
        ({"data": 3}, "data is 3; it must be a section with real, validation"),
        (
            {"data": data(real=3)},
            "data.real is 3; it must be a section with split, images, labels, image_suffix",
        ),
        ({"data": data(real={"scenes": "real"})}, "data.real.count is missing; give a whole number above 0"),
        (
            {"data": data(layout="voc")},
            "data.layout is 'voc'; it must be one of: mmsegmentation, cityscapes, bdd100k",
        ),
        ({"data": data(label_map={"a": 1})}, "data.label_map.a is 'a'; it must be a whole number"),
        ({"data": data(classes="ab")}, "data.classes is 'ab'; it must be a list, each item text"),
        ({"training": {}}, "training.iterations is missing; give a whole number above 0"),
        (
            {"training": training(batch_size=True)},
            "training.batch_size is true; it must be a whole number above 0",
        ),
        (
            {"training": training(batch_size="8")},
            "training.batch_size is '8'; it must be a whole number above 0",
        ),
        (
            {"training": training(batch_size=8.5)},
            "training.batch_size is 8.5; it must be a whole number above 0",
        ),
        ({"training": training(batch_size=0)}, "training.batch_size is 0; it must be above 0"),
        (
            {"training": training(crop_size=[3])},
            "training.crop_size[1] is missing; give a whole number above 0",
        ),
        (
            {"training": training(crop_size=[3, 4, 5])},
            "training.crop_size is [3, 4, 5]; it must be a list of 2, each a whole number above 0",
        ),
        (
            {"training": training(precision="fp16")},
            "training.precision is 'fp16'; it must be one of: fp32, bf16",
        ),
        (
            {"training": training(optimizer={"momentum": 1})},
            "training.optimizer.momentum is 1; it must be at least 0 and below 1",
        ),
        (
            {"training": training(schedule={"warmup_iterations": 12})},
            "training.schedule.warmup_iterations is 12; it must be less than iterations (12)",
        ),
        (
            {"training": training(augmentation={"photometric": "yes"})},
            "training.augmentation.photometric is 'yes'; it must be true or false",
        ),
        (
            {"training": training(validation_interval=0.5)},
            "training.validation_interval is 0.5; it must be a whole number above 0, or null",
        ),
        ({"budget": {"hours": -1}}, "budget.hours is -1; it must be above 0"),
        ({"budget": {"hours": float("nan")}}, "budget.hours is nan; it must be above 0"),
        ({"baseline": [1]}, "baseline is [1]; it must be a section"),
        ({"tracking": {"enabled": 1}}, "tracking.enabled is 1; it must be true or false"),
        ({"qqq": 1}, "unknown key 'qqq'. There are: baseline, budget, command, controls,"),
        ({"serach": {}}, "unknown key 'serach'. Did you mean 'search'?"),
    ],
)
def test_wrong_values_in_plain_words(sections: dict[str, Any], fault: str) -> None:
    (told,) = faults(**sections)
    assert told.startswith(fault)


def test_missing_sections_are_told_together() -> None:
    with pytest.raises(SpecError) as caught:
        spec_from_dict({"name": "x"})
    paths = [fault.path for fault in caught.value.faults]
    assert paths == ["data", "training", "search"]


@pytest.mark.parametrize(
    ("sections", "fault"),
    [
        ({"data": data(strategy="night")}, "data.strategy is 'night'; it must be one of: all, gen"),
        ({"data": data(weights={"night": 1})}, "data.weights names ['night']"),
        ({"data": data(ignore_index=3)}, "data.ignore_index is 3, the id of the class 'pavement'"),
        (
            {"data": data(classes=["a", "b", "a"])},
            "data.classes[2] is 'a', as item [0] is already; remove one",
        ),
        (
            {"data": data(label_map={9: 7})},
            "data.label_map.9 is 7; it must be a class id (0 to 6) or data.ignore_",
        ),
        (
            {"data": data(label_map={256: 0})},
            "data.label_map.256 is no label id; label ids are between 0 and 255",
        ),
        (
            {"data": data(generated={"all": {"scenes": "aligned", "count": 1}})},
            "data.generated.all is a bad name for a source",
        ),
        (
            {"data": data(generated={"gen.a": {"scenes": "aligned", "count": 1}})},
            "data.generated.gen.a is a bad name for a source",
        ),
        (
            {"data": data(validation={"scenes": "real", "count": 4, "seed": 1})},
            "data.validation.seed is 1, which makes the scenes of data.real; give another seed",
        ),
        (
            {"data": FOLDERS | {"classes": ["a"]}},
            "data.classes has one class, 'a': every network finds it everywhere; name at least two",
        ),
        ({"data": FOLDERS | {"classes": []}}, "data.classes are missing; list the names of the classes"),
        ({"data": FOLDERS | {"real": {}}}, "data.real names no images; give `split` or `images`"),
        (
            {"data": FOLDERS | {"real": {"images": "a"}}},
            "data.real names no labels; give `split` or `labels`",
        ),
        (
            {"model": {"architecture": "unet"}},
            "model.architecture is 'unet'; it must be pspnet_r50_d8, or smp_NAME",
        ),
        (
            {"model": {"architecture": "smp_unett", "encoder": "resnet18"}},
            "model.architecture is 'smp_unett'; it must be pspnet_r50_d8, or smp_NAME with the name of an "
            "architecture of segmentation_models_pytorch. Did you mean 'smp_unet'?",
        ),
        (
            {"model": {"architecture": "smp_unet"}},
            "model.encoder is missing; smp_unet needs one, such as resnet18",
        ),
        ({"name": "smoke"}, "name is 'smoke', which the storage itself uses; give another name"),
        ({"name": "mlartifacts"}, "name is 'mlartifacts', which the storage itself uses"),
        ({"name": "mlflow.db"}, "name is 'mlflow.db', which the storage itself uses"),
        ({"name": "mlflow.db-wal"}, "name is 'mlflow.db-wal', which the storage itself uses"),
        (
            {"model": {"encoder": "resnet18"}},
            "model.encoder is 'resnet18', but pspnet_r50_d8 has an encoder of its",
        ),
        (
            {"training": training(augmentation={"resize_range": [2, 0.5]})},
            "training.augmentation.resize_range is [2.0, 0.5]; the smaller factor must come first",
        ),
        (
            {"training": training(optimizer={"lr": 6e-5})},
            "training.optimizer.lr is 6e-05; it must be at least training.schedule.eta_min (0.0001)",
        ),
        (
            {"early_stopping": {"rungs": [4, 4]}},
            "early_stopping.rungs[1] is 4; it must be above the rung before",
        ),
        (
            {"early_stopping": {"rungs": [4, 13]}},
            "early_stopping.rungs[1] is 13; it must be at most training.iterations (12)",
        ),
        (
            {"early_stopping": {"aim": "curve"}},
            "early_stopping.aim is 'curve', which guarded does not read; remove it, or set "
            "early_stopping.name to promote",
        ),
        (
            {"early_stopping": {"name": "asha", "delta": 0.01}},
            "early_stopping.delta is 0.01, which asha does not read; remove it, or set early_stopping.name "
            "to guarded or promote",
        ),
        (
            {"early_stopping": {"name": "promote", "rungs": [4], "patience": 2}},
            "early_stopping.patience is 2, which promote does not read",
        ),
        (
            {"early_stopping": {"tolerance": 0.4}},
            "early_stopping.tolerance is 0.4, which guarded does not read; remove it, or set "
            "early_stopping.name to promote",
        ),
        (
            {"early_stopping": {"name": "promote", "rungs": [4], "tolerance": 0.4}},
            "early_stopping.tolerance is 0.4, which promote with aim: winner does not read; remove it, or "
            "set early_stopping.aim to curve",
        ),
        (
            {"early_stopping": {"name": "promote", "rungs": [4], "aim": "curve", "delta": 0.1}},
            "early_stopping.delta is 0.1, which promote with aim: curve does not read; remove it, or set "
            "early_stopping.aim to winner",
        ),
        (
            {"early_stopping": {"name": "promote", "rungs": [4], "spend": 0.5, "delta": 0.1}},
            "early_stopping.delta is 0.1, which promote with spend does not read; remove it, or remove "
            "early_stopping.spend",
        ),
        (
            {"early_stopping": {"name": "promote", "rungs": [4], "spend": 0.5, "tolerance": 1}},
            "early_stopping.tolerance is 1.0, which promote with spend does not read; remove it, or remove "
            "early_stopping.spend",
        ),
        (
            {"early_stopping": {"name": "promote", "rungs": []}},
            "early_stopping.rungs is missing; promote pauses trials at rungs: give iterations below "
            "training.iterations (12)",
        ),
        (
            {"early_stopping": {"reduction_factor": 1}},
            "early_stopping.reduction_factor is 1; it must be above 1",
        ),
        (
            {"resources": {"gpus_per_trial": 2}},
            "resources.gpus_per_trial is 2; it must be at most 1: a trial trains on one GPU",
        ),
        (
            {"resources": {"max_gpus": 2}},
            "resources.max_gpus is 2, but trials use no GPU: limit them with concurrent_trials",
        ),
        (
            {"resources": {"gpus_per_trial": 1, "max_gpus": 0.5}},
            "resources.max_gpus is 0.5, but a trial needs 1",
        ),
        ({"budget": {"gpu_hours": 5}}, "budget.gpu_hours is 5.0, but trials use no GPU"),
    ],
)
def test_combinations_that_cannot_be(sections: dict[str, Any], fault: str) -> None:
    (told,) = faults(**sections)
    assert told.startswith(fault)


@pytest.mark.parametrize(
    ("parameters", "fault"),
    [
        (
            {"real_ratio": {"values": [1, True]}},
            "real_ratio.values[1] is true; it must be a number between 0 and 1",
        ),
        (
            {"real_ratio": {"values": [1, "0"]}},
            "real_ratio.values[1] is '0'; it must be a number between 0 and 1",
        ),
        (
            {"real_ratio": {"values": [1, 1.0]}},
            "real_ratio.values[1] is 1.0, as values[0] is already; remove one",
        ),
        ({"real_ratio": {"values": []}}, "real_ratio.values is empty; give at least one value"),
        ({"real_ratio": {"values": 1}}, "real_ratio.values is 1; it must be a list"),
        ({"real_ratio": {}}, "real_ratio is empty; give `values`, or `min` and `max`, or `value`"),
        ({"real_ratio": {"min": 0}}, "real_ratio has min; give `values`, or `min` and `max`, or `value`"),
        (
            {"real_ratio": {"values": [1], "max": 1}},
            "real_ratio has values and max; give `values`, or `min` and",
        ),
        (
            {"training.optimizer.momentum": {"value": 1}},
            "training.optimizer.momentum.value is 1; it must be at least 0",
        ),
        (
            {"data.strategy": {"values": ["gen", "night"]}},
            "data.strategy.values[1] is 'night'; it must be one of: all",
        ),
        ({"data.weights.gen": {"values": [0]}}, "data.weights.gen.values[0] is 0; it must be above 0"),
        ({"data.weights.night": {"values": [1]}}, "data.weights.night is no key of data, model or training."),
        (
            {"training.optimiser.lr": {"values": [1]}},
            "training.optimiser.lr is no key of data, model or training. Did ",
        ),
        (
            {"training.optimizer": {"values": [1]}},
            "training.optimizer is a section; search its keys, such as",
        ),
        ({"lr": {"values": [1]}}, "lr is no key of data, model or training."),
        (
            {"training.iterations": {"values": [5]}},
            "training.iterations cannot be searched: trials are compared",
        ),
        (
            {"training.seed": {"values": [5]}},
            "training.seed cannot be searched: list the seeds under search.seeds",
        ),
        (
            {"data.validation.count": {"values": [5]}},
            "data.validation.count cannot be searched: it changes what",
        ),
        (
            {"model.pretrained": {"values": ["w"]}},
            "model.pretrained.values[0] is 'w'; in a search it must be an",
        ),
        (
            {"model.architecture": {"values": ["x"]}},
            "model.architecture.values[0] is 'x'; it must be pspnet_r50_d8",
        ),
        (
            {"training.schedule.warmup_iterations": {"values": [0, 12]}},
            "training.schedule.warmup_iterations.values[1] is 12; it must be less than iterations (12)",
        ),
        (
            {"training.batch_size": {"values": [2], "distribution": "log_uniform_values"}},
            "training.batch_size.distribution is log_uniform_values, which needs `min` and `max`",
        ),
        (
            {"training.batch_size": {"min": 1, "max": 4}},
            "training.batch_size has min and max, but a grid needs",
        ),
    ],
)
def test_parameters_that_cannot_be_searched(parameters: dict[str, Any], fault: str) -> None:
    (told,) = faults(search=search(parameters))
    assert told.startswith(f"search.parameters.{fault}")


@pytest.mark.parametrize(
    ("path", "parameter", "fault"),
    [
        (
            "training.batch_size",
            {"min": 4, "max": 2},
            "training.batch_size.min is 4.0; it must be below max (2.0)",
        ),
        (
            "training.batch_size",
            {"min": 1, "max": 2.5},
            "training.batch_size.max is 2.5; it must be a whole number",
        ),
        (
            "training.optimizer.momentum",
            {"min": 0, "max": 1},
            "training.optimizer.momentum.max is 1.0; it must be",
        ),
        (
            "training.optimizer.weight_decay",
            {"min": 0, "max": 1, "distribution": "log_uniform_values"},
            "training.optimizer.weight_decay.min is 0.0; it must be above 0, because values are drawn on a",
        ),
        (
            "data.strategy",
            {"min": 0, "max": 1},
            "data.strategy has min and max, but its values are no numbers",
        ),
        (
            "training.batch_size",
            {"min": 1, "max": 2, "distribution": "normal"},
            "training.batch_size.distribution is 'normal'; it must be one of: uniform, log_uniform_values",
        ),
    ],
)
def test_ranges_that_are_none(path: str, parameter: dict[str, Any], fault: str) -> None:
    (told,) = faults(
        search=search({path: parameter}, method="random", trials=4), baseline={"real_ratio": 1, path: 2}
    )
    assert told.startswith(f"search.parameters.{fault}")


LR = {"training.optimizer.lr": {"values": [0.1, 0.01]}}


def curve(parameters: dict[str, Any] | None = None, **keys: Any) -> dict[str, Any]:
    return search({"real_ratio": {"min": 0, "max": 1}} | (parameters or {}), method="curve", **keys)


@pytest.mark.parametrize(
    ("sections", "fault"),
    [
        ({"search": {"parameters": {}}}, "search.parameters.real_ratio is missing; give its values, such as"),
        ({"search": search({}, trials=3)}, "search.trials is 3, but a grid has every combination"),
        (
            {"search": search({}, method="random")},
            "search.trials is missing; method random needs the number of arms",
        ),
        (
            {"search": search({}, method="optuna")},
            "search.trials is missing; method optuna needs the number of arms",
        ),
        (
            {"search": search({}, method="random", trials=4)},
            "search.trials is 4, but there are only 3 different arms",
        ),
        (
            {"search": search({}, method="optuna", trials=1, points_first=[{"real_ratio": 0}])},
            "search.trials is 1; it must be at least 2, the arms of points_first and the baseline",
        ),
        ({"search": curve()}, "search.trials is missing; method curve needs the number of trials"),
        (
            {"search": curve(trials=7, seeds=[0, 1])},
            "search.trials is 7; curve begins with 4 arms of 2 seeds (both ends, two between, the baseline, "
            "points_first), so it must be at least 8",
        ),
        (
            {"search": search({}, method="curve", trials=9)},
            "search.parameters.real_ratio has values, but curve places them itself; give `min` and `max`",
        ),
        (
            {"search": curve(LR, trials=9)},
            "search.parameters.training.optimizer.lr has several values, but curve searches real_ratio alone",
        ),
        (
            {
                "search": curve(
                    {"real_ratio": {"min": 0.1, "max": 1, "distribution": "log_uniform_values"}}, trials=9
                )
            },
            "search.parameters.real_ratio.distribution has no meaning for curve",
        ),
        ({"search": search({}, seeds=[3, 4, 3])}, "search.seeds[2] is 3, as item [0] is already; remove one"),
        (
            {"search": search({}, seeds=[2**32])},
            "search.seeds[0] is 4294967296; it must be at least 0 and below",
        ),
        (
            {"baseline": {"real_ratio": 0.7}},
            "baseline.real_ratio is 0.7, which is not searched; it must be one of: 0,",
        ),
        (
            {"baseline": {"real_ratio": True}},
            "baseline.real_ratio is true, which is not searched; it must be one of",
        ),
        ({"baseline": {}}, "baseline names several arms; it must name one, so add a value of real_ratio"),
        (
            {"search": search(LR)},
            "baseline names several arms; it must name one, so add a value of training.optimizer.lr",
        ),
        ({"baseline": {"real_ratio": 1, "lr": 1}}, "unknown key 'lr' in 'baseline'."),
        (
            {"search": search({}, points_first=[{"real_ratio": 0.4}])},
            "search.points_first[0].real_ratio is 0.4, which is not searched",
        ),
        (
            {
                "search": search(LR, points_first=[{"real_ratio": 0}]),
                "baseline": {"real_ratio": 1, **{p: 0.1 for p in LR}},
            },
            "search.points_first[0] has no value of training.optimizer.lr; give one for every parameter",
        ),
        (
            {"search": search({}, points_first=[{"real_ratio": 0}, {"real_ratio": 0.0}])},
            "search.points_first[1] is the same arm as search.points_first[0]; remove one",
        ),
        (
            {
                "search": search(
                    {"data.strategy": {"values": ["all", "gen"]}},
                    points_first=[
                        {"real_ratio": 1, "data.strategy": "all"},
                        {"real_ratio": 1, "data.strategy": "gen"},
                    ],
                )
            },
            "search.points_first[1] is the same arm as search.points_first[0]; remove one",
        ),
        (
            {"early_stopping": {"protect": [{"real_ratio": 0.2}]}},
            "early_stopping.protect[0].real_ratio is 0.2, which",
        ),
        (
            {"early_stopping": {"protect": [{}]}},
            "early_stopping.protect[0] is empty and would protect every arm",
        ),
        (
            {"data": data(generated={})},
            "search.parameters.real_ratio goes below 1, but data.generated names no source",
        ),
    ],
)
def test_searches_that_make_no_sense(sections: dict[str, Any], fault: str) -> None:
    (told,) = faults(**sections)
    assert told.startswith(fault)


def test_a_range_has_a_baseline_within_it() -> None:
    ranged = {"parameters": {"real_ratio": {"min": 0.2, "max": 1}}, "method": "random", "trials": 3}
    assert spec(search=ranged, baseline={"real_ratio": 0.3}).baseline == {"real_ratio": 0.3}
    (told,) = faults(search=ranged, baseline={"real_ratio": 0.1})
    assert told == "baseline.real_ratio is 0.1, which is not searched; it must be between 0.2 and 1.0"


def test_a_grid_without_end_is_refused_at_once() -> None:
    many = {f"data.weights.g{n}": {"values": list(range(1, 50))} for n in range(9)}
    sources = {f"g{n}": {"scenes": "aligned", "count": 1, "seed": n} for n in range(9)}
    (told,) = faults(search=search(many), data=data(generated=sources))
    assert told.startswith("search.parameters have ")


def test_an_encoder_that_is_searched_need_not_be_named() -> None:
    searched = search({"model.encoder": {"value": "resnet18"}})
    assert spec(search=searched, model={"architecture": "smp_unet"}).model.encoder is None


def test_the_architectures_are_those_of_the_installed_package() -> None:
    smp = pytest.importorskip("segmentation_models_pytorch")
    assert [f"smp_{name}" for name in smp.MODEL_ARCHITECTURES_MAPPING] == list(SMP_ARCHITECTURES)


def test_a_parameter_with_one_value_need_not_be_named() -> None:
    one = spec(search=search({"training.optimizer.lr": {"value": 0.1}, "data.strategy": {"values": ["gen"]}}))
    assert one.baseline == {"real_ratio": 1}


@pytest.mark.parametrize("method", ["optuna", "curve"])
def test_promote_needs_a_search_whose_trials_are_known(tmp_path: Path, method: str) -> None:
    path = tmp_path / "ratios.yaml"
    path.write_text(
        "name: ratios\n"
        "data: {real: {scenes: real, count: 9}, generated: {gen: {scenes: aligned, count: 9}},\n"
        "       validation: {scenes: real, count: 9, seed: 1}}\n"
        "training: {iterations: 100}\n"
        f"search: {{method: {method}, trials: 5, parameters: {{real_ratio: {{min: 0, max: 1}}}}}}\n"
        "early_stopping:\n"
        "  name: promote\n"
        "  rungs: [50]\n"
    )
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    assert str(caught.value) == (
        f"{path}:7: early_stopping.name is 'promote', which chooses among trials that are known beforehand; "
        f"{method} proposes them as it goes. Set search.method to grid or random, or early_stopping.name to "
        "guarded"
    )


@pytest.mark.parametrize("keys", [{"delta": 0.01}, {"aim": "curve", "spend": 0.4}, {"tolerance": 1}])
def test_a_sweep_whose_early_stopping_is_switched_off_may_keep_its_keys(keys: dict[str, Any]) -> None:
    assert spec(early_stopping={"name": "none", **keys}).early_stopping.name == "none"


def test_what_is_searched_is_not_judged_by_its_unused_value() -> None:
    lr = {"training.optimizer.lr": {"value": 0.1}}
    steep = training(schedule={"eta_min": 0.05})
    assert spec(search=search(lr), training=steep).training.schedule.eta_min == 0.05
    assert faults(training=steep)


def test_faults_of_many_sections_come_together() -> None:
    told = faults(
        name="No",
        model={"encodr": "x"},
        training=training(batch_size=0),
        search=search({"real_ratio": {"values": [2, 1]}, "model.encoder": {"values": [3]}}, metod="grid"),
        early_stopping={"rungs": [4, 2]},
        resources={"gpus_per_trial": 2.5},
    )
    beginnings = [
        "name is 'No'",
        "unknown key 'encodr' in 'model'. Did you mean 'encoder'?",
        "training.batch_size is 0",
        "unknown key 'metod' in 'search'. Did you mean 'method'?",
        "search.parameters.real_ratio.values[0] is 2",
        "early_stopping.rungs[1] is 2",
        "resources.gpus_per_trial is 2.5",
    ]
    assert len(told) == len(beginnings)
    for beginning in beginnings:
        assert any(line.startswith(beginning) for line in told), beginning
