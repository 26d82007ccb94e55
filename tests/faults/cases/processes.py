"""Processes that end: a worker, the driver, and how a user ends a sweep."""

from __future__ import annotations

import os
import signal
import time

from tests.faults.case import Case, Expected
from tests.faults.specs import RUNGS
from tests.faults.stage import Stage, first_report, in_the_middle
from tests.integration.commands import PATIENCE
from tests.integration.mlflow_runs import runs_of

_GROUP = "Processes"
_GAP = RUNGS[1] - RUNGS[0]
"""Most iterations between two checkpoints."""
_ENDS_WELL = "ending the sweep in good order; Ctrl-C again ends it at once"


def _worker(stage: Stage) -> None:
    stage.write()
    with stage.running("run", "tiny.yaml") as process:
        trial = stage.wait_for(process, in_the_middle).trial_id
        stage.strike()
        os.kill(stage.process_of(trial), signal.SIGKILL)


def _driver(stage: Stage) -> None:
    stage.write()
    stage.killed_in_the_middle()
    stage.sweep("resume", "tiny")


def _terminated(stage: Stage) -> None:
    stage.write()
    with stage.running("run", "tiny.yaml") as process:
        stage.wait_for(process, in_the_middle)
        stage.strike()
        os.kill(process.pid, signal.SIGTERM)
    assert {run.info.status for run in runs_of(stage.folder)} == {"KILLED"}
    stage.sweep("resume", "tiny")


def _ctrl_c(stage: Stage) -> None:
    """A terminal sends it to every process of the group."""
    stage.write()
    with stage.running("run", "tiny.yaml") as process:
        stage.wait_for(process, in_the_middle)
        stage.strike()
        os.killpg(process.pid, signal.SIGINT)
    stage.sweep("resume", "tiny")


def _ctrl_c_twice(stage: Stage) -> None:
    stage.write()
    with stage.running("run", "tiny.yaml") as process:
        stage.wait_for(process, first_report)
        stage.strike()
        os.killpg(process.pid, signal.SIGINT)
        _wait_until_said(stage, _ENDS_WELL)
        os.killpg(process.pid, signal.SIGINT)
    stage.sweep("resume", "tiny")


def _wait_until_said(stage: Stage, words: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while words not in (stage.folder / "out.txt").read_text():
        assert time.monotonic() < deadline, f"nobody said {words!r}"
        time.sleep(0.01)


PROCESSES = (
    Case(
        name="worker -9",
        group=_GROUP,
        own_ray=True,
        act=_worker,
        kind="train",
        slow=False,
        expected=Expected(says="attempt broke off: the worker process died", again=_GAP, attempts=2),
    ),
    Case(
        name="driver -9",
        group=_GROUP,
        own_ray=True,
        act=_driver,
        kind="train",
        slow=False,
        then="`sweep resume`",
        expected=Expected(codes=(-9, 0), says="started again", again=_GAP, attempts=2),
    ),
    Case(
        name="driver -15",
        group=_GROUP,
        own_ray=True,
        act=_terminated,
        kind="train",
        slow=False,
        then="`sweep resume`",
        expected=Expected(codes=(130, 0), says="sweep interrupted: .*SIGTERM", again=_GAP, attempts=2),
    ),
    Case(
        name="Ctrl-C once",
        group=_GROUP,
        own_ray=True,
        act=_ctrl_c,
        then="`sweep resume`",
        expected=Expected(codes=(130, 0), says="sweep interrupted: .*Ctrl-C", again=4 * _GAP, attempts=2),
    ),
    Case(
        name="Ctrl-C twice",
        group=_GROUP,
        own_ray=True,
        act=_ctrl_c_twice,
        then="`sweep resume`",
        expected=Expected(
            codes=(130, 0), says=r"go on +(\S*/)?sweep resume tiny", again=4 * _GAP, attempts=2
        ),
    ),
)
