"""Trials of `search.method: curve`: proposed while the sweep runs, where they say most about the ratio curve.

Every proposal rests on the ledger alone, and is in the ledger before it starts: a driver that takes over goes
on from there. Fits take seconds, and Ray asks for the next trial in the very thread that answers the trials;
so the proposer runs in a thread of its own, and Ray is told "none yet" until it is done.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

from sweep.engine.driver import Driver
from sweep.engine.proposals import Proposal, Proposer, gap_proposals, pending_trials, searched_range
from sweep.engine.sources import search_is_complete, unfinished_trials
from sweep.ledger import SweepState, replay
from sweep.plan import PlannedTrial, arm_name, arm_parameters
from sweep.spec.space import REAL_RATIO, identity

_log = logging.getLogger("segsweep.curve")

_PATIENCE = 120.0

T = TypeVar("T")


class CurveSource:
    """The first trials of the plan, then one proposal after another, `search.trials` in all.

    A proposer that fails, or takes longer than `patience` seconds, is not waited for: the widest gap between
    the shares tried so far is filled instead, and sweep.log has the reason.
    """

    def __init__(self, driver: Driver, propose: Proposer, patience: float = _PATIENCE) -> None:
        self._driver = driver
        self._propose = propose
        self._patience = patience
        self._waiting = deque(unfinished_trials(driver.spec, driver.state))
        self._answer: Future[Sequence[Proposal]] | None = None
        self._asked = 0.0
        self._had_enough_at = -1
        """How many trials had ended when the proposer had nothing to propose."""

    def next_trial(self) -> PlannedTrial | None:
        """The next trial; None after the last, and while the proposer is at work."""
        if not self._waiting and not search_is_complete(self._driver.spec, self._driver.state):
            self._ask_or_take()
        return self._waiting.popleft() if self._waiting else None

    @property
    def exhausted(self) -> bool:
        """Whether `search.trials` were handed out, or no further one would help."""
        if self._waiting:
            return False
        state = self._driver.state
        nothing_helps = self._had_enough_at == _number_ended(state) == len(state.trials)
        return nothing_helps or search_is_complete(self._driver.spec, state)

    def _ask_or_take(self) -> None:
        """Asks, or plans what was answered; neither while an answer is still to come."""
        if self._answer is None:
            if self._had_enough_at != _number_ended(self._driver.state):
                self._asked = time.monotonic()
                self._answer = in_background(self._ask)
        elif self._answer.done() or time.monotonic() - self._asked > self._patience:
            self._take(self._answer)
            self._answer = None

    def _ask(self) -> Sequence[Proposal]:
        state = replay(self._driver.ledger.read())  # a copy of its own: the driver's goes on changing
        return self._propose(state, pending_trials(state))

    def _take(self, answer: Future[Sequence[Proposal]]) -> None:
        """Plans the first of the proposals that is new, or else what fills the widest gap."""
        proposed, fault = self._result_of(answer)
        if not proposed and fault is None:
            self._had_enough_at = _number_ended(self._driver.state)
            return
        trial = self._first_new(proposed)
        if trial is None:
            reason = fault or "nothing new was proposed"
            _log.warning("the widest gap between the real_ratios is filled: %s", reason)
            trial = self._first_new(gap_proposals(self._driver.spec, self._driver.state))
        assert trial is not None, "a gap always has something new"
        self._driver.plan([trial])
        self._waiting.append(trial)

    def _result_of(self, answer: Future[Sequence[Proposal]]) -> tuple[Sequence[Proposal], str | None]:
        """What was proposed, and why nothing was if that is a fault."""
        try:
            return answer.result(timeout=0), None
        except TimeoutError:
            return (), f"no answer within {self._patience:.0f} s"
        except Exception as error:
            return (), f"{type(error).__name__}: {error}"

    def _first_new(self, proposals: Sequence[Proposal]) -> PlannedTrial | None:
        planned = [trial.planned for trial in self._driver.state.trials.values()]
        known = {(identity(one.parameters), one.seed) for one in planned}
        trials = (self._trial(proposal) for proposal in proposals)
        return next((one for one in trials if (identity(one.parameters), one.seed) not in known), None)

    def _trial(self, proposal: Proposal) -> PlannedTrial:
        low, high = searched_range(self._driver.spec)
        real_ratio = min(max(proposal.real_ratio, low), high)
        parameters = arm_parameters(self._driver.spec, {REAL_RATIO: real_ratio})
        trial_id = f"t{len(self._driver.state.own_trials):03d}"
        return PlannedTrial(trial_id, arm_name(parameters), parameters, proposal.seed)


def in_background(call: Callable[[], T]) -> Future[T]:
    """The call in a thread that ends with the process, however long it would take."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except Exception as error:
            future.set_exception(error)

    threading.Thread(target=run, name="proposals", daemon=True).start()
    return future


def _number_ended(state: SweepState) -> int:
    return sum(trial.ended is not None for trial in state.trials.values())
