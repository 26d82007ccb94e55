"""The documents that show or describe a spec are right."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import PydanticUndefined

from sweep.plan import plan_text, planned_trials, trial_config
from sweep.spec import Spec, load_spec, spec_from_dict
from sweep.spec.document import read_value
from sweep.spec.extension import EXTENDS, AddedArm, Extension, extension_faults
from sweep.spec.keys import all_keys, key_at
from tests.specs import tiny_spec

ROOT = Path(__file__).parents[2]
NO_SPECS = {"cluster-local.yaml", "kuberay.yaml"}  # test_cluster_yaml.py has them
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.yaml"))
SPECS = [ROOT / "ratios.yaml", *(path for path in EXAMPLES if path.name not in NO_SPECS)]
DOCUMENTS = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md"))]
BLOCKS = [
    pytest.param(block, id=f"{document.name}-{number}")
    for document in DOCUMENTS
    for number, block in enumerate(re.findall(r"^```ya?ml\n(.*?)^```", document.read_text(), re.M | re.S))
]
REFERENCE = (ROOT / "docs" / "spec.md").read_text()
ROWS = dict(re.findall(r"^\| `([^`]+)` \| (.+?) \|", REFERENCE, re.M))
SOURCES = ("data.real.", "data.generated.NAME.", "data.validation.")
NOT_IN_THE_MODEL = {"data.classes": "by layout", "search.seeds": "`[training.seed]`"}


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.name)
def test_every_example_is_a_spec_that_can_be_planned(path: Path) -> None:
    spec = load_spec(path).spec
    trials = planned_trials(spec)
    assert {trial_config(spec, trial).real_ratio for trial in trials} >= {0.0, 1.0}
    assert plan_text(spec, None).startswith(f"{spec.name}: {len(trials)} trials")


def test_the_demo_and_the_examples_are_all_there() -> None:
    assert {path.name for path in SPECS} >= {"ratios.yaml", "camvid.yaml", "bdd10k.yaml"}
    demo, bdd10k = (load_spec(ROOT / name).spec for name in ("ratios.yaml", "docs/examples/bdd10k.yaml"))
    assert demo.search.parameters["real_ratio"].choices == (0, 0.05, 0.125, 0.25, 0.5, 1.0)
    assert len(planned_trials(demo)) == 6 * 2
    assert bdd10k.early_stopping.rungs == (2050, 4100, 6150, 8200, 10000)
    assert len(planned_trials(bdd10k)) == (9 * 2 + 1) * 3


@pytest.mark.parametrize("block", BLOCKS)
def test_every_yaml_block_of_a_document_is_sound(block: str) -> None:
    values: Any = read_value(block)
    assert values is not None
    if isinstance(values, dict) and EXTENDS in values:
        assert not extension_faults(values)
    if isinstance(values, dict) and values.keys() <= Spec.model_fields.keys():
        rest = {} if "name" in values else tiny_spec(Path("/sweeps"), early_stopping={})
        spec = spec_from_dict(rest | values)
        assert spec.data.classes or spec.has_own_trainer


def documented(key: str) -> str:
    prefix = next((prefix for prefix in SOURCES if key.startswith(prefix)), None)
    return f"SOURCE.{key.removeprefix(prefix)}" if prefix else key


@pytest.mark.parametrize("key", sorted({documented(key) for key in all_keys(Spec)}))
def test_the_reference_has_every_key_with_its_default(key: str) -> None:
    assert key in ROWS, f"docs/spec.md has no row for `{key}`"
    assert ROWS[key] == NOT_IN_THE_MODEL.get(key, default_of(key))


def test_the_reference_has_no_key_that_is_not_there() -> None:
    assert set(ROWS) <= {documented(key) for key in all_keys(Spec)}


def test_all_keys_of_an_extension_are_documented_with_their_defaults() -> None:
    text = (ROOT / "docs" / "more.md").read_text()
    rows = dict(re.findall(r"^\| `([^`]+)` \| (.+?) \|", text, re.M))
    assert rows == {
        "extends": "required",
        "storage": "all defaults",
        "storage.path": default_of("storage.path"),
        "trials": "`[]`",
        "trials.seeds": "`[]`",
        "continue": "`[]`",
    }
    assert {key.split(".")[0] for key in rows} == set(all_keys(Extension)) - {"storage.path"}
    assert set(AddedArm.model_fields) == {"seeds"}


def default_of(documented_key: str) -> str:
    """As the reference writes it."""
    *above, last = documented_key.replace("SOURCE.", "data.generated.NAME.").split(".")
    section = key_at(Spec, above)
    assert section is not None
    (field,) = [model.model_fields[last] for model in section.models() if last in model.model_fields]
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    assert value is not PydanticUndefined
    key = key_at(Spec, [*above, last])
    return (
        "all defaults"
        if key and key.models() and value is not None
        else f"`{json.dumps(value, default=str)}`"
    )
