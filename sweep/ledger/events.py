"""What happens in a sweep: the lines of its ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Decision = Literal["continue", "stop", "pause"]
TrialOutcome = Literal["finished", "stopped", "failed", "interrupted"]
"""`interrupted`: of an imported trial alone, which ends before the last iteration, nobody knows why."""
SweepOutcome = Literal["completed", "interrupted", "budget", "failed"]
FaultCause = Literal["error", "fatal", "process", "silent", "memory", "node", "storage"]
"""Why an attempt broke off: an exception that a retry may mend, or one that none mends (data, NaN, too big
for the GPU); its process died, or ended itself after a long silence; Ray ended it because its node ran out of
memory; its node is gone; the storage cannot be written."""

STOPPED_BY_HAND = "stopped by `sweep stop --trial`"
"""How the reason of a TrialEnded begins where no rule, but somebody, ended the trial."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One line. `time` is in seconds since the epoch, set when it is appended."""

    time: float = 0.0


@dataclass(frozen=True, kw_only=True)
class SweepCreated(Event):
    """First line of every ledger."""

    sweep_id: str
    name: str
    format: int
    """Version of the ledger's format."""
    spec: dict[str, Any]
    """The spec as it was run, defaults filled in, paths absolute."""
    spec_text: str
    """The YAML file as the user wrote it."""
    protocol_id: str
    regime_id: str
    versions: dict[str, str]
    """Version of every library that can change a number."""
    git_revision: str | None
    owner: str = ""
    """Who started or submitted it; empty in ledgers of before."""


@dataclass(frozen=True, kw_only=True)
class DriverStarted(Event):
    """A driver took the sweep on: the first run, or a resume."""

    pid: int
    host: str


@dataclass(frozen=True, kw_only=True)
class DriverEnded(Event):
    """A driver let the sweep go in good order. Missing after kill -9."""

    outcome: SweepOutcome
    reason: str


@dataclass(frozen=True, kw_only=True)
class DriverQueued(Event):
    """No trial runs, and the next may not start before those of other sweeps on the cluster have."""

    behind: list[str]
    """Names of these sweeps."""


@dataclass(frozen=True, kw_only=True)
class DriverAdmitted(Event):
    """The wait is over. Missing where the driver ended while it waited."""


@dataclass(frozen=True, kw_only=True)
class TrialEvent(Event):
    """Something that happened to one trial."""

    trial_id: str


@dataclass(frozen=True, kw_only=True)
class TrialPlanned(TrialEvent):
    """A trial joined the plan."""

    arm: str
    """Name of the arm: `real_ratio=0.125`, further parameters behind it."""
    parameters: dict[str, Any]
    """Searched parameters by dotted path; `real_ratio` always among them."""
    seed: int
    added: bool = False
    """It was not part of the spec's search, but added to the sweep later: `sweep run more.yaml`."""


@dataclass(frozen=True, kw_only=True)
class TrialImported(TrialEvent):
    """Somebody else trained the trial; its reports come out of old files. Follows its TrialPlanned, and again
    where a later import found more of it: the last one counts."""

    source: str
    """The file, folder or URI that it was found in."""
    run: str
    """What tells it apart from other runs there; empty where it is the only one."""
    line: int
    """Where in the source it begins; 0 where there are no lines."""
    protocol_id: str
    regime_id: str
    distrust: str = ""
    """Why its numbers are shown but count for nothing; empty where they are trusted."""
    notes: list[str] = field(default_factory=list)
    """What was repaired or guessed when it was read."""


@dataclass(frozen=True, kw_only=True)
class TrialStarted(TrialEvent):
    """A process began, or began again, to train the trial."""

    attempt: int
    """Counted from 1."""
    iteration: int
    """0, or the iteration of the checkpoint it goes on from."""
    host: str
    pid: int = 0
    """Of the process that trains."""
    node: str = ""
    """Ray's id of the node it runs on; empty in ledgers of before."""
    waited: float | None = None
    """Seconds between the moment when the driver gave it to Ray and its first word: for a GPU or core, and
    for the process to start. None in ledgers of before."""


@dataclass(frozen=True, kw_only=True)
class TrialProgressed(TrialEvent):
    """`trainables.contract.Progress`."""

    iteration: int
    train_loss: float
    lr: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class TrialReported(TrialEvent):
    """`trainables.contract.Report`. The first report of an iteration counts; a trial that was restored may
    repeat it, and the driver then does not append it again."""

    iteration: int
    metrics: dict[str, float]
    mixture: dict[str, Any]
    counts: dict[str, list[int]]
    seconds: float
    spent: dict[str, float] = field(default_factory=dict)
    """Seconds by what they went on: `trainables.contract.TimeSpent`; empty where that is not known."""
    source: str = ""
    """`FILE:LINE` that says so, of an imported trial."""


@dataclass(frozen=True, kw_only=True)
class TrialJudged(TrialEvent):
    """The decision at a rung, with all that it rests on."""

    rung: int
    decision: Decision
    rule: str
    reason: str
    value: float
    """The judged metric of this trial at this rung; NaN counts as worst."""
    cutoff: float | None
    """What `value` was held against; None where nothing was compared."""
    peers: dict[str, float] = field(default_factory=dict)
    """The values at this rung that were known then, by trial id; left out where there were very many."""
    peer_count: int | None = None
    """How many there were, whether `peers` has them or not; None in ledgers of before."""
    proposed: Decision | None = None
    """What the rule alone would have done; None in ledgers of before."""
    overtakes: float | None = None
    """Chance, 0..1, that the trial ends above the leader, as reckoned then; None where nobody did."""
    spared: bool = False
    """It should have been stopped, and runs to the end to show whether that would have been right."""


@dataclass(frozen=True, kw_only=True)
class TrialPromoted(TrialEvent):
    """A paused trial is to go on; a TrialStarted follows."""

    rung: int
    """Where it was paused."""
    reason: str
    overtakes: float | None = None
    """As in TrialJudged."""
    spared: bool = False
    """As in TrialJudged."""


@dataclass(frozen=True, kw_only=True)
class TrialFaulted(TrialEvent):
    """An attempt broke off; the trial is retried, or a TrialEnded follows."""

    reason: str
    iteration: int
    cause: FaultCause = "error"


@dataclass(frozen=True, kw_only=True)
class TrialEnded(TrialEvent):
    """The trial is over; only a TrialReopened changes that."""

    outcome: TrialOutcome
    reason: str
    iteration: int
    """The last iteration that counts."""
    overtakes: float | None = None
    """As in TrialJudged, where a rule ended it."""


@dataclass(frozen=True, kw_only=True)
class TrialReopened(TrialEvent):
    """A trial that was over goes on: a failed one gets another chance (`sweep resume --retry-failed`), or a
    stopped or paused one is continued on request (`sweep run more.yaml`)."""

    to_the_end: bool = False
    """It was stopped or paused and is continued: from now on no rule stops it."""


@dataclass(frozen=True, kw_only=True)
class CheckpointDeleted(TrialEvent):
    """Its checkpoint goes to make room; continued or retried, the trial begins anew."""

    reason: str
    size: int
    """In bytes."""


@dataclass(frozen=True, kw_only=True)
class RunsImported(Event):
    """What an import found; the events of its trials follow."""

    paths: list[str]
    """As they were given."""
    trials: list[str]
    """Ids of those that are new, or of which more was found."""
    rungs: list[int]
    """Iterations at which the imported trials may be compared; they count in a sweep that trains nothing
    itself."""
    refused: list[str] = field(default_factory=list)
    """`FILE:LINE: why` of all that was left out."""


@dataclass(frozen=True, kw_only=True)
class RunTracked(Event):
    """The MLflow run that a trial, or with `trial_id` None the sweep itself, is written to."""

    trial_id: str | None
    run_id: str
    tracking_uri: str
    """Without credentials."""
