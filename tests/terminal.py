"""Commands as a user types them, and a sweep for them to read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sweep.cli import main
from sweep.ledger import Ledger
from sweep.storage import SweepFolder
from tests.builders import sweep_events


class Done(NamedTuple):
    code: int
    out: str
    err: str


class Terminal:
    """Runs commands as `sweep` does, in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Done:
        self._monkeypatch.setattr(sys, "argv", ["sweep", *arguments])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        out, err = self._capsys.readouterr()
        assert "Traceback" not in out + err
        return Done(ended.value.code, out, err)


def write_fake(storage: Path, name: str = "fake", **changes: Any) -> SweepFolder:
    folder = SweepFolder(storage, name)
    folder.create()
    known: dict[str, Any] = {
        "arms": (1.0, 0.5),
        "stopped": {("real_ratio=0.5", 0): 60},
        "failed": {("real_ratio=0.5", 1): 90},
    }
    for event in sweep_events(**known | changes):
        Ledger(folder.ledger).append(event)
    return folder
