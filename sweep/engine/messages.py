"""What a trial's process tells the driver through `tune.report`: one JSON text a message."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from sweep.ledger.events import FaultCause
from trainables.contract import ClassCounts, Mixture, Progress, Report, TimeSpent

KEY = "segsweep_message"
"""Key of the message in a Ray Tune result."""


@dataclass(frozen=True)
class Started:
    """The process is up."""

    host: str
    pid: int
    node: str = ""
    """Ray's id of the node."""


@dataclass(frozen=True)
class Broken:
    """An exception ended the attempt. Not sent by a process that was killed."""

    reason: str
    """One line, for the user."""
    permanent: bool
    """Whether a retry is pointless."""
    storage: bool = False
    """Whether the storage refused to be written, which is no fault of the trial's."""

    @property
    def cause(self) -> FaultCause:
        """As the ledger has it."""
        return "fatal" if self.permanent else "storage" if self.storage else "error"


Message = Started | Progress | Report | Broken

_KINDS: dict[str, type[Message]] = {kind.__name__: kind for kind in (Started, Progress, Report, Broken)}


def encode(message: Message) -> dict[str, str]:
    """The message as a Ray Tune result."""
    return {KEY: json.dumps({"kind": type(message).__name__, **asdict(message)})}


def decode(result: dict[str, Any]) -> Message | None:
    """The message of a Ray Tune result; None if it has none, as the result that ends a trial."""
    if KEY not in result or result.get("done"):
        return None
    fields = json.loads(result[KEY])
    kind = _KINDS[fields.pop("kind")]
    if kind is Report:
        fields["mixture"] = Mixture(**fields["mixture"])
        fields["spent"] = TimeSpent(**fields["spent"]) if fields["spent"] else None
        fields["counts"] = ClassCounts(**{key: tuple(value) for key, value in fields["counts"].items()})
    return kind(**fields)
