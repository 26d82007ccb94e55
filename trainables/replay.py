"""Reports what another training measured: whole sweeps in seconds, without torch. Read it from the top."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

from trainables.atomic import write_whole
from trainables.contract import CHECKPOINT_NAME, ClassCounts, Mixture, Progress, Report, Session, TrialError
from trainables.contract.recorded import Metrics, ReplayConfig, recorded_metrics


def replay(config: ReplayConfig, session: Session) -> None:
    """Reports the recorded metrics at exactly the iterations where they were recorded.

    A trial that was killed anywhere, stopped or paused and is called again goes on from its checkpoint and
    reports what an undisturbed one would.

    Raises:
        TrialError: the checkpoint is damaged or another trial's.
    """
    recorded = recorded_metrics(config)
    done = _iteration_of_checkpoint(config, session)
    if done in recorded:
        session.report(_report(config, done, recorded[done]), session.folder / CHECKPOINT_NAME)  # once more
    for iteration in range(done + 1, max(recorded) + 1):
        time.sleep(config.seconds_per_iteration)
        if config.log_interval is not None and iteration % config.log_interval == 0:
            session.progress(_progress(config, iteration))
        if iteration in recorded:
            checkpoint = _checkpoint(config, iteration, session)
            session.report(_report(config, iteration, recorded[iteration]), checkpoint)


def _report(config: ReplayConfig, iteration: int, metrics: Metrics) -> Report:
    """A replay consumes no image and looks at no pixel, and says so."""
    return Report(
        iteration=iteration,
        metrics=dict(metrics),
        mixture=Mixture.not_counted(config.real_ratio),
        counts=ClassCounts((), (), ()),
        seconds=_seconds(config, iteration),
    )


def _progress(config: ReplayConfig, iteration: int) -> Progress:
    return Progress(
        iteration=iteration, train_loss=math.nan, lr=math.nan, seconds=_seconds(config, iteration)
    )


def _seconds(config: ReplayConfig, iteration: int) -> float:
    """What an undisturbed replay takes, so that one that was killed reports the same."""
    return iteration * config.seconds_per_iteration


def _checkpoint(config: ReplayConfig, iteration: int, session: Session) -> Path:
    """The path of the checkpoint just saved and kept."""
    path = session.folder / CHECKPOINT_NAME
    write_whole(path, json.dumps({**_identity(config), "iteration": iteration}).encode())
    session.keep(path)
    return path


def _iteration_of_checkpoint(config: ReplayConfig, session: Session) -> int:
    """Where the trial goes on; 0 on a first start."""
    path = session.restore()
    if path is None:
        return 0
    try:
        saved = json.loads(path.read_bytes())
        iteration = int(saved.pop("iteration"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        advice = "delete it to start the trial anew"
        raise TrialError(f"{path}: is damaged or no checkpoint of a replay; {advice}: {error}") from error
    if saved != _identity(config):
        raise TrialError(f"{path}: is the checkpoint of another trial: {saved}, not {_identity(config)}")
    return iteration


def _identity(config: ReplayConfig) -> dict[str, str | int]:
    """What a checkpoint is recognised by."""
    return {"arm": config.arm, "seed": config.seed}
