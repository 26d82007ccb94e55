"""Trainables that each break one promise of the contract; `good` breaks none. No torch."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from importlib import util
from pathlib import Path
from types import ModuleType
from typing import Any

from trainables.contract import CHECKPOINT_NAME, Mixture, Progress, Report, Session, TrialConfig

EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "own_trainable.py"


def _example() -> ModuleType:
    spec = util.spec_from_file_location("own_trainable", EXAMPLE)
    assert spec is not None and spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Meddling:
    """A session whose reports and calls go through what is given first."""

    def __init__(self, session: Session, change: Callable[[Report], Report] = lambda report: report) -> None:
        self.folder = session.folder
        self.session = session
        self.change = change

    def restore(self) -> Path | None:
        return self.session.restore()

    def keep(self, checkpoint: Path) -> None:
        self.session.keep(checkpoint)

    def report(self, report: Report, checkpoint: Path) -> None:
        self.session.report(self.change(report), checkpoint)

    def progress(self, progress: Progress) -> None:
        self.session.progress(progress)


def good(config: TrialConfig, session: Session) -> None:
    _example().train(config, session)


def raises(config: TrialConfig, session: Session) -> None:
    raise RuntimeError("no GPU today")


def reports_elsewhere(config: TrialConfig, session: Session) -> None:
    good(config, Meddling(session, lambda report: replace(report, iteration=report.iteration - 1)))


def reports_shares(config: TrialConfig, session: Session) -> None:
    def change(report: Report) -> Report:
        return replace(
            report, metrics={"val_miou": report.metrics["val_miou"], "val_macc": 140.0, "train_loss": 1.0}
        )

    good(config, Meddling(session, change))


def says_nothing(config: TrialConfig, session: Session) -> None:
    class Silent(Meddling):
        def progress(self, progress: Progress) -> None:
            pass

    good(config, Silent(session))


def is_not_seeded(config: TrialConfig, session: Session) -> None:
    good(config.model_copy(update={"seed": random.SystemRandom().randrange(2**31)}), session)


def ignores_the_seed(config: TrialConfig, session: Session) -> None:
    good(config.model_copy(update={"seed": 7}), session)


def swallows_the_stop(config: TrialConfig, session: Session) -> None:
    class Deaf(Meddling):
        def report(self, report: Report, checkpoint: Path) -> None:
            try:
                self.session.report(report, checkpoint)
            except Exception:
                print("never mind")

    good(config, Deaf(session))


def leaves_a_process(config: TrialConfig, session: Session) -> None:
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    good(config, session)


def leaves_a_thread(config: TrialConfig, session: Session) -> None:
    threading.Thread(target=time.sleep, args=(2,), name="loader").start()
    good(config, session)


def begins_anew(config: TrialConfig, session: Session) -> None:
    class Forgetful(Meddling):
        def restore(self) -> Path | None:
            return None

    good(config, Forgetful(session))


def resumes_otherwise(config: TrialConfig, session: Session) -> None:
    is_resumed = session.restore() is not None

    def change(report: Report) -> Report:
        metrics = {**report.metrics, "val_miou": report.metrics["val_miou"] + 0.01 * is_resumed}
        return replace(report, metrics=metrics)

    good(config, Meddling(session, change))


def keeps_nothing(config: TrialConfig, session: Session) -> None:
    class Careless(Meddling):
        def keep(self, checkpoint: Path) -> None:
            pass

    good(config, Careless(session))


def calls_its_checkpoint_otherwise(config: TrialConfig, session: Session) -> None:
    class Renaming(Meddling):
        def report(self, report: Report, checkpoint: Path) -> None:
            other = checkpoint.with_name("latest.pth")
            other.write_bytes(checkpoint.read_bytes())
            self.session.report(report, other)

    good(config, Renaming(session))


def never_applies_the_ratio(config: TrialConfig, session: Session) -> None:
    def change(report: Report) -> Report:
        mixture = replace(report.mixture, requested_real_ratio=config.real_ratio)
        return replace(report, mixture=mixture)

    good(config.model_copy(update={"real_ratio": 1.0}), Meddling(session, change))


def has_a_floor_of_one(config: TrialConfig, session: Session) -> None:
    """`max(1, int(batch_size * real_ratio))`: 0 runs as one real image of every batch."""
    floor = max(1 / config.training.batch_size, config.real_ratio)

    def change(report: Report) -> Report:
        return replace(report, mixture=replace(report.mixture, requested_real_ratio=config.real_ratio))

    good(config.model_copy(update={"real_ratio": floor}), Meddling(session, change))


def does_not_count(config: TrialConfig, session: Session) -> None:
    def change(report: Report) -> Report:
        return replace(report, mixture=Mixture.not_counted(config.real_ratio))

    good(config, Meddling(session, change))


def ignores_signals(config: TrialConfig, session: Session) -> None:
    import signal

    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    session.progress(Progress(1, 0.0, 0.0, 0.0))
    if not (session.folder / CHECKPOINT_NAME).exists():
        time.sleep(3600)


OTHER: Any = 3
"""Something that is no function."""


def takes_too_little(config: TrialConfig) -> None:
    """Not even a session."""
