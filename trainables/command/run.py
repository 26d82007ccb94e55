"""One trial of somebody else's trainer: started, listened to, ended. Read it from the top."""

from __future__ import annotations

import math
import time
from contextlib import closing
from shutil import rmtree
from typing import Any

from trainables.command.counts import mixture_of, must_be_as_asked
from trainables.command.launching import checkpoint_template, launch_of, names_of
from trainables.command.listening import Listening
from trainables.command.rows import Counts, Row, Training, Validation
from trainables.command.state import Checkpoint, newest_whole, restored, save
from trainables.command.trainer import Trainer
from trainables.contract import CHECKPOINT_NAME, ClassCounts, Progress, Report, Session, TrialError
from trainables.contract.command import METRIC_NAMES, CommandTask

RESUMED = "resumed"
"""Folder in the trial's own: the trainer's checkpoint that the last attempt went on from."""
_SECONDS_BETWEEN_LOOKS = 0.2
_LEAST_BETWEEN_SIGNS = 1.0
_SECONDS_BETWEEN_SIGNS = 10.0
_SECONDS_BETWEEN_CHECKPOINTS = 5.0


class TrainerFailed(Exception):  # noqa: N818 - as the user reads it: "TrainerFailed: exit code 1: ..."
    """The trainer has ended, and not as it should; another attempt may do better."""


def run_command(task: CommandTask, session: Session) -> None:
    """Runs the trainer and reports its validations, each at its own iteration.

    While the session judges a report the trainer goes on. The last one is reported when the trainer has
    ended, or has had its grace: it may want to save something.

    Raises:
        TrialError: a rung was passed over, the share of real images is another, the checkpoint is damaged.
        TrainerFailed: it broke off.
    """
    trial = _Trial(task, session)
    if trial.report is not None:
        session.report(trial.report, trial.path)  # once more: its first sending may not have arrived
    if trial.iteration >= trial.last:
        return
    checkpoint = trial.resumed.path if trial.resumed else None
    launch = launch_of(task, trial.names, session.folder, checkpoint)
    with closing(Listening(task.command.reports, trial.names, session.folder)) as listening:
        with Trainer(launch) as trainer:
            while not trial.has_all and not trainer.has_ended(_SECONDS_BETWEEN_LOOKS):
                trial.hear(listening)
            if trial.has_all:
                trainer.has_ended(task.command.grace_seconds)
        trial.hear(listening, ended=True)
        trial.end(trainer, listening)
    rmtree(session.folder / RESUMED, ignore_errors=True)


class _Trial:
    """What is known of the trial, over all of its attempts."""

    def __init__(self, task: CommandTask, session: Session) -> None:
        self._task, self._session = task, session
        self.names = names_of(task.trial, session.folder)
        self._own_checkpoints = checkpoint_template(task, self.names)
        self.path = session.folder / CHECKPOINT_NAME
        self.report: Report | None = None
        """The last one."""
        self.resumed: Checkpoint | None = None
        """The trainer's own checkpoint that the attempt goes on from."""
        self.last = task.trial.training.iterations
        self._final: Validation | None = None
        self._counts: list[Counts] = []
        self._losses: list[float] = []
        self._iteration_seen = self._iteration_signed = 0
        self._of_checkpoint = -1
        self._last_sign = self._last_look = self._started = time.monotonic()
        self._restore()
        self._seconds_before = self.report.seconds if self.report else 0.0

    @property
    def iteration(self) -> int:
        """Of the last report; 0 before any."""
        return self.report.iteration if self.report else 0

    @property
    def has_all(self) -> bool:
        """Whether the last iteration has been validated."""
        return self._final is not None

    def hear(self, listening: Listening, *, ended: bool = False) -> None:
        """Takes up what the trainer has said since, and says that it lives."""
        for row in listening.rows(ended=ended):
            self._take(row)
        silent = time.monotonic() - self._last_sign
        if listening.last_sound > self._last_sign and silent > _SECONDS_BETWEEN_SIGNS:
            self._sign(math.nan, math.nan)  # of a trainer that prints something, though no loss
        self._look_for_checkpoint()

    def end(self, trainer: Trainer, listening: Listening) -> None:
        """Reports the last validation. Raises TrialError, TrainerFailed if there was none."""
        if self._final is not None:
            self._report(self._final)
            return
        how = trainer.how_it_ended()
        words = listening.last_words
        if trainer.code != 0:
            raise TrainerFailed("\n".join([f"{how}: {words[-1]}" if words else how, *words]))
        if self.report is None:
            raise TrialError(
                f"the trainer ended with {how} and no validation was found in {listening.where()}, read as "
                f"{self._task.command.reports.format}; see command.reports"
            )
        raise TrainerFailed(
            f"{how}, but its last validation was at {self.iteration} and training.iterations is {self.last}"
        )

    def _take(self, row: Row) -> None:
        match row:
            case Counts():
                self._counts.append(row)
            case Training():
                self._hear_training(row)
            case Validation() if row.iteration > self.iteration and not self.has_all:
                self._must_be_due(row)
                self._must_be_sound(row)
                if row.iteration == self.last:
                    self._final = row
                else:
                    self._report(row)

    def _hear_training(self, row: Training) -> None:
        is_far = row.iteration - self._iteration_signed >= self._task.trial.training.log_interval
        self._iteration_seen = row.iteration
        self._losses.append(row.loss)
        silent = time.monotonic() - self._last_sign
        if silent > (_LEAST_BETWEEN_SIGNS if is_far else _SECONDS_BETWEEN_SIGNS):
            self._sign(row.loss, row.lr)

    def _must_be_due(self, row: Validation) -> None:
        due = (*self._task.trial.validate_at, self.last)
        if missed := [iteration for iteration in due if self.iteration < iteration < row.iteration]:
            seen = f"{self.iteration} and {row.iteration}" if self.iteration else f"{row.iteration} first"
            raise TrialError(
                f"the trainer validated at {seen}; iteration {missed[0]} was passed without. Set "
                "early_stopping.rungs and training.validation_interval to multiples of its own interval"
            )

    def _must_be_sound(self, row: Validation) -> None:
        if self._task.metric not in row.metrics:
            told = f"the validation at {row.iteration} has no {self._task.metric}"
            raise TrialError(f"{told}, which trials are judged by")
        for name, value in row.metrics.items():
            if not math.isnan(value) and not 0 <= value <= 100:
                raise TrialError(
                    f"{name} at {row.iteration} is {value}; it must be in percent: see command.reports.scale"
                )

    def _report(self, row: Validation) -> None:
        known = (counts for counts in reversed(self._counts) if counts.iteration <= row.iteration)
        counts = next(known, None)
        must_be_as_asked(self._task.trial, counts)
        metrics = {name: row.metrics.get(name, math.nan) for name in METRIC_NAMES}
        loss = sum(self._losses) / len(self._losses) if self._losses else math.nan
        self._losses.clear()
        self.report = Report(
            iteration=row.iteration,
            metrics={**metrics, "train_loss": loss},
            mixture=mixture_of(self._task.trial, counts),
            counts=ClassCounts((), (), ()),
            seconds=self._seconds(),
        )
        self._save(self.report)
        self._session.report(self.report, self.path)
        self._last_sign = time.monotonic()

    def _look_for_checkpoint(self) -> None:
        """Of the last report's iteration, where the trainer writes it after it has validated."""
        if self.report is None or self._of_checkpoint == self.iteration or self._own_checkpoints is None:
            return
        if time.monotonic() - self._last_look < _SECONDS_BETWEEN_CHECKPOINTS:
            return
        self._last_look = time.monotonic()
        if newest_whole(self._own_checkpoints, self.iteration, after=self._of_checkpoint):
            self._save(self.report)

    def _save(self, report: Report) -> None:
        newest = self._newest(report.iteration)
        try:
            save(self.path, self._identity(), report, newest)
        except FileNotFoundError:  # the trainer has deleted it meanwhile
            newest = self.resumed
            save(self.path, self._identity(), report, newest)
        self._of_checkpoint = newest.iteration if newest else -1
        self._session.keep(self.path)

    def _restore(self) -> None:
        path = self._session.restore()
        if path is not None:
            saved = restored(path, self._identity(), self._session.folder / RESUMED)
            self.report, self.resumed = saved.report, saved.checkpoint
            self.resumed = self._newest(saved.report.iteration)

    def _newest(self, up_to: int) -> Checkpoint | None:
        """The newest of the trainer's checkpoints: that which the attempt went on from, if none is newer."""
        if self._own_checkpoints is None:
            return None
        after = self.resumed.iteration if self.resumed else -1
        return newest_whole(self._own_checkpoints, up_to, after) or self.resumed

    def _sign(self, loss: float, lr: float) -> None:
        seen = max(self._iteration_seen, self.iteration)
        self._session.progress(Progress(iteration=seen, train_loss=loss, lr=lr, seconds=self._seconds()))
        self._last_sign, self._iteration_signed = time.monotonic(), seen

    def _seconds(self) -> float:
        return self._seconds_before + time.monotonic() - self._started

    def _identity(self) -> dict[str, Any]:
        """What a checkpoint is recognised by."""
        return self._task.trial.model_dump(mode="json", include={"real_ratio", "control", "seed", "options"})
