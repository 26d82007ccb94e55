"""Files, YAML 1.2, overrides and paths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.errors import SpecError
from sweep.spec import LoadedSpec, load_spec, spec_from_dict, spec_of_resume
from sweep.spec.document import read_value, yaml_text
from tests.specs import tiny_spec, write_spec

_TRICKY = st.sampled_from(
    ["1e-3", "0o17", "yes", "null", "~", "1_0", "12:30:00", "2020-01-01", " a", "a: b", "#", "\n"]
)
_SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TRICKY
)

GOOD = """\
name: ratios
data:
  real: {scenes: real, count: 10, seed: 0}
  generated: {gen: {scenes: misaligned, count: 10, seed: 1}}
  validation: {scenes: real, count: 4, seed: 2}
training: {iterations: 100}
search:
  parameters:
    real_ratio: {values: [0, 0.5, 1.0]}
"""


def load(tmp_path: Path, text: str, *overrides: str) -> LoadedSpec:
    path = tmp_path / "ratios.yaml"
    path.write_bytes(text.encode())
    return load_spec(path, overrides)


def faults(tmp_path: Path, text: str | bytes, *overrides: str) -> list[str]:
    path = tmp_path / "ratios.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SpecError) as caught:
        load_spec(path, overrides)
    return [line.removeprefix(f"{tmp_path}/") for line in str(caught.value).split("\n")]


def test_defaults_are_filled_in(tmp_path: Path) -> None:
    loaded = load(tmp_path, GOOD)
    assert loaded.text == GOOD
    assert loaded.file == str(tmp_path / "ratios.yaml")
    spec = loaded.spec
    assert spec.search.seeds == (0,)
    assert spec.baseline == {"real_ratio": 1.0}
    assert spec.data.classes[0] == "sky"
    assert spec.model.architecture == "pspnet_r50_d8"


@pytest.mark.parametrize(
    ("variable", "settings", "storage"),
    [
        (None, [], "sweeps"),
        ("", [], "sweeps"),
        ("elsewhere", [], "elsewhere"),
        ("elsewhere", ["storage.path=here"], "here"),
        ("elsewhere", ["storage.path=sweeps"], "sweeps"),
    ],
)
def test_the_environment_names_the_storage_where_the_spec_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str | None, settings: list[str], storage: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEGSWEEP_STORAGE", raising=False)
    if variable is not None:
        monkeypatch.setenv("SEGSWEEP_STORAGE", variable)
    assert load(tmp_path, GOOD, *settings).spec.storage.path == tmp_path / storage


def test_a_spec_survives_the_ledger(tmp_path: Path) -> None:
    extra = "early_stopping: {rungs: [20], protect: [{real_ratio: 0}]}\nmodel: {pretrained: w.safetensors}\n"
    spec = load(tmp_path, GOOD + extra, "data.label_map={7: 0}", "training.seed=5").spec
    assert spec.data.label_map == {7: 0}
    assert spec.search.seeds == (5,)
    assert spec_from_dict(spec.model_dump(mode="json")) == spec


def test_paths_start_from_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    spec = load(
        tmp_path, GOOD, "data.root=../data", "model.pretrained=w.safetensors", "storage.path=$HOME"
    ).spec
    assert spec.data.root == tmp_path / "elsewhere" / "../data"
    assert spec.model.pretrained == tmp_path / "elsewhere" / "w.safetensors"
    assert spec.storage.path == tmp_path / "elsewhere" / "$HOME"


@given(
    st.recursive(_SCALARS, lambda below: st.lists(below) | st.dictionaries(st.text(), below), max_leaves=9)
)
def test_values_that_are_written_are_read_as_the_same(value: Any) -> None:
    assert read_value(yaml_text({"key": value})) == {"key": value}


def test_yaml_is_1_2(tmp_path: Path) -> None:
    spec = load(
        tmp_path, GOOD + "description: no\ntracking: {experiment: 12:30:00}\n", "training.seed=0o17"
    ).spec
    assert spec.description == "no"
    assert spec.tracking.experiment == "12:30:00"
    assert spec.training.seed == 15


@pytest.mark.parametrize("text", ["1e-3", "1E-3", "0.001", "1.0e-3"])
def test_exponents_are_numbers(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, GOOD, f"training.optimizer.lr={text}").spec.training.optimizer.lr == 0.001


def test_a_date_is_text(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD, "description=2026-01-30").spec.description == "2026-01-30"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "ratios.yaml: the file is empty; it must hold keys such as `name` and `data`"),
        ("# only a comment\n", "ratios.yaml: the file is empty; it must hold keys such as `name` and `data`"),
        ("- name: x\n", "ratios.yaml: the file is a list; it must hold keys such as `name` and `data`"),
        ("ratios\n", "ratios.yaml: the file is a single value; it must hold keys such as `name` and `data`"),
        (b"name: a\nx: \xe9\n", "ratios.yaml:2: is not text in UTF-8 (byte 0xe9); save it as UTF-8"),
        (
            "name: x\nsearch: [1,\n",
            "ratios.yaml:3: is not valid YAML: while parsing a flow node, expected the node",
        ),
        ("name: x\nsearch:\n\tseed: 1\n", "ratios.yaml:3: is not valid YAML: while scanning"),
        (
            "name: x\n---\nname: y\n",
            "ratios.yaml:2: is not valid YAML: expected a single document in the stream",
        ),
        ("name: &a [*a]\n", "ratios.yaml: is not valid YAML: line 1: a value contains itself"),
        ("name: " + "[" * 1000, "ratios.yaml: is not valid YAML: values are nested too deeply"),
        ("name: " + "[" * 60 + "]" * 60, "ratios.yaml: is not valid YAML: values are nested too deeply"),
    ],
)
def test_what_is_no_spec_at_all(tmp_path: Path, text: str | bytes, fault: str) -> None:
    (told,) = faults(tmp_path, text)
    assert told.startswith(fault)


def test_tabs_are_named(tmp_path: Path) -> None:
    assert faults(tmp_path, "name:\n\tx: 1\n")[0].endswith("Indent with spaces, not tabs")


def test_aliases_that_multiply_are_refused(tmp_path: Path) -> None:
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    text += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
    assert faults(tmp_path, text) == ["ratios.yaml: is not valid YAML: there are more than 100000 values"]


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"nowhere.yaml: there is no such file in "):
        load_spec(tmp_path / "nowhere.yaml")
    with pytest.raises(SpecError, match="is a folder; give the YAML file"):
        load_spec(tmp_path)


def test_every_duplicate_key_is_told_with_other_faults(tmp_path: Path) -> None:
    text = GOOD + "name: again\nbudget: {hours: 1, hours: 2, hour: 3}\n"
    assert faults(tmp_path, text) == [
        "ratios.yaml:10: duplicate key 'name'; it was first given in line 1. Remove one",
        "ratios.yaml:11: duplicate key 'hours' in 'budget'; it was first given in line 11. Remove one",
        "ratios.yaml:11: unknown key 'hour' in 'budget'. Did you mean 'hours'?",
    ]


def test_tags_are_refused(tmp_path: Path) -> None:
    told = faults(tmp_path, GOOD + "description: !!python/object/apply:os.getcwd x\n")
    assert told == [
        "ratios.yaml:10: description is 'x', which cannot be read as !!python/object/apply:os.getcwd",
    ]


def test_overrides_are_yaml(tmp_path: Path) -> None:
    spec = load(
        tmp_path,
        GOOD,
        "search.parameters.training.optimizer.lr.values=[0.1, 1e-3]",
        "search.parameters.real_ratio.values=[0.5, 1]",
        "baseline.training.optimizer.lr=0.1",
        "baseline.real_ratio=1",
        "model.encoder_depth=null",
        "budget.hours=2",
        "budget.hours=3",
        "description=a = b",
    ).spec
    assert spec.search.parameters["training.optimizer.lr"].choices == (0.1, 1e-3)
    assert spec.baseline == {"training.optimizer.lr": 0.1, "real_ratio": 1}
    assert spec.budget.hours == 3
    assert spec.description == "a = b"


def test_a_whole_parameter_can_be_set(tmp_path: Path) -> None:
    spec = load(tmp_path, GOOD, "search.parameters.data.strategy={values: [gen]}").spec
    assert spec.search.parameters["data.strategy"].choices == ("gen",)


@pytest.mark.parametrize(
    ("override", "fault"),
    [
        ("training.iterations=x", "training.iterations is 'x'; it must be a whole number above 0"),
        ("training.iteration=3", "unknown key 'iteration' in 'training'. Did you mean 'iterations'?"),
        ("trainin.iterations=3", "unknown key 'trainin'. Did you mean 'training'?"),
        ("name.first=x", "'name' has no keys; set it as a whole"),
        ("training", "must have the form KEY=VALUE, such as training.iterations=1000"),
        ("=3", "must have the form KEY=VALUE, such as training.iterations=1000"),
        ("search.seeds=[1, 1]", "search.seeds[1] is 1, as item [0] is already; remove one"),
    ],
)
def test_faults_of_overrides_name_the_override(tmp_path: Path, override: str, fault: str) -> None:
    assert f"--set {override}: {fault}" in faults(tmp_path, GOOD, override)


def test_an_override_that_is_no_yaml(tmp_path: Path) -> None:
    (told,) = faults(tmp_path, GOOD, "search.seeds=[1,")
    assert told.startswith("--set search.seeds=[1,: the value is not valid YAML: ")


def test_resume_changes_budget_only(tmp_path: Path) -> None:
    ledger = spec_from_dict(tiny_spec(tmp_path)).model_dump(mode="json")
    spec = spec_of_resume(ledger, ["budget.hours=2", "tracking.enabled=false"], storage=tmp_path / "moved")
    assert (spec.budget.hours, spec.tracking.enabled, spec.storage.path) == (2, False, tmp_path / "moved")
    with pytest.raises(
        SpecError, match=r"--set training.iterations=5: training cannot be changed in a sweep"
    ):
        spec_of_resume(ledger, ["training.iterations=5"], storage=tmp_path)


def test_a_file_of_json_is_yaml(tmp_path: Path) -> None:
    assert load_spec(write_spec(tmp_path / "tiny.yaml", tiny_spec(tmp_path))).spec.name == "tiny"
