"""Data and numbers: a loss that explodes, images and labels that are wrong or vanish."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from sweep.ledger.events import Event, TrialStarted
from tests.faults.case import Case, Expected
from tests.faults.specs import LR, RUNGS
from tests.faults.stage import Stage

_GROUP = "Data and numbers"


def _nan(stage: Stage) -> None:
    """Two of four trials have a learning rate that explodes."""
    parameters: dict[str, Any] = {"real_ratio": {"values": [0, 1]}, LR: {"values": [0.01, 1e9]}}
    stage.write(search={"parameters": parameters, "seeds": [0]})
    stage.sweep("run", "tiny.yaml")


def _unreadable(stage: Stage) -> None:
    """The end of a JPEG is missing; its header is as it should be."""
    stage.write()
    image = stage.folder / "data/good/3.jpg"
    image.write_bytes(image.read_bytes()[:-200])
    stage.sweep("run", "tiny.yaml")


def _label(stage: Stage) -> None:
    stage.write()
    Image.fromarray(np.full((32, 48), 77, np.uint8)).save(stage.folder / "data/real/ann/2.png")
    stage.sweep("run", "tiny.yaml")


def _vanishes(stage: Stage) -> None:
    """A file is moved away while a trial trains on its folder, and put back later."""
    stage.write()
    image, away = stage.folder / "data/good/3.jpg", stage.folder / "3.jpg"
    with stage.running("run", "tiny.yaml") as process:
        stage.wait_for(process, _start)
        stage.strike()
        image.rename(away)
    away.rename(image)
    stage.sweep("resume", "tiny", "--retry-failed")


def _start(event: Event) -> bool:
    return isinstance(event, TrialStarted)


DATA = (
    Case(
        name="NaN loss in two trials of four",
        group=_GROUP,
        act=_nan,
        kind="rates",
        expected=Expected(codes=(1,), says=r"the loss is .* lower training\.optimizer\.lr", attempts=1),
    ),
    Case(
        name="unreadable image",
        group=_GROUP,
        act=_unreadable,
        kind="photos",
        expected=Expected(
            codes=(1,), says=r"data/good/3\.jpg: cannot be read as an image", lost_trials=1, attempts=1
        ),
    ),
    Case(
        name="label id out of range",
        group=_GROUP,
        act=_label,
        kind="photos",
        slow=False,
        expected=Expected(
            codes=(2,),
            says=r"label ids outside the classes: 77 .*real/ann/2\.png.*mend the labels",
            is_compared=False,
        ),
    ),
    Case(
        name="image vanishes in mid-sweep",
        group=_GROUP,
        act=_vanishes,
        kind="photos",
        then="put back, `sweep resume --retry-failed`",
        expected=Expected(
            codes=(1, 0),
            says=r"data/good: holds other images than when .* 5 images",
            again=RUNGS[-1],
            attempts=2,
        ),
    ),
)
