"""The tree of keys that a spec may have, read off the models."""

from __future__ import annotations

import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Discriminator, Tag
from pydantic.fields import FieldInfo

Loc = tuple[str | int, ...]
"""Where in a spec: keys, and numbers of list items."""

Model = type[BaseModel]


@dataclass(frozen=True)
class Key:
    """The type of a key: without `None`, with the constraints of `Annotated` and `Field`."""

    type: Any
    constraints: tuple[Any, ...] = ()
    optional: bool = False

    def models(self) -> list[Model]:
        """The models that the key may be a section of; empty for other types."""
        members = get_args(self.type) if _is_union(self.type) else (self.type,)
        return [member for member in map(_bare, members) if _is_model(member)]


def dotted(loc: Loc) -> str:
    """`("search", "seeds", 1)` as `search.seeds[1]`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return text.removeprefix(".")


def child(key: Key, part: str | int) -> Key | None:
    """The key `part` of a section, of named things, or of a list."""
    for model in key.models():
        if part in (fields := fields_of(model)):
            return _of_field(fields[str(part)])
    arguments = get_args(key.type)
    if get_origin(key.type) is dict:
        return _of_annotation(arguments[1])
    if get_origin(key.type) is tuple and isinstance(part, int):
        return _of_annotation(arguments[0 if Ellipsis in arguments else min(part, len(arguments) - 1)])
    return None


def fields_of(model: Model) -> dict[str, FieldInfo]:
    """The keys of a section as YAML has them: by alias where Python keeps the word for itself."""
    return {info.alias or name: info for name, info in model.model_fields.items()}


def key_at(model: Model, loc: Sequence[str | int]) -> Key | None:
    """The key at `loc` under a section of type `model`; None if there is no such key."""
    key: Key | None = Key(model)
    for part in loc:
        key = child(key, part) if key else None
    return key


def resolved(model: Model, loc: Loc) -> tuple[Loc, Key | None]:
    """A location as pydantic gives it, without the tags of union members, and the key that is there."""
    key: Key | None = Key(model)
    clean: list[str | int] = []
    for part in loc:
        member = _tagged(key, part) if key else None
        if member is not None:
            key = Key(member)
        elif part != "[key]":
            clean.append(part)
            key = child(key, part) if key else None
    return tuple(clean), key


def all_keys(model: Model, prefix: str = "") -> Iterator[str]:
    """Every key under a section, dotted; `NAME` stands for names that the user chooses."""
    for name, info in fields_of(model).items():
        yield prefix + name
        yield from _keys_within(_of_field(info), prefix + name + ".")


def _keys_within(key: Key, prefix: str) -> Iterator[str]:
    for model in key.models():
        yield from all_keys(model, prefix)
    if get_origin(key.type) is dict:
        yield from _keys_within(_of_annotation(get_args(key.type)[1]), f"{prefix}NAME.")


def _of_field(info: FieldInfo) -> Key:
    key = _of_annotation(info.annotation)
    return Key(key.type, (*key.constraints, *info.metadata), key.optional)


def _of_annotation(annotation: Any) -> Key:
    if get_origin(annotation) is Annotated:
        inner, *constraints = get_args(annotation)
        key = _of_annotation(inner)
        return Key(key.type, (*key.constraints, *_flat(constraints)), key.optional)
    members = get_args(annotation) if _is_union(annotation) else ()
    if type(None) in members and len(members) == 2:
        key = _of_annotation(next(member for member in members if member is not type(None)))
        return Key(key.type, key.constraints, optional=True)
    return Key(annotation)


def _flat(constraints: list[Any]) -> Iterator[Any]:
    for constraint in constraints:
        if isinstance(constraint, FieldInfo):
            yield from constraint.metadata
        elif not isinstance(constraint, Discriminator):
            yield constraint


def _tagged(key: Key, part: str | int) -> Model | None:
    if not _is_union(key.type):
        return None
    for member in get_args(key.type):
        if any(isinstance(mark, Tag) and mark.tag == part for mark in get_args(member)[1:]):
            return _bare(member)  # type: ignore[no-any-return]
    return None


def _bare(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, types.UnionType)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
