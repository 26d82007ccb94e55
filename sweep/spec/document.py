"""A YAML file as plain values, and the line of each; and plain values as YAML."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from sweep.errors import Fault, SpecError
from sweep.spec.keys import Loc, dotted
from sweep.spec.wording import Found, given

_MOST_VALUES = 100_000  # aliases can make a small file enormous
_DEEPEST = 50
_PLAIN_KEY = re.compile(r"(?!(true|false|null)$)[a-z][a-z0-9_.]*")
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")  # in YAML, not in JSON
_TOO_DEEP = "values are nested too deeply"
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Document:
    """A file's values, where each came from, and what was already found wrong with it."""

    file: str
    text: str
    values: dict[str, Any]
    lines: Mapping[Loc, int] = field(default_factory=dict)
    settings: Mapping[Loc, str] = field(default_factory=dict)
    """`--set KEY=VALUE` by what it set."""
    found: tuple[Found, ...] = ()

    def error(self, found: Sequence[Found]) -> SpecError:
        """What was found here already and besides, each with its line or setting."""
        unreadable = {one.loc for one in self.found if not one.whole}
        besides = [one for one in found if one.loc not in unreadable]
        return SpecError(self.file, [self._fault(one) for one in (*self.found, *besides)])

    def _fault(self, found: Found) -> Fault:
        path = "" if found.whole else dotted(found.loc)
        above = [found.loc[:length] for length in range(len(found.loc), 0, -1)]
        line = found.line or next((self.lines[loc] for loc in above if loc in self.lines), None)
        setting = next((self.settings[loc] for loc in above if loc in self.settings), None)
        if found.loc not in self.lines:  # a section that a setting made
            made_by = (text for loc, text in self.settings.items() if loc[: len(found.loc)] == found.loc)
            setting = setting or (next(made_by, None) if found.loc else None)
        return Fault(path, found.message, None if setting else line, setting)


def read_document(path: Path) -> Document:
    """The YAML 1.2 file at `path`.

    Raises:
        SpecError: the file cannot be read, is not YAML, or is not a set of keys.
    """
    file = str(path)
    text = _text_of(path)
    reader = _Reader()
    try:
        values = reader.read(text)
    except YAMLError as error:
        raise SpecError(file, [_syntax_fault(error)]) from error
    if not isinstance(values, dict):
        what = (
            "is empty" if values is None else "is a list" if isinstance(values, list) else "is a single value"
        )
        raise SpecError(file, [Fault("", f"the file {what}; it must hold keys such as `name` and `data`")])
    return Document(file, text, values, reader.lines, found=tuple(reader.found))


def read_value(text: str) -> Any:
    """A single YAML value. Raises YAMLError, also for what is legal YAML but means two things."""
    reader = _Reader()
    value = reader.read(text)
    if reader.found:
        raise YAMLError(reader.found[0].message)
    return value


def yaml_text(values: Mapping[str, Any], indent: str = "") -> str:
    """Plain values as YAML that `read_document` reads as the same: sections as blocks, all else as JSON,
    which is YAML. ruamel's own writer breaks some keys."""
    lines = []
    for key, value in values.items():
        name = f"{indent}{plain(key)}:"
        if isinstance(value, dict) and value:
            lines.append(f"{name}\n{yaml_text(value, indent + '  ')}")
        else:
            lines.append(f"{name} {_json(value)}\n")
    return "".join(lines)


def flow_text(values: Mapping[str, Any]) -> str:
    """Plain values as YAML on one line: `{real_ratio: 0.07, seeds: [0, 1]}`."""
    return "{" + ", ".join(f"{plain(key)}: {_json(value)}" for key, value in values.items()) + "}"


def plain(word: str) -> str:
    """A word as YAML, in quotes only where it needs them."""
    return word if _PLAIN_KEY.fullmatch(word) else _json(word)


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


class _Reader:
    """Builds plain values out of YAML nodes; ruamel's own constructor stops at the first duplicate key."""

    def __init__(self) -> None:
        self.lines: dict[Loc, int] = {}
        self.found: list[Found] = []
        self._open: list[Node] = []
        self._count = 0

    def read(self, text: str) -> Any:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of an anchor that is defined twice
                node = YAML(typ="safe", pure=True).compose(text)
            return None if node is None else self._value(node, ())
        except RecursionError as error:
            raise YAMLError(_TOO_DEEP) from error

    def _value(self, node: Node, loc: Loc) -> Any:
        self._count += 1
        if self._count > _MOST_VALUES:
            raise YAMLError(f"there are more than {_MOST_VALUES} values")
        if any(node is outer for outer in self._open):
            raise YAMLError(f"line {_line(node)}: a value contains itself")
        if len(self._open) > _DEEPEST:
            raise YAMLError(_TOO_DEEP)
        self._open.append(node)
        try:
            return self._built(node, loc)
        finally:
            self._open.pop()

    def _built(self, node: Node, loc: Loc) -> Any:
        self.lines.setdefault(loc, _line(node))
        if isinstance(node, MappingNode):
            return self._mapping(node, loc)
        if isinstance(node, SequenceNode):
            return [self._value(item, (*loc, number)) for number, item in enumerate(node.value)]
        assert isinstance(node, ScalarNode)
        return self._scalar(node, loc)

    def _mapping(self, node: MappingNode, loc: Loc) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                raise YAMLError(f"line {_line(key_node)}: a key must be a name, not a list or section")
            name = str(key_node.value).encode(errors="replace").decode()
            below = (*loc, name)
            if name in values:
                self.found.append(_duplicate(below, _line(key_node), self.lines[below]))
                continue
            self.lines[below] = _line(key_node)
            values[name] = self._value(value_node, below)
        return values

    def _scalar(self, node: ScalarNode, loc: Loc) -> Any:
        try:
            return _plain(node)
        except ValueError:
            tag = str(node.tag).replace(_TAG, "!!")
            self.found.append(Found(loc, f"is {given(node.value)}, which cannot be read as {tag}"))
            return None


def _plain(node: ScalarNode) -> Any:
    """The value that a scalar stands for by its tag. Dates stay text. Raises ValueError."""
    text = str(node.value)
    match str(node.tag).removeprefix(_TAG):
        case "null":
            return None
        case "bool":
            return {"true": True, "false": False}.get(text.lower(), text)
        case "int":
            has_base = text.lstrip("+-")[:2].lower() in ("0x", "0o", "0b")
            return int(text, 0 if has_base else 10)
        case "float":
            return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        case "str" | "timestamp" | "merge":
            text.encode()  # a lone surrogate is no text
            return text
        case _:
            raise ValueError


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _duplicate(loc: Loc, line: int, first_line: int) -> Found:
    section = f" in '{dotted(loc[:-1])}'" if len(loc) > 1 else ""
    message = f"duplicate key '{loc[-1]}'{section}; it was first given in line {first_line}. Remove one"
    return Found(loc, message, whole=True, line=line)


def _text_of(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        reason = f"there is no such file in {path.absolute().parent}"
        raise SpecError(str(path), [Fault("", reason)]) from error
    except IsADirectoryError as error:
        raise SpecError(str(path), [Fault("", "is a folder; give the YAML file")]) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        reason = f"is not text in UTF-8 (byte {error.object[error.start]:#04x}); save it as UTF-8"
        raise SpecError(str(path), [Fault("", reason, line)]) from error
    except (OSError, ValueError) as error:
        raise SpecError(str(path), [Fault("", f"cannot be read: {error}")]) from error


def _syntax_fault(error: YAMLError) -> Fault:
    if not isinstance(error, MarkedYAMLError):
        return Fault("", f"is not valid YAML: {' '.join(str(error).split())}")
    reason = ", ".join(part for part in (error.context, error.problem) if part)
    hint = ". Indent with spaces, not tabs" if "\\t" in reason else ""
    mark = error.problem_mark or error.context_mark
    return Fault("", f"is not valid YAML: {reason}{hint}", mark.line + 1 if mark else None)
