"""Runs cases, each beside an undisturbed sweep of its kind."""

from __future__ import annotations

import itertools
from contextlib import ExitStack
from pathlib import Path

from sweep.ledger import SweepState, replay
from tests.faults.case import Case, Kind, Result
from tests.faults.comparison import result_of
from tests.faults.nodes import nodes_up
from tests.faults.stage import Stage


class Matrix:
    """Keeps the undisturbed sweeps, which are run once, and a Ray cluster for cases without one of their own.

    A context manager: the cluster ends with the block.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._undisturbed: dict[Kind, SweepState] = {}
        self._numbers = itertools.count()
        self._ray = ExitStack()
        self._of_ray: dict[str, str] | None = None

    def __enter__(self) -> Matrix:
        return self

    def __exit__(self, *error: object) -> None:
        self._ray.close()

    def result(self, case: Case) -> Result:
        """What comes of a case. Raises SkippedError."""
        undisturbed = self.undisturbed(case.kind) if case.expected.is_compared else None
        stage = self.stage(_plain(case.name), case.kind, own_ray=case.own_ray)
        case.act(stage)
        return result_of(stage, case.expected, undisturbed)

    def undisturbed(self, kind: Kind) -> SweepState:
        if kind not in self._undisturbed:
            stage = self.stage(f"undisturbed-{kind}", kind, own_ray=False)
            stage.write()
            assert stage.sweep("run", "tiny.yaml") == 0, stage.output
            self._undisturbed[kind] = replay(stage.events())
        return self._undisturbed[kind]

    def stage(self, name: str, kind: Kind, *, own_ray: bool) -> Stage:
        stage = Stage(self._new_folder(name), kind)
        if not own_ray:
            stage.environment |= self._cluster()
        return stage

    def _cluster(self) -> dict[str, str]:
        """What tells a sweep of the cluster, which is started when it is first asked for."""
        if self._of_ray is None:
            self._of_ray = self._ray.enter_context(nodes_up(number=1, cpus=4)).environment
        return self._of_ray

    def _new_folder(self, name: str) -> Path:
        folder = self._folder / f"{next(self._numbers):03d}-{name}"
        folder.mkdir()
        return folder


def _plain(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name)[:40]
