"""Whatever is done to a good spec, the answer is a spec or a SpecError, never a traceback."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sweep.errors import SpecError
from sweep.plan import planned_trials, trial_config
from sweep.spec import load_spec, spec_from_dict
from tests.specs import tiny_spec

GOOD: dict[str, Any] = tiny_spec(
    Path("/sweeps"),
    description="text",
    model={"architecture": "smp_unet", "encoder": "resnet18", "encoder_depth": None},
    search={
        "method": "random",
        "trials": 4,
        "seeds": [0, 1],
        "parameters": {
            "real_ratio": {"min": 0, "max": 1},
            "data.strategy": {"values": ["gen", "all"]},
            "training.optimizer.lr": {"min": 1e-3, "max": 1e-1, "distribution": "log_uniform_values"},
            "training.batch_size": {"value": 2},
        },
        "points_first": [{"real_ratio": 1, "training.optimizer.lr": 0.01}],
    },
    baseline={"real_ratio": 1, "training.optimizer.lr": 0.05},
    early_stopping={"rungs": [4, 8], "protect": [{"real_ratio": 0}]},
    budget={"trials": 3, "hours": 1.5},
    tracking={"uri": None, "enabled": True},
)

Place = tuple[str | int, ...]

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, 1, -1, 2**31, 2**70, 10**400]),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        ["real_ratio", "gen", "all", "training.optimizer.lr", "grid", "optuna", "1e-3", "~", "é"]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["values", "min", "max", "value", "scenes", "split", "x"]), inner, max_size=3
        ),
    ),
    max_leaves=5,
)


def places(values: Any, at: Place = ()) -> Iterator[Place]:
    """Everything in nested values, innermost included."""
    yield at
    items = (
        values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    )
    for key, value in items:
        yield from places(value, (*at, key))


PLACES = [place for place in places(GOOD) if place]
KEYS = st.sampled_from([".".join(map(str, place)) for place in PLACES])


@st.composite
def mutations(draw: st.DrawFn) -> dict[str, Any]:
    """A good spec with one to four things replaced, removed, renamed or added."""
    values = copy.deepcopy(GOOD)
    for _ in range(draw(st.integers(1, 4))):
        *above, last = draw(st.sampled_from(PLACES))
        target: Any = values
        for key in above:
            try:
                target = target[key]
            except (KeyError, IndexError, TypeError):
                target = None
        if isinstance(target, dict):
            kind = draw(st.sampled_from(["replace", "remove", "rename", "add"]))
            old = target.get(last)
            if kind in ("remove", "rename"):
                target.pop(last, None)
            if kind == "rename":
                target[draw(st.text(max_size=6))] = old
            if kind in ("replace", "add"):
                target[last if kind == "replace" else draw(st.sampled_from(["seed", "all", "xs"]))] = draw(
                    VALUES
                )
        elif isinstance(target, list) and isinstance(last, int) and last < len(target):
            target[last] = draw(VALUES)
    return values


JARGON = re.compile(
    r"pydantic|Input should|Traceback|validation error|something else|must be a value|Undefined"
)


def is_told(error: SpecError) -> bool:
    """Whether every fault is said in words of our own, whatever the user's values are."""
    own_words = [re.sub(r"'.*'|\[.*\]", "", fault.message, flags=re.DOTALL) for fault in error.faults]
    return bool(own_words) and not any(JARGON.search(words) for words in own_words)


def test_the_good_spec_is_good() -> None:
    spec = spec_from_dict(GOOD)
    assert len(planned_trials(spec)) == 8
    assert spec_from_dict(spec.model_dump(mode="json")) == spec


@settings(max_examples=400)
@given(mutations())
def test_a_mutated_spec_is_a_spec_or_spec_error(values: dict[str, Any]) -> None:
    try:
        spec = spec_from_dict(values)
    except SpecError as error:
        assert is_told(error), str(error)
        return
    assert spec_from_dict(json.loads(json.dumps(spec.model_dump(mode="json")))) == spec
    for trial in planned_trials(spec)[:5]:
        assert trial_config(spec, trial).real_ratio == trial.parameters["real_ratio"]


@settings(max_examples=150)
@given(st.randoms(use_true_random=False), st.integers(1, 6))
def test_mutated_text_is_a_spec_or_spec_error(tmp_path_factory: Any, rng: random.Random, times: int) -> None:
    path = tmp_path_factory.getbasetemp() / "mutated.yaml"
    text = Path("ratios.yaml").read_text() if Path("ratios.yaml").exists() else json.dumps(GOOD, indent=1)
    for _ in range(times):
        start = rng.randrange(len(text))
        text = text[:start] + rng.choice(_SNIPPETS) + text[start + rng.choice([0, 1, 5, 40]) :]
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    try:
        load_spec(path)
    except SpecError as error:
        assert error.faults


_SNIPPETS = [
    "", " ", "\n", "\t", ":", ": ", "- ", "{", "}", "[", "]", ",", "#", "&a ", "*a", "!x ", "!!int ", "|",
    ">", "'", '"', "%", "---\n", "...\n", "? ", "<<: ", "\x00", "\x85", "\ufeff", "\ud800", "0x", "1e999",
    ".nan", "~", "é", '"\\ud800"', '"\\x00"', "!!binary ", "!!python/object:os.system ", "!<tag:x> ", "@",
    "`", "\u2028", "-",
]  # fmt: skip


@settings(max_examples=150)
@given(st.lists(st.text(max_size=30) | st.builds("{}={}".format, KEYS, st.text(max_size=12)), max_size=3))
@example(
    ["=", "a", "name", "name=", "search.parameters.=3", ".=1", "name.x=1", "search.seeds.0=3", "baseline=[1]"]
)
@example(["search.parameters.training.optimizer.lr.max=[", "data.real='", "name=\ud800", "\udcff=1"])
def test_any_override_is_a_spec_or_spec_error(good_file: Path, overrides: list[str]) -> None:
    try:
        load_spec(good_file, overrides)
    except SpecError as error:
        assert str(error)


@pytest.fixture(scope="module")
def good_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("spec") / "good.yaml"
    path.write_text(json.dumps(GOOD))
    return path
