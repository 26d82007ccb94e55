"""On which terms runs are imported: what only the user can know of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ruamel.yaml.error import YAMLError

from sweep.importers.found import FoundRun
from sweep.ledger.events import SweepCreated
from sweep.spec.document import read_value
from sweep.spec.space import REAL_RATIO


@dataclass(frozen=True, kw_only=True)
class ImportTerms:
    """What holds for all runs of an import."""

    protocol_id: str = ""
    """Of their scores. Empty: as each run says, else one that all runs of this import share."""
    regime_id: str = ""
    """Of their training; empty likewise."""
    comparable: bool = False
    """They were trained and measured as the sweep's own trials are: the user vouches for both ids."""
    distrust: str = ""
    """Why they are to be shown but count for nothing."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Searched parameters that the files do not name, by dotted path."""

    def ids(self, created: SweepCreated, run: FoundRun, default: str) -> tuple[str, str]:
        """Protocol id and regime id of a run.

        A schedule belongs to its length: at the same iteration a training that was to be shorter had a lower
        learning rate. So runs of another length than the sweep's are of another regime, unless a regime was
        named.
        """
        protocol_id = self.protocol_id or (created.protocol_id if self.comparable else run.protocol_id)
        if self.regime_id:
            return protocol_id or default, self.regime_id
        regime_id = (created.regime_id if self.comparable else run.regime_id) or default
        length = created.spec["training"]["iterations"]
        if run.iterations is not None and run.iterations != length:
            regime_id += f"-over-{run.iterations}"
        return protocol_id or default, regime_id


def default_id(sources: Sequence[str]) -> str:
    """What runs of one import share where nobody says how they were trained or measured.

    The same for the same import on the same machine, so that it can be repeated.
    """
    text = "\n".join(sorted(absolute(source) for source in sources))
    return f"import-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def absolute(source: str) -> str:
    """A path as it is wherever one stands; URIs and the like as they are."""
    path = Path(source)
    return str(path.resolve()) if path.exists() else source


def parameter_of(setting: str) -> tuple[str, Any]:
    """`real_ratio=0.5` as a dotted path and its value, which is read as YAML. Raises ValueError."""
    path, equals, text = setting.partition("=")
    if not equals or not path.strip():
        raise ValueError("must have the form KEY=VALUE, such as real_ratio=0.5")
    try:
        value = read_value(text)
    except YAMLError as error:
        raise ValueError(f"the value is not valid YAML: {' '.join(str(error).split())}") from None
    if path.strip() == REAL_RATIO and not (is_number(value) and 0 <= value <= 1):
        raise ValueError("real_ratio is the share of real images, a number between 0 and 1")
    if not isinstance(value, int | float | str):
        raise ValueError("the value must be a number or a name")
    return path.strip(), float(value) if path.strip() == REAL_RATIO else value


def is_number(value: Any) -> bool:
    """Whether it is one; truth values are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def with_parameters(run: FoundRun, parameters: Mapping[str, Any]) -> FoundRun:
    """The run with those of the parameters that it does not name itself."""
    return replace(run, parameters={**parameters, **run.parameters})
