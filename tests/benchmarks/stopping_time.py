"""How long a decision takes in a sweep of 1000 trials, for every rule.

    python -m tests.benchmarks.stopping_time

The whole of Judge.judge for one report, and of Judge.promotion for one free worker, in a simulated sweep
whose trials have all reached the first rung.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from sweep.curves.trials import Setting, TrialCurve
from sweep.simulation import JudgedSweep, run
from sweep.stopping import (
    Asha,
    Board,
    Guarded,
    Judge,
    Judgement,
    Median,
    NoStopping,
    PausingRule,
    Promote,
    Promotion,
    Rule,
)
from tests.benchmarks.families import RUNGS, Family
from tests.benchmarks.stopping_ours import recording_of_family

TRIALS, SEEDS, WORKERS = 1000, 5, 16
DECISIONS = 200
"""Timed for each rule, from the first one on in which 1000 trials have a value."""
RULES: dict[str, Rule] = {
    "none": NoStopping(),
    "asha": Asha(3, 0.7),
    "median": Median(0.7),
    "guarded": Guarded(Asha(3, 0.7), 0.05),
    "promote": Promote(0.05),
    "promote for the curve": Promote(0.05, aim="curve"),
}

_T = TypeVar("_T")


class _EnoughTimed(Exception):  # noqa: N818, an end, no error
    """So many decisions were timed."""


@dataclass
class _TimedJudge:
    """Asks the judge, with a watch."""

    judge_: Judge
    judgements: list[float] = field(default_factory=list)
    promotions: list[float] = field(default_factory=list)
    reports: int = 0

    def judge(self, board: Board, trial_id: str, rung: int) -> Judgement:
        if rung == RUNGS[0]:
            self.reports += 1
        return self._timed(self.judgements, lambda: self.judge_.judge(board, trial_id, rung))

    def promotion(self, board: Board) -> Promotion | None:
        return self._timed(self.promotions, lambda: self.judge_.promotion(board))

    def chances(self, board: Board) -> dict[str, float]:
        return self.judge_.chances(board)

    def _timed(self, seconds: list[float], ask: Callable[[], _T]) -> _T:
        began = time.process_time()
        answer = ask()
        if self.reports == TRIALS:
            seconds.append(time.process_time() - began)
        if len(self.judgements) == DECISIONS:
            raise _EnoughTimed
        return answer


def main() -> None:
    """Prints the table of docs/benchmarks.md."""
    print(f"{TRIALS} trials, {SEEDS} seeds an arm, {len(RUNGS)} rungs; median and worst of {DECISIONS}\n")
    print("| rule | judge, ms | at worst | promotion, ms | at worst |\n|---|--:|--:|--:|--:|")
    for name, rule in RULES.items():
        timed = _timed(rule)
        print(f"| {name} | {_cells(timed.judgements)} | {_cells(timed.promotions)} |", flush=True)


def _timed(rule: Rule) -> _TimedJudge:
    recording = recording_of_family(_family())
    judge = _TimedJudge(Judge(rule))
    sweep = JudgedSweep(recording, recording.created, judge)  # type: ignore[arg-type]
    with contextlib.suppress(_EnoughTimed):
        order = np.random.default_rng(1).permutation(list(recording.curves)).tolist()
        run(recording.curves, order, _workers(rule), RUNGS, sweep)
    return judge


def _workers(rule: Rule) -> int:
    """So many that all trials come to the first rung before any comes to the next, as where they pause."""
    return WORKERS if isinstance(rule, PausingRule) else TRIALS


def _family() -> Family:
    """Curves that rise and differ, in height and speed, as those of a sweep over real_ratio would."""
    generator = np.random.default_rng(0)
    trials = []
    for number in range(TRIALS):
        real_ratio = (number // SEEDS) / (TRIALS / SEEDS - 1)
        noise = generator.normal(0, 0.6, len(RUNGS))
        heights = 45 - 10 * (1 - real_ratio) ** 3 - 12 * np.exp(-np.array(RUNGS) / 30)
        values = dict(zip(RUNGS, (heights + noise).tolist(), strict=True))
        trials.append(
            TrialCurve(f"t{number:04}", f"real_ratio={real_ratio:.4f}", real_ratio, number % SEEDS, values)
        )
    return Family("made up", "real_ratio", Setting("", RUNGS, tuple(trials), baseline=None))


def _cells(seconds: list[float]) -> str:
    if not seconds:
        return "- | -"
    return f"{1000 * statistics.median(seconds):.1f} | {1000 * max(seconds):.1f}"


if __name__ == "__main__":
    main()
