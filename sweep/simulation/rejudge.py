"""A ledger's decisions, taken once more: do a judge and the ledger agree?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sweep.errors import LedgerError
from sweep.ledger.events import Event, SweepCreated, TrialJudged, TrialPromoted
from sweep.ledger.state import SweepState
from sweep.spec import Spec
from sweep.stopping import Board, Judge, Judgement, Promotion, board_of, judge_of


@dataclass(frozen=True)
class Difference:
    """A decision that the judge takes otherwise."""

    recorded: TrialJudged | TrialPromoted
    now: Judgement | Promotion | None
    """None: the judge promotes nobody."""

    def __str__(self) -> str:
        match self.recorded, self.now:
            case TrialJudged(), Judgement():
                return (
                    f"{self.recorded.trial_id} at rung {self.recorded.rung}: the ledger says "
                    f"{self.recorded.decision} ({self.recorded.reason}), the judge {self.now.decision} "
                    f"({self.now.reason})"
                )
            case _, Promotion():
                return f"the ledger promotes {self.recorded.trial_id}, the judge {self.now.trial_id}"
        return f"the ledger promotes {self.recorded.trial_id}, the judge nobody"


def rejudge(events: Iterable[Event], spec: Spec, judge: Judge | None = None) -> tuple[Difference, ...]:
    """Where the decisions of a ledger are not those of the spec's judge, or of another one.

    The events are taken in as they were recorded; at each decision the judge is asked what it would have
    decided then, whatever it would have decided before. That a trial could have been promoted when none was
    cannot be seen: no event says that there was room. Raises LedgerError if the events are no ledger.
    """
    remaining = iter(events)
    first = next(remaining, None)
    if not isinstance(first, SweepCreated):
        raise LedgerError("the ledger holds no sweep: it does not begin with SweepCreated")
    state = SweepState(created=first)
    board, judge = board_of(state, spec), judge or judge_of(spec)
    return tuple(_differences(remaining, state, board, judge))


def _differences(
    events: Iterator[Event], state: SweepState, board: Board, judge: Judge
) -> Iterator[Difference]:
    for event in events:
        if isinstance(event, TrialJudged):
            judgement = judge.judge(board, event.trial_id, event.rung)
            if judgement.decision != event.decision or judgement.spared != event.spared:
                yield Difference(event, judgement)
        elif isinstance(event, TrialPromoted):
            promotion = judge.promotion(board)
            if promotion is None or promotion.trial_id != event.trial_id:
                yield Difference(event, promotion)
        state.apply(event)
