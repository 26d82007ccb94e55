"""Configuration files of somebody else's trainer, made from a Jinja2 template.

Jinja2 rather than the braces of arguments: a Python or JSON file is full of braces itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment


def rendered(text: str, values: Mapping[str, Any]) -> str:
    """The template with the values put in; a filter `repr` writes one as Python does.

    Raises:
        ValueError: it cannot be rendered, or names what there is not; reads on from the template's name.
    """
    try:
        return _environment().from_string(text).render(values)
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise ValueError(f"cannot be rendered: {_in_words(error)}") from error


def names_used(text: str) -> frozenset[str]:
    """What the template reads, by dotted path, as far as it says so itself: `options.width`.

    Raises:
        ValueError: it is no template; reads on from the template's name.
    """
    try:
        tree = _environment().parse(text)
    except TemplateError as error:
        raise ValueError(f"cannot be read: {_in_words(error)}") from error
    return frozenset(_paths(tree))


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False
    )
    environment.filters["repr"] = repr
    return environment


def _in_words(error: Exception) -> str:
    line = getattr(error, "lineno", None)
    return f"line {line}: {error}" if line else f"{error}"


def _paths(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):
        yield from _paths(node.node.node)  # `options.items()` reads the options, not one called items
        yield from (path for part in (*node.args, *node.kwargs) for path in _paths(part))
        return
    path = _path(node)
    if path is not None:
        yield path
        return
    for child in node.iter_child_nodes():
        yield from _paths(child)


def _path(node: nodes.Node) -> str | None:
    """`options.ema.decay`, also where it is written `options["ema"].decay`."""
    match node:
        case nodes.Name():
            return node.name
        case nodes.Getattr():
            above = _path(node.node)
            return above and f"{above}.{node.attr}"
        case nodes.Getitem(arg=nodes.Const(value=str() as key)):
            above = _path(node.node)
            return above and f"{above}.{key}"
    return None
