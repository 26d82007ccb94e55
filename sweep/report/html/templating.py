"""The page's templates; whatever is put into them is escaped."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

FOLDER = Path(__file__).parent / "templates"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["tight"] = _tight
    return environment


def _tight(text: str) -> str:
    """`p = 0.034` and `95 %` stay in one line."""
    return re.sub(r"(?<=\bp) ([=<]) (?=\d)", "\u00a0\\1\u00a0", re.sub(r"(?<=\d) %", "\u00a0%", text))


def render(template: str, **values: Any) -> Markup:
    """A template of the folder, filled in; values are escaped unless they are Markup."""
    return Markup(_environment().get_template(template).render(**values))  # noqa: S704 - escaped above


def own_text(name: str) -> Markup:
    """A file of the folder as it is: style and script, which are ours."""
    return Markup((FOLDER / name).read_text(encoding="utf-8"))  # noqa: S704
