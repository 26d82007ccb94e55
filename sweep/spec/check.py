"""From plain values to a spec, or to everything that is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from sweep.spec.change import built
from sweep.spec.command_faults import (
    command_faults,
    placeholder_faults,
    presence_faults,
    unused_faults,
)
from sweep.spec.control_faults import control_faults, control_reference_faults
from sweep.spec.document import Document
from sweep.spec.on_disk import folder_faults, pretrained_faults
from sweep.spec.parameter_faults import SEARCHED_SECTIONS, parameter_faults, real_ratio_needs_generated
from sweep.spec.search_faults import method_faults, point_faults
from sweep.spec.section_faults import (
    budget_faults,
    data_faults,
    model_faults,
    name_faults,
    options_faults,
    replay_faults,
    resources_faults,
    tracking_faults,
    trainable_faults,
    training_faults,
)
from sweep.spec.sections import COMMAND, REPLAY, SEGMENTATION, ParameterConfig, Spec
from sweep.spec.space import REAL_RATIO
from sweep.spec.stopping_faults import early_stopping_faults, promotion_faults, rungs_faults
from sweep.spec.trainer_faults import (
    fairness_faults,
    gpu_faults,
    model_log_faults,
    segmentation_faults,
    with_sources_elsewhere,
)
from sweep.spec.wording import Found, faults_of

Parts = Mapping[str, Any]
"""What of a spec is sound by itself: sections and single keys by name. Others are left out."""

Parameters = Mapping[str, ParameterConfig]


def checked(document: Document, *, on_disk: bool = False) -> Spec:
    """The spec of a document.

    Args:
        document: values and their lines.
        on_disk: whether to look at the folders too if the spec is faulty, so that their faults are told in
            the same round; those of a sound spec are for `check_data`.

    Raises:
        SpecError: with all faults. What one section has to do with another is only looked at where both are
            sound, so that no fault is the mere echo of another.
    """
    values = with_sources_elsewhere(document.values)
    try:
        spec = built(Spec, values)
    except ValidationError as error:
        found = list(faults_of(Spec, error))
        parts = _sound_parts(values, {one.loc[0] for one in found if one.loc})
        found.extend(_faults_beside_the_models(parts, _sound_parameters(values, found)))
        raise document.error([*found, *_faults_on_disk(document, parts, found, on_disk)]) from None
    found = list(_faults_beside_the_models(dict(spec), spec.search.parameters))
    if found or document.found:
        raise document.error([*found, *_faults_on_disk(document, dict(spec), found, on_disk)])
    return spec


def _sound_parts(values: Mapping[str, Any], faulty: set[Any]) -> Parts:
    parts = {}
    for name, field in Spec.model_fields.items():
        if name in values and name not in faulty:
            adapter: TypeAdapter[Any] = TypeAdapter(cast(Any, field.annotation))
            parts[name] = adapter.validate_json(json.dumps(values[name]), strict=True)
        elif name not in faulty:
            parts[name] = field.get_default(call_default_factory=True, validated_data={})
    return parts


def _sound_parameters(values: Mapping[str, Any], found: list[Found]) -> Parameters:
    """The searched parameters that are sound by themselves, whatever else is wrong with the search."""
    search = values.get("search")
    parameters = search.get("parameters") if isinstance(search, dict) else None
    faulty = {one.loc[2] for one in found if one.loc[:2] == ("search", "parameters") and len(one.loc) > 2}
    if not isinstance(parameters, dict):
        return {}
    return {path: built(ParameterConfig, parameters[path]) for path in parameters if path not in faulty}


def _faults_on_disk(document: Document, parts: Parts, found: list[Found], is_wanted: bool) -> Iterator[Found]:
    """Of the sections that are sound otherwise; folders that only a searched value leads to come later.

    A replay looks at no image.
    """
    is_wanted = is_wanted and parts.get("trainable", REPLAY) != REPLAY
    faulty = {one.loc[0] for one in (*document.found, *found) if one.loc}
    if is_wanted and "model" in parts.keys() - faulty:
        yield from pretrained_faults(parts["model"])
    if is_wanted and "data" in parts.keys() - faulty:
        yield from folder_faults(parts["data"], {})


def _faults_beside_the_models(parts: Parts, parameters: Parameters) -> Iterator[Found]:
    for name, faults in _OF_ONE_SECTION.items():
        found = _of_part(faults, parts, name)
        yield from (one for one in found if ".".join(map(str, one.loc)) not in parameters)
    if {"budget", "resources"} <= parts.keys():
        yield from budget_faults(parts["budget"], parts["resources"])
    if "trainable" in parts:
        yield from _faults_of_trainable(parts)
    if {"training", "early_stopping"} <= parts.keys():
        yield from rungs_faults(parts["early_stopping"], parts["training"])
    if {"early_stopping", "search"} <= parts.keys():
        yield from promotion_faults(parts["early_stopping"], parts["search"])
    of_search = [*_faults_of_parameters(parts, parameters), *_of_part(method_faults, parts, "search")]
    yield from of_search
    if not of_search and {"search", "baseline", "early_stopping"} <= parts.keys():
        of_points = [*point_faults(parts["search"], parts["baseline"], parts["early_stopping"].protect)]
        yield from of_points
        if not of_points and "controls" in parts:
            yield from control_reference_faults(parts["controls"], parts["search"], parts["baseline"])


def _faults_of_trainable(parts: Parts) -> Iterator[Found]:
    trainable = parts["trainable"]
    if "resources" in parts:
        yield from gpu_faults(trainable, parts["resources"])
    if "tracking" in parts:
        yield from model_log_faults(trainable, parts["tracking"])
    if "training" in parts:
        yield from fairness_faults(trainable, parts["training"])
    if "command" in parts:
        yield from _faults_of_command(parts)
    if {"data", "options", "protocol"} <= parts.keys() and trainable == SEGMENTATION:
        yield from segmentation_faults(parts["data"], parts["options"], parts["protocol"])
    if {"replay", "search"} <= parts.keys():
        yield from replay_faults(trainable, parts["replay"], parts["search"])


def _faults_of_command(parts: Parts) -> Iterator[Found]:
    command = parts["command"]
    yield from presence_faults(parts["trainable"], command)
    if command is None or parts["trainable"] != COMMAND:
        return
    sections = ("data", "model", "training", "options")
    if set(sections) <= parts.keys():
        yield from placeholder_faults(command, *(parts[name] for name in sections))
    if {"search", "controls"} <= parts.keys():
        yield from unused_faults(command, parts["search"], parts["controls"])


def _of_part(faults: Callable[[Any], Iterator[Found]], parts: Parts, name: str) -> Iterator[Found]:
    return faults(parts[name]) if name in parts else iter(())


_OF_ONE_SECTION: dict[str, Callable[[Any], Iterator[Found]]] = {
    "name": name_faults,
    "trainable": trainable_faults,
    "options": options_faults,
    "command": command_faults,
    "data": data_faults,
    "model": model_faults,
    "training": training_faults,
    "early_stopping": early_stopping_faults,
    "resources": resources_faults,
    "tracking": tracking_faults,
    "controls": control_faults,
}


def _faults_of_parameters(parts: Parts, parameters: Parameters) -> Iterator[Found]:
    sections = {name: parts.get(name) for name in SEARCHED_SECTIONS}
    for path, parameter in parameters.items():
        yield from parameter_faults(path, parameter, sections)
    if REAL_RATIO in parameters and "data" in parts:
        yield from real_ratio_needs_generated(parameters[REAL_RATIO], parts["data"])
