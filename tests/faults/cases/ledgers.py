"""What a resume finds on the disk: a torn or old ledger, checkpoints that are damaged or another's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.faults.case import Case, Expected
from tests.faults.specs import RUNGS
from tests.faults.stage import Stage

_GROUP = "Ledger and checkpoints"
_GAP = RUNGS[1] - RUNGS[0]
_LATER_FIELDS = {"proposed", "overtakes", "spared", "added", "to_the_end", "peers", "pid"}
"""Fields of events that the first version of segsweep did not write."""
_LATER_KEYS = {"trainable", "replay", "command", "options", "protocol", "controls"}
"""Keys of the spec that it did not know."""
_LATER_STOPPING = {"delta", "aim", "tolerance", "spend", "patience", "spare", "seeds_together"}


def _torn(stage: Stage) -> None:
    """The power went while a line was written."""
    stage.write()
    stage.killed_in_the_middle()
    with stage.ledger.open("ab") as file:
        file.write(b'{"event":"TrialReported","time":1764111111.5,"trial_id":"t0')
    stage.sweep("resume", "tiny")


def _old(stage: Stage) -> None:
    """As the first version of segsweep wrote it."""
    stage.write()
    stage.killed_in_the_middle()
    lines = [_as_it_was(json.loads(line)) for line in stage.ledger.read_text().splitlines()]
    stage.ledger.write_text("".join(json.dumps(line) + "\n" for line in lines))
    stage.sweep("resume", "tiny")


def _as_it_was(line: dict[str, Any]) -> dict[str, Any]:
    """Without what came later; a DriverStarted always had its pid."""
    later = _LATER_FIELDS - ({"pid"} if line["event"] == "DriverStarted" else set())
    old = {key: value for key, value in line.items() if key not in later}
    if line["event"] == "SweepCreated":
        old["spec"] = {key: value for key, value in line["spec"].items() if key not in _LATER_KEYS}
        stopping = line["spec"]["early_stopping"].items()
        old["spec"]["early_stopping"] = {key: value for key, value in stopping if key not in _LATER_STOPPING}
    return old


def _truncated(stage: Stage) -> None:
    """Half of it is there, as after a copy that broke off."""
    stage.write()
    stage.killed_in_the_middle()
    checkpoint = _begun(stage)
    checkpoint.write_bytes(checkpoint.read_bytes()[: checkpoint.stat().st_size // 2])
    _resume_and_begin_anew(stage, checkpoint)


def _swapped(stage: Stage) -> None:
    """Somebody copied a checkpoint into the folder of another trial."""
    stage.write()
    stage.killed_in_the_middle(of_the_second=True)
    checkpoint = _begun(stage)
    saved = checkpoint.with_name("kept")
    checkpoint.rename(saved)
    others = (stage.storage / "tiny/trials").glob("*/checkpoint.pt")
    checkpoint.write_bytes(next(iter(sorted(others))).read_bytes())
    stage.sweep("resume", "tiny")
    saved.replace(checkpoint)
    stage.sweep("resume", "tiny", "--retry-failed")


def _begun(stage: Stage) -> Path:
    """The newest checkpoint: that of the trial which was at work."""
    found = (stage.storage / "tiny/trials").glob("*/checkpoint.pt")
    return max(found, key=lambda path: path.stat().st_mtime)


def _resume_and_begin_anew(stage: Stage, checkpoint: Path) -> None:
    stage.sweep("resume", "tiny")
    checkpoint.unlink()
    stage.sweep("resume", "tiny", "--retry-failed")


LEDGERS = (
    Case(
        name="torn ledger line",
        group=_GROUP,
        act=_torn,
        then="`sweep resume`",
        expected=Expected(codes=(-9, 0), says="started again", again=2 * _GAP, attempts=2),
    ),
    Case(
        name="ledger of an older version",
        group=_GROUP,
        act=_old,
        kind="train",
        then="`sweep resume`",
        expected=Expected(codes=(-9, 0), says="started again", again=_GAP, attempts=2),
    ),
    Case(
        name="truncated checkpoint",
        group=_GROUP,
        act=_truncated,
        kind="whole",
        then="`sweep resume`, checkpoint deleted, `sweep resume --retry-failed`",
        expected=Expected(
            codes=(-9, 1, 0), says=r"checkpoint\.pt: .*delete it to start the trial anew", again=2 * _GAP
        ),
    ),
    Case(
        name="checkpoint of another trial",
        group=_GROUP,
        act=_swapped,
        kind="whole",
        then="`sweep resume`, the right one put back, `sweep resume --retry-failed`",
        expected=Expected(codes=(-9, 1, 0), says="is the checkpoint of another trial", again=_GAP),
    ),
)
