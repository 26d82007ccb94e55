"""Trainings out of the work dirs of mmsegmentation, 1.x and 0.x."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from pathlib import Path

from sweep.errors import StorageError
from sweep.importers.found import Found, FoundRun, Refusal, Validation
from sweep.importers.mmengine_config import ConfigFacts, config_facts
from sweep.importers.ratio_names import NamedRatio, ratio_of_name
from sweep.importers.work_dirs import Attempt, attempts_in
from sweep.spec.space import REAL_RATIO
from trainables.contract.mmengine_log import GarbageError, MmengineLog, TrainingLine, ValidationLine


def read_mmsegmentation(path: Path, real_ratio: float | None = None) -> Found:
    """All trainings under a folder, or that of a log file.

    Attempts of one work dir are one training as long as each goes on where a checkpoint of the one before
    was; what was measured after that checkpoint and then done again counts as the last attempt has it. An
    attempt that begins anew is another training.

    Args:
        path: a work dir, a folder of them, the folder of an attempt, or a log file.
        real_ratio: of runs whose configuration does not name it; None: as the name of the work dir says.

    Raises:
        StorageError: a file cannot be read.
    """
    reader = _Reader(real_ratio)
    for _, attempts in groupby(attempts_in(path), key=lambda attempt: attempt.work_dir):
        reader.read_work_dir(list(attempts))
    return Found(runs=tuple(reader.runs), refusals=tuple(reader.refusals), digest=reader.digest.hexdigest())


@dataclass
class _Log:
    """One attempt's log, read."""

    attempt: Attempt
    facts: ConfigFacts | None
    validations: list[Validation] = field(default_factory=list)
    training: list[int] = field(default_factory=list)
    """Iterations of all training lines."""
    length: int | None = None
    notes: set[str] = field(default_factory=set)

    @property
    def interval(self) -> int | None:
        """Iterations between two training lines: the most frequent."""
        steps = sorted(after - before for before, after in pairwise(self.training) if after > before)
        return steps[len(steps) // 2] if steps else None

    @property
    def start(self) -> int:
        """The iteration of the checkpoint that it went on from; 0 if it began anew."""
        first = self.training[0] if self.training else 0
        return max(0, first - (self.interval or first))


class _Reader:
    def __init__(self, real_ratio: float | None) -> None:
        self.runs: list[FoundRun] = []
        self.refusals: list[Refusal] = []
        self.digest = hashlib.sha256()
        self._real_ratio = real_ratio

    def read_work_dir(self, attempts: Sequence[Attempt]) -> None:
        """Adds the trainings of a work dir."""
        logs = [log for attempt in attempts if (log := self._read(attempt)).training or log.validations]
        trainings = _trainings(logs)
        for training in trainings:
            name = training[0].attempt.name if len(trainings) > 1 else ""
            self._add(training, name)

    def _read(self, attempt: Attempt) -> _Log:
        text = self._text(attempt.log)
        config = None if attempt.config is None else config_facts(self._text(attempt.config))
        log, reader, losses = _Log(attempt, config), MmengineLog(), list[float]()
        seconds, number = 0.0, 0
        for number, line in enumerate(text.splitlines(), start=1):
            for found in self._lines(reader, attempt.log, number, line):
                if isinstance(found, TrainingLine):
                    seconds += _spent(found, log.training)
                    losses.append(found.loss)
                    log.training.append(found.iteration)
                    log.length = found.length or log.length
                else:
                    self._take(log, found, number, losses, seconds)
                    losses.clear()
        for found in reader.end():
            if isinstance(found, ValidationLine):
                self._take(log, found, number, losses, seconds)
        return log

    def _lines(
        self, reader: MmengineLog, file: Path, number: int, line: str
    ) -> Iterator[TrainingLine | ValidationLine]:
        try:
            yield from reader.read(line)
        except GarbageError as error:
            self.refusals.append(Refusal(file=str(file), line=number, reason=f"{error}; the rest is read"))

    def _take(
        self, log: _Log, found: ValidationLine, line: int, losses: Sequence[float], seconds: float
    ) -> None:
        file = str(log.attempt.log)
        bad = sorted(name for name, value in found.metrics.items() if not math.isfinite(value))
        if bad or found.iteration == 0:
            what = f"{', '.join(bad)} is no number" if bad else "no training line before tells its iteration"
            self.refusals.append(Refusal(file=file, line=line, reason=f"a validation is left out: {what}"))
            return
        if found.found != "told":
            log.notes.add(_how_placed(found))
        known = [loss for loss in losses if math.isfinite(loss)]
        loss = {"train_loss": math.fsum(known) / len(known)} if known else {}
        log.validations.append(
            Validation(
                iteration=found.iteration,
                metrics={**found.metrics, **loss},
                file=file,
                line=line,
                seconds=seconds,
            )
        )

    def _add(self, training: Sequence[_Log], name: str) -> None:
        first = training[0]
        work_dir = first.attempt.work_dir
        source = str(work_dir)
        facts = [log.facts for log in training if log.facts is not None]
        if len({one.regime_id for one in facts}) > 1:
            reason = "its attempts were configured differently: it is not one training"
            self.refusals.append(Refusal(file=source, reason=reason))
            return
        ratio = self._ratio(work_dir, facts[0] if facts else None)
        if ratio.value is None:
            self.refusals.append(Refusal(file=source, reason=ratio.note))
            return
        validations = _joined(training)
        if not validations:
            self.refusals.append(Refusal(file=source, reason="it was never validated"))
            return
        lengths = [length for log in training for length in (log.length,) if length]
        notes = {*(note for log in training for note in log.notes), *filter(None, [ratio.note])}
        self.runs.append(
            FoundRun(
                source=source,
                name=name,
                parameters={REAL_RATIO: ratio.value},
                seed=facts[0].seed if facts else None,
                validations=tuple(validations),
                iterations=(facts[0].iterations if facts else None) or (lengths[-1] if lengths else None),
                log_interval=first.interval,
                regime_id=facts[0].regime_id if facts else "",
                notes=tuple(sorted(notes)),
            )
        )

    def _ratio(self, work_dir: Path, facts: ConfigFacts | None) -> NamedRatio:
        """What the configuration says; else what was given; else what the name of the work dir says."""
        named = ratio_of_name(work_dir.name)
        configured = facts.real_ratio if facts else None
        if configured is not None:
            if named is not None and named.value is not None and not _agree(named.value, configured):
                told = f"its configuration says real_ratio {configured:g}, its name {named.value:g}"
                return NamedRatio(None, f"{told}: one of them is wrong")
            return NamedRatio(configured, "")
        if self._real_ratio is not None:
            return NamedRatio(self._real_ratio, "")
        return named or NamedRatio(None, "nothing tells its real_ratio; say it with --set real_ratio=0.5")

    def _text(self, path: Path) -> str:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise StorageError(f"{path}: cannot be read: {error.strerror}") from None
        self.digest.update(content)
        return content.decode(errors="replace")


def _agree(named: float, configured: float) -> bool:
    """A name keeps two decimals."""
    return named == configured or f"{configured:.2f}" == f"{named:.2f}"


def _trainings(logs: Sequence[_Log]) -> list[list[_Log]]:
    """Attempts that went on with one another."""
    trainings: list[list[_Log]] = []
    for log in logs:
        if trainings and log.start > 0:
            trainings[-1].append(log)
        else:
            trainings.append([log])
    return trainings


def _joined(training: Sequence[_Log]) -> list[Validation]:
    """What the trained weights went through: an attempt's values up to where the next one went on."""
    by_iteration: dict[int, Validation] = {}
    spent = 0.0
    for log in training:
        kept = {at: one for at, one in by_iteration.items() if at <= log.start}
        spent = max((one.seconds for one in kept.values()), default=0.0)
        own = {one.iteration: _later(one, spent) for one in log.validations if one.iteration not in kept}
        by_iteration = kept | own
    return [by_iteration[at] for at in sorted(by_iteration)]


def _later(validation: Validation, seconds: float) -> Validation:
    return replace(validation, seconds=validation.seconds + seconds)


def _spent(line: TrainingLine, before: Sequence[int]) -> float:
    """Seconds since the training line before; 0 where it is not told."""
    iterations = line.iteration - before[-1] if before else 0
    return line.seconds * max(iterations, 0) if math.isfinite(line.seconds) else 0.0


def _how_placed(found: ValidationLine) -> str:
    if found.found == "line before":
        return f"validations are logged at {found.told}: their iteration is that of the training line before"
    return (
        "validations are logged at the iteration of the training line after them; they were measured at the "
        "training line before"
    )
