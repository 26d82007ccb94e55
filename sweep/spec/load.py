"""From a YAML file to a spec, or to all of its faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweep.spec.sections import Spec


@dataclass(frozen=True)
class LoadedSpec:
    """A spec and the file it came from."""

    spec: Spec
    text: str
    file: str


def load_spec(path: Path, overrides: Sequence[str] = ()) -> LoadedSpec:
    """The spec in a YAML 1.2 file, `overrides` of the form KEY=VALUE applied. Data are not touched."""
    raise NotImplementedError


def spec_from_dict(values: dict[str, Any]) -> Spec:
    """The spec of `spec.model_dump(mode="json")`."""
    raise NotImplementedError
