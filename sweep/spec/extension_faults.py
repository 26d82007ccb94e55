"""What is wrong with the arms that an extension adds, held against the spec of its sweep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import get_args

from sweep.spec.extension import AddedArm
from sweep.spec.keys import Loc, key_at
from sweep.spec.on_disk import folder_faults
from sweep.spec.parameter_faults import SEARCHED_SECTIONS, refusals
from sweep.spec.section_faults import repeated
from sweep.spec.sections import ParameterConfig, Point, Spec
from sweep.spec.space import CONTROL, REAL_RATIO, contains, missing_parameters
from sweep.spec.wording import Found, given, unknown_key
from trainables.contract import Control

_OF_FOLDERS = ("data.real.", "data.generated.")


def arms_faults(arms: Mapping[int, AddedArm], spec: Spec) -> Iterator[Found]:
    """Parameters that the sweep does not search, that are missing, or that their key refuses.

    Values that the sweep did not list are welcome: they are why it is extended. The exception is a parameter
    with a single value, which is part of what all of its trials have in common.
    """
    found = [one for number, arm in arms.items() for one in _arm_faults(("trials", number), arm, spec)]
    yield from found
    if not found:
        yield from _new_folder_faults(arms, spec)


def _arm_faults(loc: Loc, arm: AddedArm, spec: Spec) -> Iterator[Found]:
    yield from repeated((*loc, "seeds"), arm.seeds)
    for path, value in arm.point.items():
        if path == CONTROL:
            yield from _control_faults((*loc, path), value)
        elif path not in spec.search.parameters:
            yield _not_searched((*loc, path), spec)
        elif message := _refusal(path, value, spec):
            yield Found((*loc, path), message)
    is_misspelt = arm.point.keys() - {CONTROL} - spec.search.parameters.keys()
    if not is_misspelt and (missing := missing_parameters(spec.search, arm.point)):
        yield Found(loc, f"has no value of {' and '.join(missing)}; give one for every searched parameter")


def _control_faults(loc: Loc, value: object) -> Iterator[Found]:
    if value not in get_args(Control):
        yield Found(loc, f"is {given(value)}; it must be one of: {', '.join(get_args(Control))}")


def _not_searched(loc: Loc, spec: Spec) -> Found:
    path = str(loc[-1])
    if key_at(Spec, path.split(".")) is None:
        return unknown_key(loc, [*spec.search.parameters, "seeds"])
    message = f"is not searched in {spec.name!r}, where it is the same for all trials; make it another sweep"
    return Found(loc, message)


def _refusal(path: str, value: object, spec: Spec) -> str | None:
    choices = spec.search.parameters[path].choices or ()
    if path != REAL_RATIO and len(choices) == 1 and not contains(path, spec.search.parameters[path], value):
        return (
            f"is {given(value)}, but all trials of {spec.name!r} have {given(choices[0])}; leave it out, or "
            "make it another sweep"
        )
    if path == REAL_RATIO and not spec.data.generated and value != 1:
        return f"is {given(value)}, but data.generated of {spec.name!r} names no source of generated images"
    sections = {name: getattr(spec, name) for name in SEARCHED_SECTIONS}
    return next(refusals(path, value, sections), None)


def _new_folder_faults(arms: Mapping[int, AddedArm], spec: Spec) -> Iterator[Found]:
    """Of folders that only an added value leads to."""
    for number, arm in arms.items():
        own: Point = {path: value for path, value in arm.point.items() if path.startswith(_OF_FOLDERS)}
        for path, value in own.items():
            if not contains(path, spec.search.parameters[path], value):
                new = {path: ParameterConfig(values=(value,))}
                of_value = (
                    one for one in folder_faults(spec.data, new) if one.loc == ("search", "parameters", path)
                )
                yield from (replace(one, loc=("trials", number, path)) for one in of_value)
