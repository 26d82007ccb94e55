"""Use: things changed, done twice at once, or named oddly; and a clock that jumps."""

from __future__ import annotations

import shutil
import time

from tests.faults.case import Case, Expected
from tests.faults.specs import RUNGS
from tests.faults.stage import Stage, first_report, in_the_middle

_GROUP = "Use"
_GAP = RUNGS[1] - RUNGS[0]


def _changed(stage: Stage) -> None:
    """What is trained on is another; then it is put back."""
    stage.write()
    stage.killed_in_the_middle()
    curves = stage.folder / "curves.csv"
    before = curves.read_text()
    curves.write_text(before.replace("10.0", "10.5"))
    stage.sweep("resume", "tiny")
    curves.write_text(before)
    stage.sweep("resume", "tiny")


def _edited(stage: Stage) -> None:
    """The YAML file says other things than when the sweep began."""
    stage.write()
    stage.killed_in_the_middle()
    stage.write(training={"iterations": 7}, search={"parameters": {"real_ratio": {"values": [0.3]}}})
    stage.sweep("resume", "tiny")


def _resumed_twice(stage: Stage) -> None:
    stage.write()
    stage.killed_in_the_middle()
    lines = len(stage.events())
    with stage.running("resume", "tiny"):
        while len(stage.events()) == lines:
            time.sleep(0.05)
        stage.sweep("resume", "tiny")


def _side_by_side(stage: Stage) -> None:
    """Two sweeps begin at the same moment in a storage that is new: they make MLflow's database together."""
    stage.write()
    with stage.running("run", "tiny.yaml", "--name", "other"), stage.running("run", "tiny.yaml"):
        pass


def _same_name(stage: Stage) -> None:
    stage.write()
    with stage.running("run", "tiny.yaml") as process:
        stage.wait_for(process, first_report)
        stage.sweep("run", "tiny.yaml")


def _odd_name(stage: Stage) -> None:
    stage.write()
    stage.sweep("run", "tiny.yaml", "--name", "a b/../ü'$(x)")


def _odd_storage(stage: Stage) -> None:
    """Blanks, quotes, umlauts, `%`, `#` and `?` in the path of the storage."""
    odd = stage.folder / "a b'ü%20#?$(x)"
    stage.write(storage={"path": str(odd)})
    stage.sweep("run", "tiny.yaml")
    shutil.move(odd, stage.storage)


def _clock(stage: Stage) -> None:
    """By an hour, in the middle, and the driver is killed and resumed after that."""
    stage.write()
    stage.inject("clock")
    with stage.running("run", "tiny.yaml") as process:
        stage.wait_for(process, in_the_middle)
        (stage.folder / "jump").touch()


USE = (
    Case(
        name="data changed between run and resume",
        group=_GROUP,
        act=_changed,
        then="put back, `sweep resume`",
        expected=Expected(codes=(-9, 2, 0), says="cannot go on: .*Put it back", again=2 * _GAP, attempts=2),
    ),
    Case(
        name="spec file edited between run and resume",
        group=_GROUP,
        act=_edited,
        then="`sweep resume`: the ledger's spec counts",
        expected=Expected(codes=(-9, 0), says="started again", again=2 * _GAP, attempts=2),
    ),
    Case(
        name="the same sweep resumed twice at once",
        group=_GROUP,
        act=_resumed_twice,
        expected=Expected(codes=(-9, 2, 0), says="'tiny' is running: process", again=2 * _GAP, attempts=2),
    ),
    Case(
        name="two sweeps in one storage at once",
        group=_GROUP,
        act=_side_by_side,
        own_ray=True,
        expected=Expected(codes=(0, 0), says="sweep completed", attempts=1),
    ),
    Case(
        name="a second sweep of the same name",
        group=_GROUP,
        act=_same_name,
        expected=Expected(codes=(2, 0), says="a sweep 'tiny' exists already", attempts=1),
    ),
    Case(
        name="name with odd characters",
        group=_GROUP,
        act=_odd_name,
        slow=False,
        expected=Expected(codes=(2,), says="name is .*it must be 1 to 64 lower-case", is_compared=False),
    ),
    Case(
        name="storage with odd characters in its path",
        group=_GROUP,
        act=_odd_storage,
        expected=Expected(says="sweep completed", attempts=1),
    ),
    Case(
        name="clock jumps back by an hour",
        group=_GROUP,
        act=_clock,
        own_ray=True,
        expected=Expected(says="sweep completed", attempts=1),
    ),
)
