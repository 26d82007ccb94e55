"""What every report of a trainable must hold. A number that nobody can trust is refused where it arises."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from trainables.contract.errors import RealRatioError, TrialError
from trainables.contract.report import Mixture, Progress, Report
from trainables.contract.session import Session
from trainables.contract.trial import TrialConfig

METRICS = ("val_miou", "val_macc", "val_aacc")


class CheckedSession:
    """A Session that hands on only what a trial of this configuration may say.

    Args:
        config: of the trial.
        session: gets the reports.
    """

    def __init__(self, config: TrialConfig, session: Session) -> None:
        self.folder: Path = session.folder
        self._config = config
        self._session = session
        self._due = sorted({*config.validate_at, config.training.iterations})
        self._reported: set[int] = set()
        self._latest = 0

    def restore(self) -> Path | None:
        """As the session. A trial that goes on may report what it had reported, once more."""
        return self._session.restore()

    def keep(self, checkpoint: Path) -> None:
        """As the session. Raises TrialError if there is no such file."""
        if not checkpoint.is_file():
            raise TrialError(f"session.keep was given {checkpoint}, where there is no file")
        self._session.keep(checkpoint)

    def report(self, report: Report, checkpoint: Path) -> None:
        """As the session. Raises TrialError with all that is wrong with the report."""
        if faults := [*report_faults(self._config, report), *self._order_faults(report.iteration)]:
            raise TrialError(f"the report at iteration {report.iteration} is refused: {'; '.join(faults)}")
        must_be_as_asked(self._config, report.mixture, report.iteration)
        self._reported.add(report.iteration)
        self._latest = report.iteration
        self._session.report(report, checkpoint)

    def progress(self, progress: Progress) -> None:
        """As the session."""
        self._session.progress(progress)

    def must_be_whole(self) -> None:
        """Nothing. Raises TrialError if the training ended before its last report was due."""
        last = self._config.training.iterations
        if last not in self._reported:
            raise TrialError(
                f"the trainable returned after iteration {self._latest}; a report at {last}, the last, is due"
            )

    def _order_faults(self, iteration: int) -> Iterator[str]:
        first = not self._reported  # the iterations before may have been reported by an attempt before
        missed = [one for one in self._due if self._latest < one < iteration and not first]
        if missed:
            yield f"those at {', '.join(map(str, missed))} were due before it"
        if iteration < self._latest:
            yield f"it comes after that at {self._latest}"


def report_faults(config: TrialConfig, report: Report) -> Iterator[str]:
    """What a report lacks or says that cannot be; a share of real images that is off is told apart."""
    iterations = config.training.iterations
    due = {*config.validate_at, iterations}
    if not 1 <= report.iteration <= iterations:
        yield f"the training has {iterations} iterations"
    elif report.iteration not in due:
        told = ", ".join(map(str, sorted(due)))
        yield f"a validation counts at exactly these iterations: {told} (config.validate_at and the last one)"
    for name in (*METRICS, "train_loss"):
        if name not in report.metrics:
            yield f"metrics lacks {name!r}; NaN says that it is not known"
    for name in METRICS:
        value = report.metrics.get(name, math.nan)
        if not math.isnan(value) and not 0 <= value <= 100:
            yield f"{name} is {value:g}; it is in percent, 0..100"
    if not report.seconds >= 0:
        yield f"seconds is {report.seconds}; it is the time spent so far"
    yield from _mixture_faults(config, report)


def must_be_as_asked(config: TrialConfig, mixture: Mixture, iteration: int) -> None:
    """Nothing, also where nobody counted.

    Raises:
        RealRatioError: the real images consumed are off the share asked for by more than a batch.
    """
    consumed = mixture.real_images + sum(mixture.generated_images.values())
    due = config.real_ratio * consumed
    allowed = config.training.batch_size if 0 < config.real_ratio < 1 else 0
    if abs(mixture.real_images - due) > allowed:
        raise RealRatioError(
            f"real_ratio is {config.real_ratio}, but by iteration {iteration} {mixture.real_images} real "
            f"images of {consumed} were consumed; {due:.1f} were due. The train step does not get what was "
            "asked for"
        )


def _mixture_faults(config: TrialConfig, report: Report) -> Iterator[str]:
    mixture = report.mixture
    if mixture.requested_real_ratio != config.real_ratio:
        asked = f"{mixture.requested_real_ratio}, but config.real_ratio is {config.real_ratio}"
        yield f"mixture.requested_real_ratio is {asked}"
    consumed = mixture.real_images + sum(mixture.generated_images.values())
    wanted = report.iteration * config.training.batch_size
    if consumed and consumed != wanted:
        yield (
            f"mixture counts {consumed} images; {report.iteration} iterations of "
            f"{config.training.batch_size} are {wanted}. Mixture.not_counted says that nobody counted"
        )
    if consumed and not math.isclose(mixture.realised_real_ratio, mixture.real_images / consumed):
        yield (
            f"mixture.realised_real_ratio is {mixture.realised_real_ratio}, but {mixture.real_images} of "
            f"{consumed} images were real"
        )
