"""The spec that fits a data set, as a file with comments."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from sweep.init.data import DataSet
from trainables import devices

_RATIOS = (0.0, 0.05, 0.125, 0.25, 0.5, 1.0)
_FEW_RATIOS = (0.0, 0.125, 0.5, 1.0)
_STRIDE = 8  # crops are multiples of it: what the networks reduce an image by
_PLAIN = re.compile(r"[A-Za-z_./][\w./-]*")
_WORDS_OF_YAML = ("true", "false", "yes", "no", "on", "off", "null", "y", "n", ".nan", ".inf")


def spec_text(data: DataSet, *, name: str, file: str, gpus: int) -> str:
    """YAML.

    Args:
        data: what was looked at.
        name: of the sweep.
        file: what the spec will be called, for its comments.
        gpus: of this machine: without any a small network is trained for few iterations.
    """
    folders, classes = data.folders, data.classes
    iterations = 10_000 if gpus else 300
    crop = _crop(data.smallest, 512 if gpus else 160)
    text = files("sweep.init").joinpath("ratios.yaml.j2").read_text()
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701 - YAML, not HTML
    environment.filters |= {"flow": _flow, "yaml": _scalar}
    return environment.from_string(text).render(
        name=name,
        file=file,
        root=str(folders.root.absolute()),
        layout=folders.layout,
        real=folders.real.keys,
        generated={source: part.keys for source, part in folders.generated.items()},
        validation=folders.validation.keys,
        classes=classes.names,
        are_invented=classes.are_invented,
        label_map=classes.label_map,
        gpus=gpus,
        iterations=iterations,
        crop=crop,
        shrunk=_shrunk(data.smallest, crop),
        at_once=gpus or devices.cores(),
        smallest=data.smallest,
        ratios=(_RATIOS if gpus else _FEW_RATIOS) if folders.generated else (1.0,),
        seeds=(0, 1, 2) if gpus else (0, 1),
        rungs=[10 * round(part * iterations / 10) for part in (0.205, 0.41, 0.615, 0.82, 1)],
    )


def _crop(smallest: tuple[int, int], most: int) -> tuple[int, int]:
    """Of the images' shape: the shorter side as long as can be afforded, the other at most twice that."""
    height, width = smallest
    scale = min(1.0, most / max(1, min(height, width)))
    return _multiple(min(height * scale, 2 * most)), _multiple(min(width * scale, 2 * most))


def _shrunk(smallest: tuple[int, int], crop: tuple[int, int]) -> tuple[float, float] | None:
    """Factors that show a crop half to all of an image; None where it is no small part of it anyway."""
    scale = round(crop[0] / max(1, smallest[0]), 2)
    return (scale, min(2 * scale, 1.0)) if scale <= 0.5 else None


def _multiple(length: float) -> int:
    return max(_STRIDE, int(length) // _STRIDE * _STRIDE)


def _flow(value: Any) -> str:
    """On one line, as people write it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(own)}" for key, own in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    """Text without quotes where YAML reads it as the same text."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS_OF_YAML:
        return value
    return json.dumps(value, ensure_ascii=False)
