"""Our judge as a decider: it sees the ledger of the simulated sweep, as it would see that of a live one."""

from __future__ import annotations

from collections.abc import Sequence

from sweep.ledger.events import (
    Decision,
    DriverEnded,
    DriverStarted,
    Event,
    SweepCreated,
    TrialEnded,
    TrialOutcome,
    TrialPromoted,
    TrialStarted,
)
from sweep.ledger.state import SweepState
from sweep.simulation.loop import Outcome, run
from sweep.simulation.memory import RememberingJudge
from sweep.simulation.recording import Recording
from sweep.stopping import Board, Judge, judged_event

_HOST = "simulated"


class JudgedSweep:
    """A sweep whose trials report what was recorded, and whose ledger is kept in memory.

    `events` are those that a live sweep would have written, in the same order; their times mean nothing.
    `state` is what they add up to.
    """

    def __init__(self, recording: Recording, created: SweepCreated, judge: Judge | RememberingJudge) -> None:
        """`created` is the first line of the ledger: `recording.created_with(...)`."""
        self.state = SweepState(created=created, provenance=recording.provenance)
        self.events: list[Event] = [created]
        self._recording = recording
        self._judge = judge
        self._time = created.time
        self._record(DriverStarted(time=self._time, pid=0, host=_HOST))
        for planned in recording.planned.values():
            self._record(planned)
        self._board = Board(
            self.state, recording.rungs, recording.metric, recording.is_protected, recording.is_baseline
        )

    def on_start(self, trial_id: str) -> None:
        """A trial begins, or goes on from where it was paused."""
        trial = self.state.trials[trial_id]
        self._record(
            TrialStarted(
                time=self._time,
                trial_id=trial_id,
                attempt=trial.attempts + 1,
                iteration=max(trial.reports, default=0),
                host=_HOST,
            )
        )

    def on_report(self, trial_id: str, number: int, value: float) -> Decision:
        """What the judge decides; at the last rung the trial has finished."""
        rungs = self._recording.rungs
        self._record(self._recording.reports[trial_id][number])
        judgement = self._judge.judge(self._board, trial_id, rungs[number])
        self._record(judged_event(trial_id, rungs[number], judgement, self._time))
        if judgement.decision == "stop":
            self._end(trial_id, "stopped", judgement.reason, judgement.overtakes)
        elif number + 1 == len(rungs):
            self._end(trial_id, "finished", f"trained all {rungs[number]} iterations")
        return judgement.decision

    def on_room(self) -> str | None:
        """Whom the judge promotes."""
        promotion = self._judge.promotion(self._board)
        if promotion is None:
            return None
        self._record(
            TrialPromoted(
                time=self._time,
                rung=self.state.trials[promotion.trial_id].iteration,
                **vars(promotion),
            )
        )
        return promotion.trial_id

    def close(self) -> None:
        """When all is over: trials that still wait are ended."""
        paused = [trial for trial in self.state.trials.values() if trial.status == "paused"]
        chances = self._judge.chances(self._board) if paused else {}
        for trial in paused:
            reason = f"given up after it was paused at iteration {trial.iteration}"
            self._end(trial.trial_id, "stopped", reason, chances.get(trial.trial_id))
        self._record(DriverEnded(time=self._time, outcome="completed", reason="all trials are over"))

    def _end(self, trial_id: str, outcome: TrialOutcome, reason: str, overtakes: float | None = None) -> None:
        self._record(
            TrialEnded(
                time=self._time,
                trial_id=trial_id,
                outcome=outcome,
                reason=reason,
                iteration=self.state.trials[trial_id].iteration,
                overtakes=overtakes,
            )
        )

    def _record(self, event: Event) -> None:
        self.events.append(event)
        self.state.apply(event)


def run_judged(
    recording: Recording,
    created: SweepCreated,
    judge: Judge | RememberingJudge,
    order: Sequence[str],
    workers: int,
) -> tuple[Outcome, JudgedSweep]:
    """The recorded trials, in this order of arrival, through a judge; the sweep is closed."""
    sweep = JudgedSweep(recording, created, judge)
    pace = recording.seconds_per_iteration or 1.0
    outcome = run(recording.curves, order, workers, recording.rungs, sweep, pace)
    sweep.close()
    return outcome, sweep
