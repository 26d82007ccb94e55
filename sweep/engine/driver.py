"""Records what trials say and decides what becomes of them. Knows neither Ray nor MLflow.

Every decision rests on the ledger alone: a driver that takes over after a crash decides as the first would.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict

from sweep.engine.budget import Budget
from sweep.engine.failures import Failures
from sweep.engine.messages import Broken, Message, Started
from sweep.engine.notice import Notice
from sweep.engine.watchdog import STACKS
from sweep.errors import StorageError, SweepError
from sweep.ledger import Ledger
from sweep.ledger.events import (
    STOPPED_BY_HAND,
    DriverAdmitted,
    DriverQueued,
    Event,
    FaultCause,
    TrialEnded,
    TrialFaulted,
    TrialOutcome,
    TrialPlanned,
    TrialProgressed,
    TrialReopened,
    TrialReported,
    TrialStarted,
)
from sweep.ledger.state import SweepState, TrialState, replay
from sweep.plan import PlannedTrial, rungs
from sweep.spec import Spec
from sweep.stopping import Judge, board_of, judged_event
from sweep.storage import SweepFolder
from trainables.contract import Progress, Report

Listener = Callable[[Event, SweepState], None]

_SECONDS_BETWEEN_LOOKS = 1.0

_log = logging.getLogger("segsweep.driver")


class Driver:
    """The one writer of a sweep's ledger."""

    def __init__(
        self,
        folder: SweepFolder,
        spec: Spec,
        ledger: Ledger,
        judge: Judge,
        listeners: Sequence[Listener] = (),
    ) -> None:
        self.folder = folder
        self.spec = spec
        self.ledger = ledger
        self.trial_judge = judge
        self.listeners = listeners
        history = list(ledger.read())
        self.state = replay(history)
        self.board = board_of(self.state, spec)
        self.budget = Budget(spec, history)
        self.failures = Failures(spec.resources)
        self.interrupted: str | None = None
        """Why the sweep is to end before its trials have; None while it goes on."""
        self.fault: SweepError | None = None
        """Why nothing can be recorded any more; None while all is well."""
        self.rungs = rungs(spec)
        self._said_why: set[str] = set()
        """Trials whose process told why its attempt broke off, before it went."""
        self._next_look = 0.0
        self._at: dict[str, tuple[str, str]] = {}
        """Host and Ray's id of the node of each trial's process, once that has said so."""
        self._handed_out: dict[str, float] = {}
        """When each trial that has not begun yet was given to Ray, on the clock that never goes back."""
        self._last_heard: dict[str, float] = {}
        """When each trial sent its last message, on the clock that never goes back."""
        self._said_bad: set[str] = set()
        """Nodes of which the user was told that they are used no more."""

    def __getstate__(self) -> dict[str, object]:
        """Nothing. Ray pickles all that it is given into a file that we never read."""
        return {}

    def record(self, event: Event) -> None:
        """Appends to the ledger, then tells everybody else. Raises SweepError, and keeps it in `fault`."""
        try:
            written = self.ledger.append(event)
        except SweepError as error:
            self.fault = error  # what is raised here reaches the user only through Ray, which wraps it
            raise
        self.state.apply(written)
        for listener in self.listeners:
            listener(written, self.state)

    def say(self, text: str) -> None:
        """Tells everybody, and sweep.log, what no decision rests on."""
        _log.warning(text)
        for listener in self.listeners:
            listener(Notice(time=time.time(), text=text), self.state)

    def queue(self, behind: Sequence[str]) -> None:
        """The sweep waits for others on the cluster, or no longer if `behind` is empty."""
        before = self.state.queued
        if behind and (before is None or before.behind != list(behind)):
            self.record(DriverQueued(behind=list(behind)))
        elif before is not None and not behind:
            self.record(DriverAdmitted())
        self.budget.pause(time.time()) if behind else self.budget.go_on(time.time())

    def look_for_requests(self) -> None:
        """Takes up what `sweep stop` has asked for. Looks at most once a second."""
        if self.interrupted or time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + _SECONDS_BETWEEN_LOOKS
        if self.folder.stop_request().exists():
            self.interrupted = "stopped by `sweep stop`"
        self._end_paused_on_request()

    def plan(self, trials: Sequence[PlannedTrial], *, added: bool = False) -> None:
        """Adds trials that the ledger does not hold yet; `added` if they are not of the spec's search."""
        for trial in trials:
            if trial.trial_id not in self.state.trials:
                self.record(
                    TrialPlanned(
                        trial_id=trial.trial_id,
                        arm=trial.arm,
                        parameters=trial.parameters,
                        seed=trial.seed,
                        added=added,
                    )
                )

    def handle(self, trial_id: str, message: Message) -> bool:
        """Records a message; False if its process ends: it is over or paused, or the budget spent.

        All that comes of a message is on disk before anybody acts on it.
        """
        try:
            with self.ledger.together():
                return self._handle(trial_id, message)
        except SweepError as error:
            self.fault = error  # as in `record`
            raise

    def _handle(self, trial_id: str, message: Message) -> bool:
        self._last_heard[trial_id] = time.monotonic()
        trial = self.state.trials[trial_id]
        if trial.ended is not None or trial.waits:
            return False
        match message:
            case Started():
                self._start(trial, message)
            case Progress():
                self.record(TrialProgressed(trial_id=trial_id, **asdict(message)))
            case Report():
                self._report(trial, message)
            case Broken():
                self._said_why.add(trial_id)
                self._broke(trial_id, message.reason, message.cause)
                if message.storage:
                    self.interrupted = f"the storage cannot be written: {message.reason}"
        if trial.ended is None and self.folder.stop_request(trial_id).exists():
            self.end(trial_id, "stopped", STOPPED_BY_HAND)
        return trial.ended is None and not trial.waits and not self._leaves_at_rung(message)

    def hands_out(self, trial_id: str) -> None:
        """Another process is to train the trial; where, it will say."""
        self._at.pop(trial_id, None)
        self._last_heard.pop(trial_id, None)
        self._handed_out[trial_id] = time.monotonic()

    def where(self, trial_id: str) -> tuple[str, str]:
        """Host and Ray's id of the node of the trial's process; empty where it has not said so."""
        return self._at.get(trial_id, ("", ""))

    def process_is_gone(self, trial_id: str, cause: FaultCause, reason: str) -> None:
        """Ray lost the process of a trial, for a reason that counts unless the process told one itself."""
        if trial_id not in self._said_why and self.is_to_run(trial_id):
            stalled = self._stalled(trial_id) if cause == "process" else None
            self._broke(trial_id, stalled or reason, "silent" if stalled else cause)
        self._said_why.discard(trial_id)

    def process_has_ended(self, trial_id: str) -> None:
        """The training function of a trial has returned, or was made to."""
        if self.is_to_run(trial_id) and not self.spent_hours():
            reason = f"the training ended without a report of its last iteration, {self.rungs[-1]}"
            self._broke(trial_id, reason, "error")

    def is_to_run(self, trial_id: str) -> bool:
        """Whether the trial is neither over nor paused: where its process is gone, it wants another."""
        trial = self.state.trials[trial_id]
        return self.interrupted is None and trial.ended is None and not trial.waits

    def reopen_failed(self) -> None:
        """Gives trials that failed another chance."""
        for trial_id, trial in self.state.trials.items():
            if trial.status == "failed":
                self.record(TrialReopened(trial_id=trial_id))

    def reopen_stopped(self, trial_id: str) -> None:
        """Lets a trial that was stopped, by a rule or by hand, or is paused go on to the end."""
        self.folder.withdraw_stop_request(trial_id)  # it would end the trial once more
        self.record(TrialReopened(trial_id=trial_id, to_the_end=True))

    def end(
        self, trial_id: str, outcome: TrialOutcome, reason: str, *, overtakes: float | None = None
    ) -> None:
        """The trial is over. Its checkpoint stays: a stopped trial may be continued later."""
        iteration = self.state.trials[trial_id].iteration
        self.record(
            TrialEnded(
                trial_id=trial_id, outcome=outcome, reason=reason, iteration=iteration, overtakes=overtakes
            )
        )

    def _end_paused_on_request(self) -> None:
        """Ends paused trials as `sweep stop` asked for: they send no message that could be answered so."""
        if not self.folder.stop_request().parent.exists():
            return
        for trial_id, trial in self.state.trials.items():
            if trial.waits and self.folder.stop_request(trial_id).exists():
                self.end(trial_id, "stopped", STOPPED_BY_HAND)

    def has_checkpoint(self, trial_id: str) -> bool:
        """Whether the trial would go on rather than begin. A store that does not answer has what it was
        given: no report comes before its checkpoint is kept."""
        try:
            return self.folder.has_checkpoint(trial_id)
        except StorageError:
            return True

    def spent_budget(self) -> str | None:
        """Which limit keeps trials from starting, in words; None if none does."""
        return self.budget.refuses_start(self.state, time.time())

    def spent_hours(self) -> str | None:
        """As `spent_budget`, but for the number of trials."""
        return self.budget.spent(self.state, time.time())

    def _stalled(self, trial_id: str) -> str | None:
        """That a process which died had hung and ended itself, in words; None if it had not."""
        limit = self.spec.resources.stall_timeout
        if limit is None or time.monotonic() - self._last_heard.get(trial_id, math.inf) < limit:
            return None
        return (
            f"no sign of life for {limit:g} s, so the process ended itself (resources.stall_timeout); "
            f"{self.folder.trial(trial_id) / STACKS} says where it hung"
        )

    def _broke(self, trial_id: str, reason: str, cause: FaultCause) -> None:
        if self.interrupted:
            return
        trial = self.state.trials[trial_id]
        host, node = self.where(trial_id)
        final = self.failures.note(trial, cause, node)
        iteration = trial.iteration
        self.record(TrialFaulted(trial_id=trial_id, reason=reason, iteration=iteration, cause=cause))
        if final:
            self.end(trial_id, "failed", reason)
        self._say_bad_node(host, node)

    def _say_bad_node(self, host: str, node: str) -> None:
        number = self.failures.bad_nodes.get(node)
        if number is not None and node not in self._said_bad:
            self._said_bad.add(node)
            self.say(
                f"the node {host} is used no more, where there is another: {number} attempts of "
                f"several trials broke off there, and resources.max_node_failures is "
                f"{self.spec.resources.max_node_failures}. Look at that machine; a resume tries it again"
            )

    def _start(self, trial: TrialState, message: Started) -> None:
        trial_id = trial.planned.trial_id
        self._at[trial_id] = message.host, message.node
        goes_on = bool(trial.reports) and self.has_checkpoint(trial_id)
        iteration = max(trial.reports) if goes_on else 0
        self.record(
            TrialStarted(
                trial_id=trial_id,
                attempt=trial.attempts + 1,
                iteration=iteration,
                host=message.host,
                pid=message.pid,
                node=message.node,
                waited=self._waited(trial_id),
            )
        )

    def _waited(self, trial_id: str) -> float | None:
        """Seconds since it was handed out, asked once."""
        since = self._handed_out.pop(trial_id, None)
        return None if since is None else time.monotonic() - since

    def _report(self, trial: TrialState, report: Report) -> None:
        trial_id = trial.planned.trial_id
        if report.iteration not in trial.reports:
            self.record(
                TrialReported(
                    trial_id=trial_id,
                    iteration=report.iteration,
                    metrics=report.metrics,
                    mixture=asdict(report.mixture),
                    counts={name: list(values) for name, values in vars(report.counts).items()},
                    seconds=report.seconds,
                    spent=asdict(report.spent) if report.spent else {},
                )
            )
        if report.iteration in self.rungs:
            self.judge(trial, report.iteration)

    def judge(self, trial: TrialState, rung: int) -> None:
        """Judges once a rung; a decision that the ledger holds already stands."""
        trial_id = trial.planned.trial_id
        if rung not in trial.judged:
            judgement = self.trial_judge.judge(self.board, trial_id, rung)
            self.record(judged_event(trial_id, rung, judgement))
        self.act_on(trial, rung)

    def act_on(self, trial: TrialState, rung: int) -> None:
        """Ends the trial if the decision at the rung, or the rung itself, says so.

        The decision that stopped a continued trial still stands in the ledger, but has been overruled. One to
        pause needs nothing more: the state has the trial paused until it starts again.
        """
        trial_id = trial.planned.trial_id
        judged = trial.judged[rung]
        if judged.decision == "stop" and not trial.continued:
            self.end(trial_id, "stopped", judged.reason, overtakes=judged.overtakes)
        elif rung == self.rungs[-1]:
            self.end(trial_id, "finished", f"trained all {rung} iterations")

    def _leaves_at_rung(self, message: Message) -> bool:
        """A sweep whose budget is spent ends at rungs, where what was paid for can be compared."""
        if not isinstance(message, Report) or message.iteration not in self.rungs:
            return False
        return self.spent_hours() is not None
