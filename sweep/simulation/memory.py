"""A judge that remembers: over many arrival orders the same situations come back."""

from __future__ import annotations

from collections.abc import Hashable

from sweep.stopping import Board, Judge, Judgement, Promotion

_MOST = 20_000
"""Situations that are remembered, so that memory stays small."""


class RememberingJudge:
    """Answers as `judge` does, but asks it only once about a situation.

    To be used for one set of recorded trials: of a trial it looks only at how far it has come, not at its
    values.
    """

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._judgements: dict[Hashable, Judgement] = {}
        self._promotions: dict[Hashable, Promotion | None] = {}

    def judge(self, board: Board, trial_id: str, rung: int) -> Judgement:
        """As Judge.judge."""
        key = (trial_id, rung, board.rungs_against(trial_id, rung), _situation(board))
        known = self._judgements.get(key)
        if known is None:
            known = self._judge.judge(board, trial_id, rung)
            if len(self._judgements) < _MOST:
                self._judgements[key] = known
        return known

    def promotion(self, board: Board) -> Promotion | None:
        """As Judge.promotion."""
        key = _situation(board)
        if key in self._promotions:
            return self._promotions[key]
        promotion = self._judge.promotion(board)
        if len(self._promotions) < _MOST:
            self._promotions[key] = promotion
        return promotion

    def chances(self, board: Board) -> dict[str, float]:
        """As Judge.chances."""
        return self._judge.chances(board)


def _situation(board: Board) -> Hashable:
    """All of a state that rules see, where trials are always the same: how far each came, and how it is."""
    return tuple(
        (len(trial.reports), trial.ended is None, trial.waits, trial.spared)
        for trial in board.state.trials.values()
    )
