"""What is wrong with the searched parameters: their paths, and values that their own key refuses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sweep.spec.change import built, changed
from sweep.spec.keys import Loc, all_keys, dotted
from sweep.spec.section_faults import data_faults, model_faults, options_faults, training_faults
from sweep.spec.sections import Options, ParameterConfig, Spec
from sweep.spec.space import REAL_RATIO, cast, draws_whole_numbers, type_of
from sweep.spec.wording import Found, closest, faults_of, given
from trainables.contract import DataConfig, TrialConfig
from trainables.contract.section import Section

_CHANGES_COMPARISON = "it changes what trials are compared by; make it another sweep"
_CHANGES_NOTHING = "it does not change what is learned"
_NOT_SEARCHED = {
    "data.root": _CHANGES_COMPARISON,
    "data.layout": _CHANGES_COMPARISON,
    "data.validation": _CHANGES_COMPARISON,
    "data.classes": _CHANGES_COMPARISON,
    "data.ignore_index": _CHANGES_COMPARISON,
    "data.reduce_zero_label": _CHANGES_COMPARISON,
    "data.label_map": _CHANGES_COMPARISON,
    "training.iterations": "trials are compared at the same iterations",
    "training.seed": "list the seeds under search.seeds",
    "training.workers": _CHANGES_NOTHING,
    "training.pack": _CHANGES_NOTHING,
    "training.log_interval": _CHANGES_NOTHING,
    "training.validation_interval": _CHANGES_NOTHING,
    "training.checkpoint_interval": _CHANGES_NOTHING,
}
_BESIDE_THE_MODELS: dict[str, Callable[[Any], Iterator[Found]]] = {
    "data": data_faults,
    "model": model_faults,
    "training": training_faults,
    "options": options_faults,
}
SEARCHED_SECTIONS = tuple(_BESIDE_THE_MODELS)
"""Whose keys can be searched."""

Sections = Mapping[str, Section | None]
"""The `SEARCHED_SECTIONS`; None for one that is itself faulty."""


def parameter_faults(path: str, parameter: ParameterConfig, sections: Sections) -> Iterator[Found]:
    """A path that leads to no key, values that are refused there, a range that is none."""
    loc: Loc = ("search", "parameters", path)
    if path != REAL_RATIO and (fault := _path_fault(path, sections)):
        yield Found(loc, fault)
        return
    if parameter.choices is None:
        yield from _range_faults(loc, path, parameter, sections)
    else:
        yield from _choices_faults(loc, path, parameter, sections)


def real_ratio_needs_generated(parameter: ParameterConfig, data: DataConfig) -> Iterator[Found]:
    """A share of real images below 1, and nothing to fill the rest with."""
    lowest = parameter.choices if parameter.choices is not None else (parameter.min,)
    if not data.generated and any(isinstance(value, int | float) and value < 1 for value in lowest):
        message = "goes below 1, but data.generated names no source of generated images; add one"
        yield Found(("search", "parameters", REAL_RATIO), message)


def _path_fault(path: str, sections: Sections) -> str | None:
    for forbidden, reason in _NOT_SEARCHED.items():
        if path == forbidden or path.startswith(f"{forbidden}."):
            return f"cannot be searched: {reason}"
    section = path.split(".")[0]
    if section in sections and sections[section] is None:
        is_known = type_of(path) or section == "options"
        return None if is_known else f"is no key. {closest(path, all_keys(Spec))}"
    known = [key for name, section in sections.items() if section for key in _searchable(name, section)]
    if path in known:
        return None
    if below := [key for key in known if key.startswith(f"{path}.")]:
        return f"is a section; search its keys, such as {below[0]}"
    if section == "options":
        return f"is no key of options; give it a default there. {closest(path, [*known, REAL_RATIO])}"
    return f"is no key of data, model or training. {closest(path, [*known, REAL_RATIO])}"


def _searchable(name: str, section: Section) -> list[str]:
    keys = [f"{name}.{key}" for key in _leaves(section.model_dump(mode="json"))]
    if isinstance(section, DataConfig):
        keys += [f"data.weights.{source}" for source in section.generated]
    return [key for key in keys if not key.startswith(tuple(_NOT_SEARCHED))]


def _leaves(values: Mapping[str, Any]) -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from (f"{key}.{below}" for below in _leaves(value))
        else:
            yield key


def _choices_faults(loc: Loc, path: str, parameter: ParameterConfig, sections: Sections) -> Iterator[Found]:
    choices = parameter.choices or ()
    if not choices:
        yield Found((*loc, "values"), "is empty; give at least one value")
    if parameter.is_log:
        yield Found((*loc, "distribution"), "is log_uniform_values, which needs `min` and `max`")
    seen: dict[str, int] = {}
    for number, value in enumerate(choices):
        below = (*loc, "value") if parameter.values is None else (*loc, "values", number)
        yield from (Found(below, message) for message in refusals(path, value, sections))
        first = seen.setdefault(json.dumps(cast(path, value)), number)
        if first < number:
            yield Found(below, f"is {given(value)}, as values[{first}] is already; remove one")


def _range_faults(loc: Loc, path: str, parameter: ParameterConfig, sections: Sections) -> Iterator[Found]:
    assert parameter.min is not None and parameter.max is not None
    if not _draws_numbers(path, sections):
        yield Found(loc, "has min and max, but its values are no numbers that can be drawn; give `values`")
        return
    for end in ("min", "max"):
        value = getattr(parameter, end)
        whole = int(value) if draws_whole_numbers(path) and value.is_integer() else value
        yield from (Found((*loc, end), message) for message in refusals(path, whole, sections))
    if parameter.min >= parameter.max:
        yield Found((*loc, "min"), f"is {parameter.min}; it must be below max ({parameter.max})")
    if parameter.is_log and parameter.min <= 0:
        message = f"is {parameter.min}; it must be above 0, because values are drawn on a logarithmic scale"
        yield Found((*loc, "min"), message)


def _draws_numbers(path: str, sections: Sections) -> bool:
    """Whether values between two numbers fit. Of an option only its default tells, and what is drawn for one
    is not whole."""
    name, *parts = path.split(".")
    value: Any = sections.get(name)
    if not isinstance(value, Options):
        return type_of(path) in (int, float) or (name == "options" and value is None)
    value = value.by_name
    for part in parts:
        value = value[part]
    return value is None or isinstance(value, float)


def refusals(path: str, value: Any, sections: Sections) -> Iterator[str]:
    """What the key itself says to a value; reads on from where the value stands."""
    if path == REAL_RATIO:
        yield from _real_ratio_refusals(value)
        return
    name, *parts = path.split(".")
    section = sections[name]
    if section is None:
        return
    if path == "model.pretrained" and isinstance(value, str) and not Path(value).is_absolute():
        yield f"is {given(value)}; in a search it must be an absolute path"
    for found in _faults_with(name, section, parts, value):
        if found.loc[: len(parts) + 1] == (name, *parts):
            yield found.message
        elif not found.whole:
            yield f"is {given(value)}, with which {dotted(found.loc)} {found.message}"


def _real_ratio_refusals(value: Any) -> Iterator[str]:
    try:
        built(TrialConfig, {REAL_RATIO: value})
    except ValidationError as error:
        yield from (found.message for found in faults_of(TrialConfig, error) if found.loc == (REAL_RATIO,))


def _faults_with(name: str, section: Section, parts: list[str], value: Any) -> list[Found]:
    try:
        with_value = changed(section, {".".join(parts): value})
    except ValidationError as error:
        return list(faults_of(type(section), error, prefix=(name,)))
    return [found for found in _BESIDE_THE_MODELS[name](with_value) if found.loc == (name, *parts)]
