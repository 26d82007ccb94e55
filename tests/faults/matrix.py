"""Runs cases, each beside an undisturbed sweep of its kind."""

from __future__ import annotations

from pathlib import Path

from sweep.ledger import SweepState, replay
from tests.faults.case import Case, Kind, Result
from tests.faults.comparison import result_of
from tests.faults.stage import Stage


class Matrix:
    """Keeps the undisturbed sweeps, which are run once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._undisturbed: dict[Kind, SweepState] = {}

    def result(self, case: Case) -> Result:
        """What comes of a case. Raises SkippedError."""
        undisturbed = self.undisturbed(case.kind) if case.expected.is_compared else None
        stage = Stage(self._new_folder(_plain(case.name)), case.kind)
        case.act(stage)
        return result_of(stage, case.expected, undisturbed)

    def undisturbed(self, kind: Kind) -> SweepState:
        if kind not in self._undisturbed:
            stage = Stage(self._new_folder(f"undisturbed-{kind}"), kind)
            stage.write()
            assert stage.sweep("run", "tiny.yaml") == 0, stage.output
            self._undisturbed[kind] = replay(stage.events())
        return self._undisturbed[kind]

    def _new_folder(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir()
        return folder


def _plain(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name)[:40]
