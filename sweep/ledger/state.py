"""What a ledger says about its sweep: the fold of all its events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sweep.errors import LedgerError
from sweep.ledger.events import (
    CheckpointDeleted,
    DriverAdmitted,
    DriverEnded,
    DriverQueued,
    DriverStarted,
    Event,
    RunsImported,
    RunTracked,
    SweepCreated,
    SweepOutcome,
    TrialEnded,
    TrialEvent,
    TrialFaulted,
    TrialImported,
    TrialJudged,
    TrialPlanned,
    TrialProgressed,
    TrialPromoted,
    TrialReopened,
    TrialReported,
    TrialStarted,
)

Provenance = Literal["measured", "imported", "replayed"]
IMPORTED = "imported"
"""The `trainable` of a sweep that trains nothing itself: all of its trials are imported."""
_PROVENANCES: dict[str, Provenance] = {"replay": "replayed", IMPORTED: "imported"}
TrialStatus = Literal["planned", "running", "paused", "finished", "stopped", "failed", "interrupted"]


def replay(events: Iterable[Event]) -> SweepState:
    """The state after all events. Raises LedgerError if they do not begin with SweepCreated."""
    remaining = iter(events)
    first = next(remaining, None)
    if not isinstance(first, SweepCreated):
        raise LedgerError("the ledger holds no sweep: it does not begin with SweepCreated")
    trainable = first.spec.get("trainable")  # a key that old ledgers do not have
    state = SweepState(created=first, provenance=_PROVENANCES.get(str(trainable), "measured"))
    for event in remaining:
        state.apply(event)
    return state


@dataclass
class TrialState:
    """All that is known of one trial."""

    planned: TrialPlanned
    status: TrialStatus = "planned"
    """`interrupted`: was running when its driver ended or vanished. A faulted trial stays `running` until it
    is started again or ends. `paused`: waits at a rung with its checkpoint, and goes on if it is promoted."""
    attempts: int = 0
    began: float | None = None
    """When its first attempt started, in seconds since the epoch."""
    iteration: int = 0
    """The latest known; goes back to that of the checkpoint when the trial is started again."""
    seconds: float = 0.0
    """The most that the trial said it has spent."""
    starts: list[TrialStarted] = field(default_factory=list)
    """Of all attempts, oldest first."""
    reports: dict[int, TrialReported] = field(default_factory=dict)
    """By iteration; the first report of an iteration counts."""
    progress: TrialProgressed | None = None
    """The last one."""
    progress_history: dict[int, TrialProgressed] = field(default_factory=dict)
    """By iteration; the last one of an iteration counts."""
    judged: dict[int, TrialJudged] = field(default_factory=dict)
    """By rung; the first decision counts."""
    promotions: dict[int, TrialPromoted] = field(default_factory=dict)
    """By the rung where it was paused; the first one counts."""
    faults: list[TrialFaulted] = field(default_factory=list)
    ended: TrialEnded | None = None
    promoted: bool = False
    """It was paused and is to go on, but has not started yet."""
    spared: bool = False
    """A rule would have stopped it; it runs to the end to show whether that would have been right."""
    continued: bool = False
    """It was stopped or paused once and goes on, or went on, because that was asked for: no rule stops it
    again."""
    checkpoint_deleted: CheckpointDeleted | None = None
    """Why it has no checkpoint, though it was trained; None while it has one."""
    imported: TrialImported | None = None
    """Where it comes from, if somebody else trained it."""
    overruled: TrialEnded | None = None
    """How it had ended when it was first continued; None where it was only paused then, or never was."""

    @property
    def trial_id(self) -> str:
        """The id that its events carry."""
        return self.planned.trial_id

    @property
    def arm(self) -> str:
        """Name of its arm."""
        return self.planned.arm

    @property
    def was_tried(self) -> bool:
        """A process had it, even if it died before it could say so."""
        return self.attempts > 0 or bool(self.faults)

    @property
    def waits(self) -> bool:
        """It is paused, and nobody has promoted it."""
        return self.status == "paused" and not self.promoted

    def apply(self, event: TrialEvent) -> None:
        """Take in an event of this trial."""
        match event:
            case TrialStarted():
                self.status, self.ended, self.promoted = "running", None, False
                self.starts.append(event)
                self.checkpoint_deleted = None
                self.attempts, self.iteration = event.attempt, event.iteration
                self.began = event.time if self.began is None else self.began
            case TrialProgressed():
                self.progress = self.progress_history[event.iteration] = event
                self._advance(event.iteration, event.seconds)
            case TrialReported():
                self.reports.setdefault(event.iteration, event)
                self._advance(event.iteration, event.seconds)
            case TrialJudged() if event.rung not in self.judged:
                self.judged[event.rung] = event
                self.spared = self.spared or event.spared
                if event.decision == "pause":
                    self.status = "paused"
            case TrialPromoted():
                self.promotions.setdefault(event.rung, event)
                self.promoted = True
                self.spared = self.spared or event.spared
            case TrialFaulted():
                self.faults.append(event)
                self.iteration = event.iteration
            case TrialEnded():
                self.status, self.ended, self.iteration = event.outcome, event, event.iteration
                self.promoted = False
            case TrialReopened():
                self._reopen(event)

    def note(self, event: CheckpointDeleted | TrialImported) -> None:
        """Take in an event that leaves its course as it is."""
        if isinstance(event, TrialImported):
            self.imported = event
        else:
            self.checkpoint_deleted = event

    def interrupt(self) -> None:
        """Its driver is gone."""
        if self.status == "running":
            self.status = "interrupted"

    def _reopen(self, event: TrialReopened) -> None:
        if event.to_the_end and not self.continued:
            self.continued, self.overruled = True, self.ended
        self.status, self.ended, self.promoted = "interrupted", None, False

    def _advance(self, iteration: int, seconds: float) -> None:
        self.iteration = iteration
        self.seconds = max(self.seconds, seconds)


@dataclass
class DriverState:
    """One driver that had the sweep in hand."""

    started: DriverStarted
    ended: DriverEnded | None = None
    """None while it is at work, and for ever if it was killed."""
    queued: DriverQueued | None = None
    """Whom it waits for; None while it does not."""


@dataclass
class SweepState:
    """All that is known of a sweep. `apply` each new event to keep it up to date."""

    created: SweepCreated
    trials: dict[str, TrialState] = field(default_factory=dict)
    """By trial id, in the order of the plan."""
    drivers: list[DriverState] = field(default_factory=list)
    """Oldest first."""
    imports: list[RunsImported] = field(default_factory=list)
    """Oldest first."""
    runs: dict[str | None, RunTracked] = field(default_factory=dict)
    """MLflow runs by trial id; None is the sweep's own. The last one counts."""
    provenance: Provenance = "measured"
    """Of its own trials; those that `imported` names are imported whatever this is. `imported`: out of files
    that somebody else made. `replayed`: such values, run through a sweep that trained nothing."""

    @property
    def outcome(self) -> SweepOutcome | None:
        """How the last driver let the sweep go; None while it is at work, if it was killed, or before any.
        Where all trials are imported, there is nothing to do."""
        if not self.drivers and self.provenance == "imported":
            return "completed"
        ended = self.drivers[-1].ended if self.drivers else None
        return ended.outcome if ended else None

    @property
    def own_trials(self) -> dict[str, TrialState]:
        """Without those that somebody else trained, by trial id."""
        return {name: trial for name, trial in self.trials.items() if trial.imported is None}

    @property
    def rungs(self) -> tuple[int, ...]:
        """The iterations at which trials are compared, rising; the last iteration is the last of them.

        Where all trials are imported, every import brings its own.
        """
        spec = self.created.spec
        own = {*spec["early_stopping"]["rungs"], spec["training"]["iterations"]}
        if self.provenance == "imported":
            own.update(*(one.rungs for one in self.imports))
        return tuple(sorted(own))

    @property
    def origin(self) -> str:
        """What must stand above every number of a sweep that trained nothing; empty for one that did."""
        if self.provenance != "replayed":
            return ""
        file = Path(self.created.spec["replay"]["curves"]).name
        return f"Replayed: nothing was trained; all values were recorded before and come out of {file}."

    @property
    def queued(self) -> DriverQueued | None:
        """Whom the last driver waits for; None while it does not."""
        return self.drivers[-1].queued if self.drivers else None

    def apply(self, event: Event) -> None:
        """Take in an event. Raises LedgerError if it cannot follow those before."""
        match event:
            case SweepCreated():
                raise LedgerError("the ledger holds two sweeps: SweepCreated comes twice")
            case DriverStarted():
                self.interrupt_trials()  # the driver before may have been killed
                self.drivers.append(DriverState(event))
            case DriverEnded():
                self.interrupt_trials()
                self._last_driver(event).ended = event
                self._last_driver(event).queued = None
            case DriverQueued() | DriverAdmitted():
                self._last_driver(event).queued = event if isinstance(event, DriverQueued) else None
            case TrialPlanned():
                self.trials.setdefault(event.trial_id, TrialState(planned=event))
            case CheckpointDeleted() | TrialImported():
                self._trial_of(event).note(event)
            case TrialEvent():
                self._trial_of(event).apply(event)
            case RunsImported():
                self.imports.append(event)
            case RunTracked():
                self.runs[event.trial_id] = event

    def values_at(self, rung: int, metric: str) -> dict[str, float]:
        """The metric of every trial that was validated at exactly this iteration, by trial id."""
        return {
            trial_id: report.metrics[metric]
            for trial_id, trial in self.trials.items()
            if (report := trial.reports.get(rung)) is not None and metric in report.metrics
        }

    def why_apart(self, trial: TrialState) -> str | None:
        """Why an imported trial is shown, but never ranked with those of the sweep; None if it may be."""
        imported, created = trial.imported, self.created
        if imported is None:
            return None
        if imported.distrust:
            return f"not trusted: {imported.distrust}"
        if imported.protocol_id != created.protocol_id:
            return f"measured under another protocol, {imported.protocol_id}, not {created.protocol_id}"
        if imported.regime_id != created.regime_id:
            return f"trained under another regime, {imported.regime_id}, not {created.regime_id}"
        return None

    def interrupt_trials(self) -> None:
        """Nobody runs the sweep: what was running is not."""
        for trial in self.trials.values():
            trial.interrupt()

    def _last_driver(self, event: Event) -> DriverState:
        if not self.drivers:
            raise LedgerError(f"{type(event).__name__} comes before any DriverStarted; a line is missing")
        return self.drivers[-1]

    def _trial_of(self, event: TrialEvent) -> TrialState:
        trial = self.trials.get(event.trial_id)
        if trial is None:
            name = type(event).__name__
            raise LedgerError(
                f"{name} of trial {event.trial_id!r}, which no TrialPlanned names; a line is missing"
            )
        return trial
